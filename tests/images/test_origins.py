import json

import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st

from cellarena.images.io import file_sha256, read_description, write_image, write_labels
from cellarena.images.origins import FromRelease, Origin, labels_sha256, read_origin, weights_of
from cellarena.registry.repository.repository import public_address

LABELS = np.array([[0, 1], [2, 2]], np.uint32)
RELEASE = FromRelease(
    name="unet", version="v1.2.0", commit="ab" * 20, md5="cd" * 16 + ".dir", address="https://x.org/p"
)
ORIGIN = Origin(
    software="cellarena 0.1.0", run="unet-real-0", weights={"unet-real-0/model.json": "0" * 64}, image="a.png",
    image_sha256="1" * 64, labels_sha256=labels_sha256(LABELS), release=RELEASE,
)  # fmt: skip


def with_description(path, text):
    tifffile.imwrite(path, LABELS.astype(np.uint16), description=text, metadata=None)
    return path


def changed(**changes):
    return json.dumps({**json.loads(ORIGIN.describe()), **changes})


def test_an_origin_comes_back_from_the_file_it_was_written_to(tmp_path):
    write_labels(LABELS, tmp_path / "a.tiff", ORIGIN.describe())
    assert read_origin(tmp_path / "a.tiff") == ORIGIN
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "a.tiff"), LABELS)


def test_an_image_without_a_description_is_the_same_file_as_ever(tmp_path):
    write_image(LABELS, tmp_path / "a.tiff")
    with tifffile.TiffFile(tmp_path / "a.tiff") as tiff:
        assert "ImageDescription" not in tiff.pages.first.tags
    assert read_origin(tmp_path / "a.tiff") is None


def test_the_same_origin_is_the_same_text_in_ascii():
    other = ORIGIN.model_copy(update={"image": "Zelle ä 細胞.png"})
    assert other.describe().isascii()
    assert Origin.model_validate_json(other.describe()) == other


def test_labels_have_one_hash_whatever_they_are_stored_as():
    assert labels_sha256(LABELS) == labels_sha256(LABELS.astype(np.uint16)) == labels_sha256(LABELS.astype(np.int64))
    assert labels_sha256(LABELS) != labels_sha256(LABELS.T)
    assert labels_sha256(LABELS) != labels_sha256(np.where(LABELS == 2, 3, LABELS))


def test_one_repository_at_two_addresses_is_the_same_origin():
    moved = ORIGIN.model_copy(update={"release": RELEASE.model_copy(update={"address": "git@x.org:p"})})
    newer = ORIGIN.model_copy(update={"release": RELEASE.model_copy(update={"version": "v1.3.0"})})
    assert ORIGIN.is_as(moved)
    assert not ORIGIN.is_as(newer)
    assert not ORIGIN.is_as(ORIGIN.model_copy(update={"release": None}))


@pytest.mark.parametrize(
    "text",
    [
        "", "no JSON", "[]", "{}", '"text"', "null", "[" * 60_000, '{"a":' * 9_000, changed(format=2), changed(extra=1),
        changed(run="../../etc"), changed(run="unet-real-0\n"), changed(image="a\x1b[31m.png"), changed(image=7),
        changed(image="\ud800"), changed(image_sha256="x" * 64), changed(weights={"../model.json": "0" * 64}),
        changed(weights={f"unet-real-{k}/model.json": "0" * 64 for k in range(101)}), changed(software="x" * 1025),
        changed(release={**RELEASE.model_dump(), "address": "https://x.org/\u009b"}), changed(release={}),
        changed(release={**RELEASE.model_dump(), "md5": "../../x"}),
    ],
)  # fmt: skip
def test_what_is_no_origin_is_none(tmp_path, text):
    assert read_origin(with_description(tmp_path / "a.tiff", text)) is None


def test_a_description_of_megabytes_is_not_read(tmp_path):
    assert read_description(with_description(tmp_path / "a.tiff", "x" * 65_000)) == "x" * 65_000
    assert read_description(with_description(tmp_path / "b.tiff", "x" * 5_000_000)) == ""


@given(cut=st.integers(0, 700), junk=st.binary(max_size=40), at=st.integers(0, 700))
def test_a_damaged_file_has_no_origin_or_the_one_it_had(tmp_path_factory, cut, junk, at):
    path = tmp_path_factory.mktemp("damaged") / "a.tiff"
    write_labels(LABELS, path, ORIGIN.describe())
    content = path.read_bytes()
    content = content[:at] + junk + content[at + len(junk) :]
    path.write_bytes(content[: len(content) - cut])
    found = read_origin(path)
    assert found is None or isinstance(found, Origin)


def test_the_files_of_a_checkpoint_are_named_by_run_and_file(tmp_path):
    for name in ("b-real-0/model.json", "a-real-0/model.safetensors", "a-real-0/last.safetensors"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    found = weights_of([tmp_path / "b-real-0", tmp_path / "a-real-0"])
    assert list(found) == ["a-real-0/model.safetensors", "b-real-0/model.json"]
    assert found["b-real-0/model.json"] == file_sha256(tmp_path / "b-real-0/model.json")


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://me:secret@x.org/p.git", "https://x.org/p.git"),
        ("https://ghp_token@x.org:8443/p.git?token=1#a", "https://x.org:8443/p.git"),
        ("ssh://git:secret@x.org:22/p", "ssh://git@x.org:22/p"),
        ("git@x.org:group/p.git", "git@x.org:group/p.git"),
        ("file:///srv/p", "file:///srv/p"),
        ("/srv/p", "/srv/p"),
        ("", ""),
    ],
)
def test_an_address_is_shown_without_secrets(address, shown):
    assert public_address(address) == shown
