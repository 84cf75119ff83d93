"""How results differ between two commits: what is read for it, and what the tables of a review are made of."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from cellarena.cards import reading
from cellarena.evaluation.coverage import COVERED, FAILED, MISSING, ImageStatus, read_statuses
from cellarena.evaluation.protocols import STRICT
from cellarena.evaluation.scores import SCORES, of_protocol
from cellarena.methods.spec import METHODS
from cellarena.records import Run, read_manifest
from cellarena.registry.requirements import used_otherwise
from cellarena.review.before_after import image_changes, row_changes, run_changes, same_images, values_of
from cellarena.review.both_commits import Reviewed, TestImages
from cellarena.review.changes import part_state
from cellarena.review.contents import CHANGED, LOST_COLUMNS, NEW, Images, Leaks, Results
from cellarena.review.pictures import pictures_of
from cellarena.shell.running import progress


def results_of(reviewed: Reviewed, pictures: Path | None) -> Results:
    """Return how the results of all runs differ that both commits scored; what changed most is drawn into a folder."""
    leaks, changed = _leaks(reviewed), _changed_runs(reviewed)
    test = _test_images(reviewed) if changed else None
    if test is None:
        return Results(leaks=leaks)
    values, lost = _values(reviewed, changed, test), _lost(reviewed, changed, test)
    if values.empty:
        return Results(test.counts, lost=lost, leaks=leaks)
    unlearned = {run.row for run in changed if run.model in METHODS}
    runs, rows = (make(values, reviewed.settings, unlearned) for make in (run_changes, row_changes))
    by_image = image_changes(values)
    drawn = pictures_of(reviewed, by_image, test, pictures) if pictures else []
    return Results(test.counts, runs, rows, by_image, drawn, lost, leaks)


def libraries_of(reviewed: Reviewed) -> list[str]:
    """Return the libraries that runs of the later commit learnt with otherwise than it pins, in a few words each.

    Only runs whose checkpoints differ are asked; what they were trained with stands in their cards.
    """
    reader, after = reviewed.reader, reviewed.after
    lock = reader.repository.read(after.commit, reviewed.layout.requirements.as_posix())
    found: dict[str, None] = {}
    for run, new in after.runs.items() if lock is not None else ():
        if part_state(reviewed.before.runs.get(run, {}), new, "checkpoint") in {CHANGED, NEW}:
            card = (reader.members(after.commit, new["checkpoint"]) or {}).get("model.json")
            used = reader.read(after.commit, card, _libraries) or {}
            found |= dict.fromkeys(map(str, used_otherwise(used, (lock or b"").decode(errors="replace"))))
    return list(found)


def _libraries(path: Path) -> dict[str, str]:
    """Return the libraries that a card names; those of models from elsewhere name none."""
    with reading(path) as card:
        return {str(name): str(version) for name, version in (card.get("libraries") or {}).items()}


def _changed_runs(reviewed: Reviewed) -> list[Run]:
    """Return the runs whose scores or cells differ, and that both commits scored."""
    pairs = {run: (reviewed.before.runs.get(run, {}), new) for run, new in reviewed.after.runs.items()}
    return [
        run
        for run, pair in pairs.items()
        if all("scores" in made for made in pair) and CHANGED in {part_state(*pair, p) for p in ("scores", "cells")}
    ]


def _test_images(reviewed: Reviewed) -> TestImages | None:
    found = reviewed.of_splits(reviewed.layout.subset("test"), read_manifest)
    if found is None:
        return None
    before, after = found
    same = same_images(before, after)
    return TestImages(Images(len(before), len(after), len(same)), {record.id: record for record in after}, same)


def _values(reviewed: Reviewed, runs: Sequence[Run], test: TestImages) -> pd.DataFrame:
    tables = [
        values_of(run, *found, test.same)
        for run in progress(runs, "reading scores", len(runs))
        if (found := reviewed.of_run(run, "scores", _strict_scores))
    ]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()


def _strict_scores(path: Path) -> pd.DataFrame:
    return of_protocol(SCORES.read(path), STRICT)


def _lost(reviewed: Reviewed, runs: Sequence[Run], test: TestImages) -> pd.DataFrame:
    """Return the images that a run had an answer to and has none any more."""
    found = ((run, reviewed.of_run(run, "cells", _cells)) for run in runs)
    lines = [(str(run), *line) for run, cells in found if cells for line in _lost_of(*cells, test.same)]
    return pd.DataFrame(lines, columns=LOST_COLUMNS)


def _cells(path: Path) -> dict[str, ImageStatus] | None:
    cells = read_statuses(path)
    return None if cells is None else {cell.image: cell for cell in cells}


def _lost_of(
    before: Mapping[str, ImageStatus], after: Mapping[str, ImageStatus], same: Mapping[str, str]
) -> list[tuple[str, str, str, str]]:
    answers = COVERED - {FAILED}
    lines = []
    for image, old_id in same.items():
        was, now = before.get(old_id), after.get(image)
        status, note = (now.status, now.note) if now else (MISSING, "not scored")
        if was and was.status in answers and status not in answers:
            lines.append((image, was.status, status, note))
    return lines


def _leaks(reviewed: Reviewed) -> Leaks | None:
    old, new = (state.output(reviewed.layout.splits) for state in (reviewed.before, reviewed.after))
    if not (old and new) or old.md5 == new.md5:
        return None
    found = reviewed.of_splits(reviewed.layout.leakage, _crossings)
    if found is None:
        return None
    before, after = found
    return Leaks([line for line in after if line not in before], [line for line in before if line not in after])


def _crossings(path: Path) -> list[str]:
    """Return the groups of images that cross the subsets, in words.

    Raises:
        ValueError: if the file is no leakage report.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        waived = f"; accepted because: {found['waiver']}" if found["waiver"] else ""
        return [
            f"{', '.join(f'{image} ({subset})' for image, subset in sorted(crossing['images'].items()))}{waived}"
            for crossing in found["crossings"]
        ]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a leakage report ({error}); run `dvc repro split`") from error
