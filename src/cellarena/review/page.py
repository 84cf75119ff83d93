"""A review as a document."""

from cellarena.reporting.document import Document, Notes, Section, Text, Warnings
from cellarena.review.changed import altered_lines, changes_section, library_lines, outdated_lines
from cellarena.review.compared import guards_section, pictures_section, results_section, unread_section
from cellarena.review.contents import Review
from cellarena.review.verdict import verdict_sentence


def review_document(review: Review) -> Document:
    """Return the review for those who decide on the change: the verdict, what changed, results, images, losses."""
    sections = [
        Section("Verdict", [Text(verdict_sentence(review)), Warnings(_warnings(review)), Notes(_sides(review))]),
        changes_section(review.changes),
        results_section(review),
        pictures_section(review.results),
        guards_section(review),
        unread_section(review.unread),
    ]
    return Document("Review of the results", [], sections)


def _sides(review: Review) -> list[str]:
    return [f"before: {review.before}", f"after: {review.after}"]


def _warnings(review: Review) -> list[str]:
    changes = review.changes
    lines = [
        *outdated_lines(changes.outdated), *altered_lines(changes.altered), *library_lines(changes.libraries)
    ]  # fmt: skip
    if review.n_behind:
        lines.append(
            f"{review.n_behind} commit{'s' * (review.n_behind != 1)} of {review.before.name} "
            f"{'are' if review.n_behind != 1 else 'is'} not in {review.after.name}: what they brought shows as undone. "
            f"{review.before.name}...{review.after.name} compares with where the two parted."
        )
    if n := len(review.unread):
        lines.append(f"{n} file{'s' * (n != 1)} could not be read; see the section Not reviewed.")
    if n := len(review.results.lost):
        lines.append(f"{n} image{'s' * (n != 1)} lost their answer; see the section Coverage and leaks.")
    if review.results.leaks and review.results.leaks.new:
        lines.append("Images that belong together newly cross the subsets; see the section Coverage and leaks.")
    return lines
