"""The parts of a review that say how the results differ, how sure that is, and what was lost or not looked at."""

from collections.abc import Mapping

import pandas as pd

from cellarena.reporting.document import Block, Folded, Notes, Section, ShownTable, Text, Warnings
from cellarena.reporting.tables import UNDEFINED, Table, other_table, plain, table_with_failures
from cellarena.review.before_after import F1
from cellarena.review.changes_section import shown
from cellarena.review.contents import Results, Review

_VALUES = {"n_images": "images", "before": "before", "after": "after", "difference": "difference"}
_PICTURED = (
    "Solid blue: matched at IoU 0.5; dashed yellow: missed; dotted red: spurious. The F1 above a panel is that of the "
    "whole image; of a large image the part is shown in which most objects changed."
)


def results_section(review: Review) -> Section:
    """Return the metric differences of every run that was compared, with their statistics and verdicts."""
    results = review.results
    if results.runs.empty:
        return Section("Results", [])
    level = f"{100 * review.settings.confidence:g} %"
    blocks: list[Block] = [
        Text(_on_what(results)),
        shown("F1 at IoU 0.5 by run", _table(results.compared, "run", "images_")),
        _words(results.compared),
    ]
    if not results.rows.empty:
        rows = results.rows[results.rows["metric"] == F1]
        blocks += [ShownTable("F1 at IoU 0.5 by model, whatever the seed", _table(rows, "model", "")), _words(rows)]
    others = results.runs[results.runs["metric"] != F1]
    if len(others):
        blocks.append(Folded("Other metrics", [ShownTable("Other metrics by run", _other_metrics(others))]))
    if len(results.by_image):
        table = other_table(results.by_image.rename(columns={"before": "F1 before", "after": "F1 after"}))
        blocks.append(Folded("Images by how much they changed", [shown("Images", table)]))
    blocks.append(
        Notes(
            [
                f"Difference is after minus before, the mean over images, with its interval of {level} over images.",
                "p is Wilcoxon's, adjusted over the runs (Holm).",
                f"A difference that surely is below {review.settings.smallest_effect:g} is called equivalent.",
            ]
        )
    )
    return Section("Results", blocks)


def pictures_section(results: Results) -> Section:
    """Return the images that changed most, before and after."""
    return Section("Images that changed most", [Text(_PICTURED), *results.pictures] if results.pictures else [])


def guards_section(review: Review) -> Section:
    """Return what the change loses: images without an answer, and leaks between the subsets."""
    lost, leaks = review.results.lost, review.results.leaks
    blocks: list[Block] = [Text("Coverage: no image lost its answer.")]
    if len(lost):
        blocks = [shown("Images that lost their answer", table_with_failures(lost, [True] * len(lost)))]
    if leaks:
        newly = "Groups of images that newly cross the subsets:"
        blocks += [
            Text(newly if leaks.new else "Leaks: no group of images newly crosses the subsets."),
            Warnings(leaks.new),
            Notes([f"no longer crosses the subsets: {line}" for line in leaks.gone]),
        ]
    return Section("Coverage and leaks", blocks)


def unread_section(unread: pd.DataFrame) -> Section:
    """Return what could not be read, a row each; nothing is said of it above."""
    if unread.empty:
        return Section("Not reviewed", [])
    table = table_with_failures(unread.assign(commit=unread["commit"].str[:7]), [True] * len(unread))
    told = Text("These files could not be read, so that nothing is said above of what they hold.")
    return Section("Not reviewed", [told, shown("Files that could not be read", table)])


def _on_what(results: Results) -> str:
    images = results.images
    if images is None or images.n_same == images.n_before == images.n_after:
        n = images.n_same if images else 0
        return f"Paired on the same {n} test images before and after."
    return (
        f"The test subset changed: {images.n_before} images before, {images.n_after} after, {images.n_same} with the "
        "same content in both. All comparisons are on those alone."
    )


def _table(changes: pd.DataFrame, kind: str, about: str) -> Table:
    """Return the comparisons of F1, with interval and p on these images or, if `about` is empty, whatever the seed."""
    return _told(
        changes.assign(p=[_p_text(p) for p in changes[f"{about}p_holm"]]),
        {"name": kind, **_VALUES, f"{about}low": "low", f"{about}high": "high", "p": "p",
         "on_these_images": "on these images", "verdict": "the model"},
    )  # fmt: skip


def _other_metrics(changes: pd.DataFrame) -> Table:
    return _told(
        changes.sort_values(["name", "metric"], kind="stable"),
        {"name": "run", "metric": "metric", **_VALUES, "images_low": "low", "images_high": "high",
         "on_these_images": "on these images"},
    )  # fmt: skip


def _told(changes: pd.DataFrame, headings: Mapping[str, str]) -> Table:
    """Return the columns that have a heading, under these."""
    table = changes.assign(n_images=changes["n_images"].astype("Int64"))[list(headings)]
    return other_table(table.rename(columns=headings))


def _p_text(p: float) -> str:
    return UNDEFINED if pd.isna(p) else "< 0.001" if p < 0.001 else f"{p:.3f}"


def _words(changes: pd.DataFrame) -> Notes:
    return Notes([f"{plain(line['name'])}: {line['words']}" for line in changes.to_dict("records")])
