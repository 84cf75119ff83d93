"""What the tags of an artifact say together."""

from datetime import UTC, datetime

from cellarena.registry.releases.standings import versions_of
from cellarena.registry.releases.tags import Tag


def test_what_was_deprecated_in_the_second_of_its_release_is_withdrawn():
    """Git counts whole seconds: which of both came first is not known, and what may be bad is not used."""
    new = {"name": "raw", "stage": "", "counter": 0, "author": "Ada", "created": datetime(2026, 1, 1, tzinfo=UTC)}
    released = Tag(text="raw@v1.0.0", version="v1.0.0", cancels=False, commit="a" * 40, message="", **new)
    for version in ("v1.0.0", ""):
        gone = Tag(text="gone", version=version, cancels=True, commit="a" * 40, message="all wrong", **new)
        assert versions_of([released, gone])["v1.0.0"].withdrawn == "all wrong"
