"""Pictures of the images that changed most, before and after."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from cellarena.evaluation.unannotated import judgeable
from cellarena.images.io import LabelImage, read_image
from cellarena.records import Record, Run
from cellarena.reporting.document import Illustration
from cellarena.review.both_commits import Reviewed, TestImages
from cellarena.shell.running import progress

if TYPE_CHECKING:
    import pandas as pd


def pictures_of(reviewed: Reviewed, by_image: "pd.DataFrame", test: TestImages, folder: Path) -> list[Illustration]:
    """Draw the images that changed most into a folder; those are left out of which something cannot be had.

    Args:
        reviewed: what is read.
        by_image: the lines of `image_changes`.
        test: the images.
        folder: that the pictures go to, as 1.png, 2.png, ...
    """
    from cellarena.reporting.figures.before_after import before_and_after, to_picture
    from cellarena.reporting.figures.style import save

    drawn: list[Illustration] = []
    lines = to_picture(by_image).to_dict("records")
    for line in progress(lines, "drawing the images that changed most", len(lines)):
        run, record = Run.parse(line["run"]), test.after[line["image"]]
        if (read := _to_draw(reviewed, run, record, test.same[record.id])) is None:
            continue
        image, true, preds = read
        scored = {side: float(line[side]) for side in preds}
        path = folder / f"{len(drawn) + 1}.png"
        save(before_and_after(image, true, preds, scored, f"{record.id}: {run}"), path)
        caption = f"{run}: F1 {line['before']:.3f} before, {line['after']:.3f} after ({line['difference']:+.3f})"
        drawn.append(Illustration(record.id, path.name, caption))
    return drawn


def _to_draw(
    reviewed: Reviewed, run: Run, record: Record, id_before: str
) -> tuple[Any, LabelImage, dict[str, LabelImage | None]] | None:
    """Return image, annotation and both predictions, None if one of them cannot be had."""
    reader, after = reviewed.reader, reviewed.after
    files = reader.members(after.commit, after.output(reviewed.layout.preprocessed)) or {}
    image, true, ignored = (
        reader.read(after.commit, files.get(path), read_image) for path in (record.image, record.labels, record.ignored)
    )
    unknown = None if ignored is None else ignored > 0
    if image is None or true is None:
        return None
    preds: dict[str, LabelImage | None] = {}
    for side, state, name in (("before", reviewed.before, id_before), ("after", after, record.id)):
        made = reader.members(state.commit, state.runs[run].get("predictions"))
        pred = reader.read(state.commit, (made or {}).get(f"{name}.tiff"), read_image)
        if made is None or (pred is None and f"{name}.tiff" in made):
            return None
        preds[side] = None if pred is None else judgeable(true, pred, unknown)
    return image, true, preds
