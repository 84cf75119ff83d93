"""A review as a document."""

from collections import Counter
from collections.abc import Iterator

from cellarena.datasets.names import listed
from cellarena.reporting.document import Document, Notes, Section, Text, Warnings
from cellarena.review.changes_section import changes_section
from cellarena.review.contents import Changes, Review
from cellarena.review.results_sections import guards_section, pictures_section, results_section, unread_section
from cellarena.review.verdict import verdict_sentence

_NAMED = 3


def review_document(review: Review) -> Document:
    """Return the review for those who decide on the change: the verdict, what changed, results, images, losses."""
    warnings = [*_warnings_of_changes(review.changes), *_warnings(review)]
    sides = Notes([f"before: {review.before}", f"after: {review.after}"])
    sections = [
        Section("Verdict", [Text(verdict_sentence(review)), Warnings(warnings), sides]),
        changes_section(review.changes),
        results_section(review),
        pictures_section(review.results),
        guards_section(review),
        unread_section(review.unread),
    ]
    return Document("Review of the results", [], sections)


def _warnings_of_changes(changes: Changes) -> Iterator[str]:
    """Yield what makes it doubtful that the results are those of the code, the parameters and the data beside them."""
    if outdated := changes.outdated:
        count = Counter(name for names in outdated.values() for name in names)
        differing = listed((name for name, _ in count.most_common()), _NAMED)
        yield (
            f"{len(outdated)} {'stage was' if len(outdated) == 1 else 'stages were'} not run with what this commit "
            f"holds, so that the results may be those of something else: {listed(outdated, _NAMED)}; what differs: "
            f"{differing}. Run `dvc repro` and commit dvc.lock."
        )
    if n := len(changes.altered):
        yield (
            f"{n} {'result' if n == 1 else 'results'} in git {'is' if n == 1 else 'are'} not what the stage made, as "
            f"dvc.lock records it: {listed(changes.altered, _NAMED)}. Somebody edited or merged them, or dvc.lock was "
            "not committed with them. Run `dvc repro` and commit what it makes together with dvc.lock."
        )
    if changes.libraries:
        yield (
            "Changed runs learnt with other libraries than requirements.lock of this commit names: "
            f"{listed(changes.libraries, _NAMED)}."
        )


def _warnings(review: Review) -> Iterator[str]:
    before, after = review.before.name, review.after.name
    if n := review.n_behind:
        yield (
            f"{n} commit{'s' * (n != 1)} of {before} {'are' if n != 1 else 'is'} not in {after}: what they brought "
            f"shows as undone. {before}...{after} compares with where the two parted."
        )
    if n := len(review.unread):
        yield f"{n} file{'s' * (n != 1)} could not be read; see the section Not reviewed."
    if n := len(review.results.lost):
        yield f"{n} image{'s' * (n != 1)} lost their answer; see the section Coverage and leaks."
    if review.results.leaks and review.results.leaks.new:
        yield "Images that belong together newly cross the subsets; see the section Coverage and leaks."
