"""The source `folder`: what it yields, and that it refuses a bad tree whole, with names, before yielding anything."""

import os
import shutil
import struct
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image as Pillow

from cellarena.datasets.sources.folder import folder_samples
from cellarena.datasets.sources.spec import SOURCES, Acquisition, Sample, Simulation
from cellarena.faults import SecurityError


def acquisition(root: Path, **settings: object) -> Acquisition:
    simulated = Simulation(images=4, seed=0)
    known = {"max_pixels": 10**6} | settings
    return Acquisition(source="folder", root=root, licence="CC0-1.0", simulated=simulated, **known)


def read(root: Path, **settings: object) -> list[Sample]:
    return list(folder_samples(acquisition(root, **settings)))


def some_image(dtype: str = "uint16", shape: tuple[int, ...] = (12, 15)) -> np.ndarray:
    return (np.arange(np.prod(shape)).reshape(shape) % 251).astype(dtype)


def some_labels(dtype: str = "uint16", shape: tuple[int, int] = (12, 15)) -> np.ndarray:
    labels = np.zeros(shape, dtype)
    labels[1:4, 1:4], labels[6:9, 5:9] = 1, 2
    return labels


def write(path: Path, pixels: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix in {".tif", ".tiff"}:
        tifffile.imwrite(path, pixels, photometric="rgb" if pixels.ndim == 3 and pixels.shape[2] == 3 else "minisblack")
    else:
        Pillow.fromarray(pixels).save(path)
    return path


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Return a sound tree of two pairs, `a` and `b`."""
    for name in "ab":
        write(tmp_path / f"images/{name}.tif", some_image())
        write(tmp_path / f"labels/{name}_label.tif", some_labels())
    return tmp_path


def test_pixels_arrive_as_they_are(tree: Path) -> None:
    write(tree / "images/c.png", some_image("uint8", (12, 15, 3)))
    write(tree / "labels/c.tif", some_labels("int32") * 40_000)
    samples = {sample.id: sample for sample in read(tree)}
    assert list(samples) == ["a", "b", "c"]
    assert samples["a"].image.dtype == np.uint16
    assert np.array_equal(samples["a"].labels, some_labels())
    assert np.array_equal(samples["c"].image, some_image("uint8", (12, 15, 3)))
    assert samples["c"].labels.max() == 80_000
    assert {sample.modality for sample in samples.values()} == {"unknown"}


def test_it_is_in_the_catalog_and_takes_the_licence_of_params() -> None:
    assert SOURCES["folder"].licence is None
    assert SOURCES["folder"].samples is folder_samples


def test_the_table_says_what_was_found(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tree / "labels/b_label.tif", np.zeros((12, 15), np.uint16))
    (tree / "notes.txt").write_text("x")
    read(tree)
    shown = capsys.readouterr().err
    for expected in ("parallel folders", "12 x 15 (2)", "uint16 (2)", "unknown (2)", "notes.txt", "2 annotated"):
        assert expected in shown
    assert "without an object" in shown
    assert next(line for line in shown.splitlines() if "without an object" in line).split()[-2] == "1"


def test_a_dsb_tree_becomes_label_images(tmp_path: Path) -> None:
    for name in ("s1", "s2"):
        write(tmp_path / name / f"images/{name}.png", some_image("uint8", (12, 15, 3)))
        for value in (1, 2):
            write(tmp_path / name / f"masks/{value}.png", (some_labels("uint8") == value) * np.uint8(255))
    samples = read(tmp_path)
    assert [sample.id for sample in samples] == ["s1", "s2"]
    assert np.array_equal(samples[0].labels, some_labels())


def test_a_dsb_tree_names_the_mask_that_is_none(tmp_path: Path) -> None:
    write(tmp_path / "s1/images/s1.png", some_image("uint8"))
    write(tmp_path / "s1/masks/m.png", some_labels("uint8"))
    with pytest.raises(ValueError, match=r"s1/masks/m.png: .*2 values besides 0"):
        read(tmp_path)


def test_suffix_pairs(tmp_path: Path) -> None:
    write(tmp_path / "a_img.tif", some_image())
    write(tmp_path / "a_masks.png", some_labels("uint8"))
    assert [sample.id for sample in read(tmp_path)] == ["a_img"]


def test_ids_are_safe_on_every_file_system(tmp_path: Path) -> None:
    for stem in ("-rf a b", "zelle \u00e9", "\u7d30\u80de", "x" * 200, "new\nline"):
        write(tmp_path / f"images/{stem}.tif", some_image())
        write(tmp_path / f"labels/{stem}.tif", some_labels())
    ids = [sample.id for sample in read(tmp_path)]
    assert {"_rf_a_b", "zelle_e", "u7d30u80de", "new_line"} < set(ids)
    assert max(map(len, ids)) == 100


@pytest.mark.parametrize(("first", "second"), [("Cell", "cell"), ("x y", "x_y")])
def test_ids_that_collide_are_refused(tmp_path: Path, first: str, second: str) -> None:
    for stem in (first, second):
        write(tmp_path / f"images/{stem}.tif", some_image())
        write(tmp_path / f"labels/{stem}.tif", some_labels())
    with pytest.raises(ValueError, match=f"differ only in case.*'images/{first}.tif' and 'images/{second}.tif'"):
        read(tmp_path)


def test_sets_that_repeat_stems_get_the_set_into_the_id(tmp_path: Path) -> None:
    for part in ("train", "val"):
        write(tmp_path / part / "images/1.tif", some_image())
        write(tmp_path / part / "labels/1.tif", some_labels())
    assert [sample.id for sample in read(tmp_path)] == ["train_1", "val_1"]


BAD_LABELS = {
    "binary .bool.": some_labels() > 0,
    "RGB, shape": some_image("uint8", (12, 15, 3)),
    "fractions": some_labels() * np.float32(0.5),
    "NaN": np.where(some_labels() == 1, np.nan, 0.0),
    "go down to -2": -some_labels("int16"),
    "labels are 15 x 12, .* is 12 x 15; one of them is turned: export both upright": some_labels(shape=(15, 12)),
    "labels are 12 x 14, images/b.tif is 12 x 15; export": some_labels(shape=(12, 14)),
    "stack": np.zeros((7, 12, 15), np.uint16),
}


@pytest.mark.parametrize("kind", BAD_LABELS)
def test_bad_labels_are_refused_by_name(tree: Path, kind: str) -> None:
    write(tree / "labels/b_label.tif", BAD_LABELS[kind])
    with pytest.raises(ValueError, match=f"labels/b_label.tif.*{kind}"):
        next(folder_samples(acquisition(tree)))


def test_of_palette_labels_the_index_is_the_label(tree: Path) -> None:
    (tree / "labels/b_label.tif").unlink()
    indexed = Pillow.fromarray(some_labels("uint8"), mode="P")
    indexed.putpalette([0, 0, 0, 255, 0, 0, 0, 255, 0])
    indexed.save(tree / "labels/b_label.png")
    assert np.array_equal(read(tree)[1].labels, some_labels("uint8"))


def test_jpeg_labels_are_refused(tree: Path) -> None:
    (tree / "labels/b_label.tif").unlink()
    write(tree / "labels/b_label.jpg", some_labels("uint8"))
    with pytest.raises(ValueError, match=r"labels/b_label.jpg: labels as JPEG"):
        read(tree)


def test_one_cell_and_whole_floats_and_no_cell_are_accepted(tree: Path) -> None:
    write(tree / "labels/a_label.tif", (some_labels() == 1).astype(np.uint8))
    write(tree / "labels/b_label.tif", some_labels("float32"))
    write(tree / "images/c.tif", some_image())
    write(tree / "labels/c.tif", np.zeros((12, 15), np.uint8))
    assert [len(np.unique(sample.labels)) for sample in read(tree)] == [2, 3, 1]


def test_a_set_of_binary_labels_is_refused_and_taken_apart_on_demand(tree: Path) -> None:
    for name in "ab":
        write(tree / f"labels/{name}_label.tif", (some_labels() > 0) * np.uint8(255))
    with pytest.raises(ValueError, match=r"labels/a_label.tif, labels/b_label.tif: labels are binary: 4 "):
        read(tree)
    assert [sample.labels.max() for sample in read(tree, labels="binary")] == [2, 2]
    assert [sample.labels.max() for sample in read(tree, labels="unchecked")] == [255, 255]


def test_an_odd_label_image_among_others_is_one_to_look_at(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    odd = np.zeros((12, 15), np.uint8)
    odd[::3, ::3] = 1
    write(tree / "labels/b_label.tif", odd)
    assert [sample.labels.max() for sample in read(tree)] == [2, 1]
    line = next(line for line in capsys.readouterr().err.splitlines() if "look odd" in line)
    assert line.split()[-2] == "b"


def test_a_set_without_any_object_is_refused(tree: Path) -> None:
    for name in "ab":
        write(tree / f"labels/{name}_label.tif", np.zeros((12, 15), np.uint8))
    with pytest.raises(ValueError, match=r"labels/a_label.tif, labels/b_label.tif: no object in any label image"):
        read(tree)
    assert len(read(tree, labels="unchecked")) == 2


def test_coloured_labels_are_taken_apart_on_demand(tree: Path) -> None:
    for name in "ab":
        (tree / f"labels/{name}_label.tif").unlink()
        write(tree / f"labels/{name}_label.png", np.stack([(some_labels() > 0) * np.uint8(200)] * 3, axis=-1))
    assert [sample.labels.max() for sample in read(tree, labels="colours")] == [2, 2]


def test_background_with_a_number_becomes_0(tree: Path) -> None:
    for name in "ab":
        write(tree / f"labels/{name}_label.tif", some_labels() + np.uint16(1))
    with pytest.raises(ValueError, match=r"the number 1 lies where background does.* acquire.background: 1"):
        read(tree)
    assert np.array_equal(read(tree, background=1)[0].labels, np.where(some_labels(), some_labels() + 1, 0))


@pytest.mark.parametrize(("kind", "n_objects"), [("instances", 2), ("binary", 2), ("pieces", 2), ("unchecked", 2)])
def test_where_nobody_annotated_is_no_object_under_any_kind(tree: Path, kind: str, n_objects: int) -> None:
    labels = some_labels("uint8")
    labels[:, 10:] = 255
    for name in "ab":
        write(tree / f"labels/{name}_label.tif", labels)
    for sample in read(tree, labels=kind, ignore=255):
        assert np.count_nonzero(np.unique(sample.labels)) == n_objects
        assert np.array_equal(sample.ignored, labels == 255)


def test_where_nobody_annotated_is_told_if_nobody_says_so(tree: Path) -> None:
    labels = some_labels("uint8")
    labels[:, 10:] = 255
    for name in "ab":
        write(tree / f"labels/{name}_label.tif", labels)
    with pytest.raises(ValueError, match="255, the largest number that the type holds, .*acquire.ignore: 255 "):
        read(tree)
    assert all(sample.ignored is None for sample in read(tree, labels="unchecked"))


def test_a_number_to_ignore_that_no_label_image_holds_is_named(tree: Path) -> None:
    with pytest.raises(ValueError, match=r"acquire.ignore: no pixel of any label image is 65535"):
        read(tree, ignore=65535)


@pytest.mark.parametrize("setting", [{"labels": "binary"}, {"labels": "pieces"}, {"background": 1}])
def test_settings_of_label_images_are_refused_for_masks(tmp_path: Path, setting: dict) -> None:
    write(tmp_path / "s1/images/s1.png", some_image("uint8"))
    write(tmp_path / "s1/masks/m.png", (some_labels("uint8") == 1) * np.uint8(120))
    assert len(read(tmp_path)) == 1
    with pytest.raises(ValueError, match=r"are for label images; each mask is one object"):
        read(tmp_path, **setting)


def test_a_mask_of_one_object_as_jpeg_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "s1/images/s1.png", some_image("uint8"))
    write(tmp_path / "s1/masks/m.jpg", some_labels("uint8") * np.uint8(120))
    with pytest.raises(ValueError, match=r"s1/masks/m.jpg: a mask as JPEG"):
        read(tmp_path)


def damaged(content: bytes, kind: str) -> bytes:
    kinds = {"empty": b"", "text": b"no image at all", "third": content[: len(content) // 3], "tail": content[:-10]}
    return kinds[kind]


@pytest.mark.parametrize("kind", ["empty", "text", "third", "tail"])
@pytest.mark.parametrize("suffix", ["tif", "png"])
def test_damaged_files_are_named(tree: Path, kind: str, suffix: str) -> None:
    bad = write(tree / f"images/c.{suffix}", some_image("uint8"))
    write(tree / "labels/c.tif", some_labels())
    bad.write_bytes(damaged(bad.read_bytes(), kind))
    with pytest.raises(ValueError, match=f"images/c.{suffix}"):
        next(folder_samples(acquisition(tree)))


BAD_IMAGES = {
    "NaN or infinite": np.where(some_image("float32") == 3, np.nan, 1).astype(np.float32),
    "1 pixel values are NaN or infinite": np.where(some_image("float32") == 3, np.inf, 1).astype(np.float32),
    "stack": np.zeros((7, 12, 15), np.uint16),
    "complex64": some_image("complex64"),
}


@pytest.mark.parametrize("kind", BAD_IMAGES)
def test_bad_images_are_named(tree: Path, kind: str) -> None:
    write(tree / "images/b.tif", BAD_IMAGES[kind])
    with pytest.raises(ValueError, match=f"images/b.tif: .*{kind}"):
        read(tree)


@pytest.mark.parametrize(
    "image",
    [
        some_image("uint8", (12, 15, 3)),
        some_image("int16") - 100,
        some_image("float32") / 251,
        some_image("uint8") > 100,
        np.full((12, 15), 7, np.uint8),
        some_image(">u2"),
    ],
    ids=["rgb", "negative", "float", "bool", "constant", "big-endian"],
)
def test_unusual_images_are_read_as_they_are(tree: Path, image: np.ndarray) -> None:
    write(tree / "images/b.tif", image)
    assert np.array_equal(read(tree)[1].image, image)


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (7, 7), (1001, 3)])
def test_odd_sizes(tmp_path: Path, shape: tuple[int, int]) -> None:
    write(tmp_path / "images/a.tif", some_image("uint8", shape))
    write(tmp_path / "labels/a.tif", np.ones(shape, np.uint8))
    assert read(tmp_path)[0].image.shape == shape


def test_a_file_of_another_kind_than_its_name_is_refused(tree: Path) -> None:
    picture = write(tree / "images/c.jpg", some_image("uint8"))
    picture.rename(tree / "images/c.png")
    write(tree / "labels/c.tif", some_labels())
    with pytest.raises(ValueError, match=r"images/c.png: is a JPEG file by its content"):
        read(tree)


def test_a_header_that_declares_too_much_is_refused_at_once(tree: Path) -> None:
    def chunk(kind: bytes, body: bytes) -> bytes:
        import zlib

        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 100_000, 100_000, 8, 0, 0, 0, 0))
    (tree / "images/c.png").write_bytes(b"\x89PNG\r\n\x1a\n" + header + chunk(b"IEND", b""))
    write(tree / "labels/c.tif", some_labels())
    with pytest.raises(SecurityError, match=r"images/c.png"):
        read(tree)


def test_all_problems_come_in_one_message_before_anything_is_yielded(tree: Path) -> None:
    write(tree / "images/lone.tif", some_image())
    write(tree / "images/x.tif", some_image())
    write(tree / "images/x.png", some_image("uint8"))
    write(tree / "labels/x.tif", some_labels())
    write(tree / "labels/b_label.tif", some_labels(shape=(12, 14)))
    for i in range(12):
        write(tree / f"images/n{i:02}.tif", some_image())
        write(tree / f"labels/n{i:02}.tif", (some_labels() > 0).astype(np.uint8))
    with pytest.raises(ValueError, match=r"without a partner") as caught:
        next(folder_samples(acquisition(tree)))
    message = str(caught.value)
    for expected in ("images/lone.tif", "images/x.png, images/x.tif", "12 x 14", "labels/n02.tif ... (12 in all)"):
        assert expected in message
    assert "n03" not in message
    assert "\n" not in message


def test_a_tree_without_a_pair_or_without_a_folder(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"looked for images/ and labels/"):
        read(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"gone: no such folder; set acquire\.root"):
        read(tmp_path / "gone")


def test_links_inside_the_tree_are_files_and_a_linked_root_is_followed(tree: Path, tmp_path_factory) -> None:
    (tree / "images/b.tif").unlink()
    (tree / "images/b.tif").symlink_to(tree / "images/a.tif")
    linked = tmp_path_factory.mktemp("else") / "root"
    linked.symlink_to(tree)
    assert [sample.id for sample in read(linked)] == ["a", "b"]


@pytest.mark.parametrize("target", ["outside", "parent", "folder", "self"])
def test_links_that_lead_elsewhere_are_refused(tree: Path, tmp_path_factory, target: str) -> None:
    targets = {
        "outside": write(tmp_path_factory.mktemp("outside") / "c.tif", some_image()),
        "parent": tree.parent,
        "folder": tree / "images",
        "self": tree / "images/c.tif",
    }
    (tree / "images/c.tif").symlink_to(targets[target])
    with pytest.raises(SecurityError, match=r"images/c.tif: a link"):
        read(tree)


def test_a_link_to_nothing_is_refused(tree: Path) -> None:
    (tree / "images/c.tif").symlink_to(tree / "images/gone.tif")
    with pytest.raises(ValueError, match=r"images/c.tif: a link that points at nothing"):
        read(tree)


@pytest.mark.parametrize("name", ["images/c.tif", "pipe"])
def test_a_pipe_is_refused_without_being_opened(tree: Path, name: str) -> None:
    os.mkfifo(tree / name)
    with pytest.raises(SecurityError, match=f"{name}: a pipe"):
        read(tree)


def test_a_file_that_may_not_be_read_is_named(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = Path.open

    def refuse(path: Path, *args):
        if path.name == "b.tif":
            raise PermissionError(13, "Permission denied", str(path))
        return opened(path, *args)

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(ValueError, match=r"images/b.tif: cannot be read \(Permission denied\); make it readable"):
        read(tree)


def test_a_folder_named_like_an_image_is_no_image(tree: Path) -> None:
    (tree / "images/c.tif").mkdir()
    assert len(read(tree)) == 2


def test_a_file_that_changes_for_the_worse_during_the_run_is_noticed(tree: Path) -> None:
    samples = folder_samples(acquisition(tree))
    next(samples)
    (tree / "images/b.tif").write_bytes(b"")
    with pytest.raises(ValueError, match=r"images/b.tif: the file is empty"):
        next(samples)


@pytest.mark.real
def test_real_images_import(tmp_path: Path) -> None:
    if not (real := os.environ.get("CELLARENA_REAL_DATA")):
        pytest.skip("CELLARENA_REAL_DATA is unset: no real images to import")
    for image in sorted(Path(real, "images").iterdir())[:4]:
        for file in (image, Path(real, "labels", f"{image.stem}_label.tiff")):
            (tmp_path / file.parent.name).mkdir(exist_ok=True)
            shutil.copy(file, tmp_path / file.parent.name)
    rows = Path(real, "manifest.csv").read_text().splitlines()
    wanted = [
        row for row in rows if row.partition(",")[0] in {"image", *(p.stem for p in (tmp_path / "images").iterdir())}
    ]
    (tmp_path / "manifest.csv").write_text("\n".join(wanted))
    samples = read(tmp_path)
    assert len(samples) == 4
    assert "unknown" not in {sample.modality for sample in samples}
    assert all(sample.labels.max() > 0 for sample in samples)
