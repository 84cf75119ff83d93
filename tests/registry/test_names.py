import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellarena.registry.releases.names import Reference, checked_name, is_version, parse_reference, version_key

numbers = st.integers(min_value=0, max_value=10**9)
names = st.from_regex(r"[a-z][a-z0-9-]*[a-z0-9]", fullmatch=True)


@given(names, numbers, numbers, numbers)
def test_a_reference_reads_back_from_what_it_is_written_as(name, major, minor, patch):
    for reference in (
        Reference(name),
        Reference(name, version=f"v{major}.{minor}.{patch}"),
        Reference(name, stage=name),
    ):
        assert parse_reference(str(reference)) == reference


def test_a_model_is_released_with_hyphens_and_asked_for_with_either():
    assert (
        parse_reference("lstm_unet#prod") == parse_reference("lstm-unet#prod") == Reference("lstm-unet", stage="prod")
    )
    with pytest.raises(ValueError, match="cannot name an artifact: use a-z, 0-9 and -"):
        checked_name("lstm_unet")


def test_latest_is_no_version_of_its_own():
    assert parse_reference("unet@latest") == Reference("unet")


@pytest.mark.parametrize(
    "text",
    ["", "Unet", "u", "unet-", "1net", "un et", "unet@", "unet@1.0.0", "unet@v1.0", "unet@v01.0.0", "unet#", "../x",
     "unet#prod#2", "unet@v1.0.0#prod", "unet\n", "unet#pr\nod", "--upload-pack=x"],
)  # fmt: skip
def test_what_is_no_reference_is_refused(text):
    with pytest.raises(ValueError, match=r"cannot|is no version"):
        parse_reference(text)


@given(st.text())
def test_every_accepted_name_can_be_part_of_a_tag(text):
    try:
        name = checked_name(text)
    except ValueError:
        return
    assert name.isascii()
    assert not set(name) & set(" ~^:?*[\\@#/.\n")


@given(st.tuples(numbers, numbers, numbers), st.tuples(numbers, numbers, numbers))
def test_versions_sort_by_their_numbers(a, b):
    first, second = (f"v{'.'.join(map(str, numbers))}" for numbers in (a, b))
    assert (version_key(first) < version_key(second)) == (a < b)
    assert is_version(first)
