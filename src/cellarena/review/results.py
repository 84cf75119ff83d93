"""How results differ between two commits: what is read for it, and what the tables of a review are made of."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from cellarena.evaluation.before_after import image_changes, row_changes, run_changes, same_images, values_of
from cellarena.evaluation.comparing import Comparing
from cellarena.evaluation.coverage import COVERED, FAILED, MISSING, Cell, read_cells
from cellarena.evaluation.protocols import STRICT
from cellarena.evaluation.scores import SCORES, of_protocol
from cellarena.evaluation.unannotated import judgeable
from cellarena.images.io import LabelImage, read_image
from cellarena.layout import Layout
from cellarena.learning.cards import reading
from cellarena.records import Record, Run, read_manifest
from cellarena.registry.reading import Reader
from cellarena.registry.requirements import used_otherwise
from cellarena.reporting.document import Illustration
from cellarena.reporting.review.contents import LOST_COLUMNS, Images, Leaks, Results
from cellarena.review.changes import State
from cellarena.shell.running import progress


@dataclass(frozen=True)
class Reviewed:
    """What results are read with and where from.

    Attributes:
        reader: of files.
        before: the earlier commit.
        after: the later one.
        layout: of relative paths.
        settings: of the comparison.
        floor: the model that no training stands behind.
    """

    reader: Reader
    before: State
    after: State
    layout: Layout
    settings: Comparing
    floor: str


@dataclass(frozen=True)
class TestImages:
    """The test subset of both commits: records by id, and the id before of every image in both, by its id after."""

    before: Mapping[str, Record]
    after: Mapping[str, Record]
    same: Mapping[str, str]


def results_of(reviewed: Reviewed, pictures: Path | None) -> Results:
    """Return how the results of all runs differ that both commits scored.

    Args:
        reviewed: what is read.
        pictures: the folder that the images which changed most are drawn into; None for none.
    """
    leaks = _leaks(reviewed)
    changed = _changed_runs(reviewed)
    test = _test_images(reviewed) if changed else None
    if test is None:
        return Results(leaks=leaks)
    values = _values(reviewed, changed, test)
    lost = _lost(reviewed, changed, test)
    n_images = Images(len(test.before), len(test.after), len(test.same))
    if values.empty:
        return Results(n_images, lost=lost, leaks=leaks)
    unlearned = {run.row for run in changed if run.model == reviewed.floor}
    runs, rows = (make(values, reviewed.settings, unlearned) for make in (run_changes, row_changes))
    by_image = image_changes(values)
    drawn = _pictures(reviewed, by_image, test, pictures) if pictures else []
    return Results(n_images, runs, rows, by_image, drawn, lost, leaks)


def libraries_of(reviewed: Reviewed) -> list[str]:
    """Return the libraries that runs of the later commit learnt with otherwise than it pins, in a few words each.

    Only runs whose checkpoints differ are asked; what they were trained with stands in their cards.
    """
    reader, after = reviewed.reader, reviewed.after
    lock = reader.repository.read(after.commit, reviewed.layout.requirements.as_posix())
    found: dict[str, None] = {}
    for run, new in after.runs.items() if lock is not None else ():
        old = reviewed.before.runs.get(run)
        if new.checkpoint and not (old and old.checkpoint and old.checkpoint.md5 == new.checkpoint.md5):
            card = (reader.members(after.commit, new.checkpoint) or {}).get("model.json")
            used = reader.read(after.commit, card, _libraries) or {}
            found |= dict.fromkeys(map(str, used_otherwise(used, (lock or b"").decode(errors="replace"))))
    return list(found)


def _libraries(path: Path) -> dict[str, str]:
    """Return the libraries that a card names; those of models from elsewhere name none."""
    with reading(path) as card:
        return {str(name): str(version) for name, version in (card.get("libraries") or {}).items()}


def _changed_runs(reviewed: Reviewed) -> list[Run]:
    """Return the runs whose scores or cells differ, and that both commits scored."""
    found = []
    for run, new in reviewed.after.runs.items():
        old = reviewed.before.runs.get(run)
        pairs = [(old.scores, new.scores), (old.cells, new.cells)] if old and old.scores and new.scores else []
        if any(was and now and was.md5 != now.md5 for was, now in pairs):
            found.append(run)
    return found


def _test_images(reviewed: Reviewed) -> TestImages | None:
    path = reviewed.layout.subset("test")
    before, after = (_of_splits(reviewed, state, path, read_manifest) for state in (reviewed.before, reviewed.after))
    if before is None or after is None:
        return None
    return TestImages({r.id: r for r in before}, {r.id: r for r in after}, same_images(before, after))


def _of_splits(reviewed: Reviewed, state: State, path: Path, parse: Any) -> Any:
    """Return what a function makes of a file of a commit's splits, None if it cannot be had."""
    members = reviewed.reader.members(state.commit, state.output(reviewed.layout.splits))
    return reviewed.reader.read(state.commit, (members or {}).get(path.name), parse)


def _values(reviewed: Reviewed, runs: Sequence[Run], test: TestImages) -> pd.DataFrame:
    tables = []
    for run in progress(runs, "reading scores", len(runs)):
        before, after = (
            reviewed.reader.read(state.commit, state.runs[run].scores, _strict_scores)
            for state in (reviewed.before, reviewed.after)
        )
        if before is not None and after is not None:
            tables.append(values_of(run, before, after, test.same))
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()


def _strict_scores(path: Path) -> pd.DataFrame:
    return of_protocol(SCORES.read(path), STRICT)


def _lost(reviewed: Reviewed, runs: Sequence[Run], test: TestImages) -> pd.DataFrame:
    """Return the images that a run had an answer to and has none any more."""
    lines = []
    for run in runs:
        before, after = (
            reviewed.reader.read(state.commit, state.runs[run].cells, read_cells)
            for state in (reviewed.before, reviewed.after)
        )
        if before is not None and after is not None:
            lines += _lost_of(run, {c.image: c for c in before}, {c.image: c for c in after}, test.same)
    return pd.DataFrame(lines, columns=LOST_COLUMNS)


def _lost_of(
    run: Run, before: Mapping[str, Cell], after: Mapping[str, Cell], same: Mapping[str, str]
) -> list[tuple[str, str, str, str, str]]:
    answers = COVERED - {FAILED}
    lines = []
    for image, old_id in same.items():
        was, now = before.get(old_id), after.get(image)
        status, note = (now.status, now.note) if now else (MISSING, "not scored")
        if was and was.status in answers and status not in answers:
            lines.append((str(run), image, was.status, status, note))
    return lines


def _leaks(reviewed: Reviewed) -> Leaks | None:
    old, new = (state.output(reviewed.layout.splits) for state in (reviewed.before, reviewed.after))
    if not (old and new) or old.md5 == new.md5:
        return None
    path = reviewed.layout.leakage
    before, after = (_of_splits(reviewed, state, path, _crossings) for state in (reviewed.before, reviewed.after))
    if before is None or after is None:
        return None
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


def _pictures(reviewed: Reviewed, by_image: pd.DataFrame, test: TestImages, folder: Path) -> list[Illustration]:
    from cellarena.reporting.figures.before_after import before_and_after, to_picture
    from cellarena.reporting.figures.style import save

    drawn: list[Illustration] = []
    lines = to_picture(by_image).to_dict("records")
    for line in progress(lines, "drawing the images that changed most", len(lines)):
        model, arm, seed = line["run"].rsplit("-", 2)
        run, record = Run(model, arm, int(seed)), test.after[line["image"]]
        if (read := _to_draw(reviewed, run, record, test.same[record.id])) is None:
            continue
        image, true, preds = read
        title = f"{record.id}: {run}"
        figure = before_and_after(image, true, preds, {side: float(line[side]) for side in preds}, title)
        path = folder / f"{len(drawn) + 1}.png"
        save(figure, path)
        caption = f"{run}: F1 {line['before']:.3f} before, {line['after']:.3f} after ({line['difference']:+.3f})"
        drawn.append(Illustration(record.id, path.name, caption))
    return drawn


def _to_draw(
    reviewed: Reviewed, run: Run, record: Record, id_before: str
) -> tuple[Any, LabelImage, dict[str, LabelImage | None]] | None:
    """Return image, annotation and both predictions, None if one of them cannot be had."""
    reader, after = reviewed.reader, reviewed.after
    files = reader.members(after.commit, after.output(reviewed.layout.preprocessed)) or {}
    image, true = (reader.read(after.commit, files.get(path), read_image) for path in (record.image, record.labels))
    ignored = reader.read(after.commit, files.get(record.ignored), read_image)
    preds: dict[str, LabelImage | None] = {}
    for side, state, name in (("before", reviewed.before, id_before), ("after", after, record.id)):
        made = reader.members(state.commit, state.runs[run].predictions)
        if made is None:
            return None
        labels = reader.read(state.commit, made.get(f"{name}.tiff"), read_image)
        if labels is None and f"{name}.tiff" in made:
            return None
        preds[side] = labels
    if image is None or true is None:
        return None
    unknown = None if ignored is None else ignored > 0
    return image, true, {side: None if pred is None else judgeable(true, pred, unknown) for side, pred in preds.items()}
