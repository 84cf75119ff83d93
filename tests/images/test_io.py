import errno
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image as Pillow

from cellarena.faults import IntegrityError, SecurityError
from cellarena.images import io


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("shape", [(1, 1), (7, 3), (4, 5, 3)])
def test_an_image_reads_back_with_its_bit_depth(tmp_path, dtype, shape):
    pixels = (np.arange(np.prod(shape)).reshape(shape) * 31 % 251).astype(dtype)
    io.write_image(pixels, tmp_path / "a.tiff")
    read = io.read_image(tmp_path / "a.tiff")
    assert read.dtype == dtype
    np.testing.assert_array_equal(read, pixels)


@given(
    arrays(
        np.int64,
        st.tuples(st.integers(1, 6), st.integers(1, 6)),
        elements=st.sampled_from([0, 1, 255, 65_535, 65_536, 2**33]),
    )
)
def test_labels_are_never_narrowed(tmp_path_factory, labels):
    path = tmp_path_factory.mktemp("labels") / "l.tiff"
    io.write_labels(labels, path)
    np.testing.assert_array_equal(io.read_image(path).astype(np.int64), labels)


def test_labels_that_do_not_read_back_are_an_integrity_error(tmp_path, monkeypatch):
    monkeypatch.setattr(tifffile, "imread", lambda _: np.zeros((2, 2)))
    with pytest.raises(IntegrityError, match="does not read back"):
        io.write_labels(np.ones((2, 2), np.int64), tmp_path / "l.tiff")


def test_the_same_pixels_give_the_same_file(tmp_path):
    pixels = np.arange(60, dtype=np.uint8).reshape(4, 5, 3)
    for name in "ab":
        io.write_image(pixels, tmp_path / f"{name}.tiff")
    assert (tmp_path / "a.tiff").read_bytes() == (tmp_path / "b.tiff").read_bytes()


def test_the_content_hash_is_that_of_the_pixels_not_of_the_file(tmp_path):
    pixels = np.arange(20, dtype=np.uint16).reshape(4, 5)
    tifffile.imwrite(tmp_path / "big.tiff", pixels, byteorder=">")
    Pillow.fromarray(pixels).save(tmp_path / "a.png")
    hashes = {io.content_sha256(io.read_image(tmp_path / name)) for name in ("big.tiff", "a.png")}
    assert hashes == {io.content_sha256(pixels)}
    assert io.content_sha256(pixels.astype(np.uint8)) not in hashes


@pytest.mark.parametrize("share", [0.3, 0.9])
@pytest.mark.parametrize("suffix", ["tiff", "png"])
def test_a_truncated_file_is_refused_by_name(tmp_path, suffix, share):
    path = tmp_path / f"cut.{suffix}"
    pixels = np.random.default_rng(0).integers(0, 255, (64, 64), np.uint8)
    io.write_image(pixels, path) if suffix == "tiff" else io.write_png(pixels, path)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with pytest.raises(ValueError, match=rf"cut\.{suffix}"):
        io.read_image(path)


def test_files_that_are_no_images_are_refused(tmp_path):
    for name, content in {"empty.png": b"", "text.tif": b"hello", "note.txt": b"x"}.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ValueError, match=name):
            io.read_image(tmp_path / name)
    with pytest.raises(FileNotFoundError, match=r"absent\.png"):
        io.read_image(tmp_path / "absent.png")


@pytest.mark.parametrize("shape", [(5, 8, 9), (3, 8, 9), (2, 3, 8, 9)])
def test_a_stack_is_refused(tmp_path, shape):
    tifffile.imwrite(tmp_path / "stack.tif", np.zeros(shape, np.uint8), photometric="minisblack")
    with pytest.raises(ValueError, match=r"stack\.tif"):
        io.read_image(tmp_path / "stack.tif")


def test_single_planes_lose_their_axis_of_one(tmp_path):
    tifffile.imwrite(tmp_path / "one.tif", np.ones((1, 8, 9), np.uint8), photometric="minisblack")
    assert io.read_image(tmp_path / "one.tif").shape == (8, 9)


def test_palette_opaque_alpha_and_true_alpha(tmp_path):
    rgb = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
    Pillow.fromarray(rgb).quantize(16).save(tmp_path / "palette.png")
    Pillow.fromarray(np.dstack([rgb, np.full((4, 4), 255, np.uint8)])).save(tmp_path / "opaque.png")
    Pillow.fromarray(np.dstack([rgb, rgb[..., 0]])).save(tmp_path / "alpha.png")
    assert io.read_image(tmp_path / "palette.png").shape == (4, 4, 3)
    np.testing.assert_array_equal(io.read_image(tmp_path / "opaque.png"), rgb)
    np.testing.assert_array_equal(io.read_image(tmp_path / "alpha.png"), rgb)


@pytest.mark.parametrize("suffix", ["tiff", "png"])
def test_a_huge_image_is_refused_before_it_is_read(tmp_path, suffix):
    path = tmp_path / f"huge.{suffix}"
    pixels = np.zeros((50, 40), np.uint8)
    io.write_image(pixels, path) if suffix == "tiff" else io.write_png(pixels, path)
    with pytest.raises(SecurityError, match="declares 2,000 pixels"):
        io.read_image(path, max_pixels=1999)


def test_nothing_half_written_stays_under_a_final_name(tmp_path, monkeypatch):
    path = tmp_path / "a.bin"
    io.write_bytes(b"good", path)

    def full(*_: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr("pathlib.Path.write_bytes", full)
    with pytest.raises(OSError, match="No space"):
        io.write_bytes(b"better", path)
    assert path.read_bytes() == b"good"


def test_a_cmyk_tiff_is_refused_and_a_colour_table_left_aside(tmp_path):
    ink = np.full((4, 5, 4), 9, np.uint8)
    tifffile.imwrite(tmp_path / "ink.tif", ink, photometric="separated")
    with pytest.raises(ValueError, match=r"ink\.tif: colours are CMYK, for printing; save it as grey or RGB"):
        io.read_image(tmp_path / "ink.tif")
    labels = np.arange(20, dtype=np.uint8).reshape(4, 5)
    tifffile.imwrite(tmp_path / "lut.tif", labels, photometric="palette", colormap=np.zeros((3, 256), np.uint16))
    np.testing.assert_array_equal(io.read_image(tmp_path / "lut.tif"), labels)


@pytest.mark.filterwarnings("ignore:.*zero-size")
def test_an_image_without_pixels_is_refused_by_name(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((0, 5), np.uint8))
    with pytest.raises(ValueError, match=r"a\.tif: "):
        io.read_image(tmp_path / "a.tif")


def test_a_file_that_cannot_be_written_is_named_and_leaves_nothing(tmp_path, monkeypatch):
    (tmp_path / "a").write_bytes(b"earlier")
    write = Path.write_bytes

    def full(path, content):
        write(path, content[:3])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space left") as caught:
        io.write_bytes(b"content", tmp_path / "a")
    assert (caught.value.errno, caught.value.filename) == (errno.ENOSPC, str(tmp_path / "a"))
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("a", b"earlier")]
