"""Images of anybody's by a released model: what is written, what is not done again, what is refused."""

import os
import struct
import zlib

import numpy as np
import pandas as pd
import pytest
import tifffile

from cellarena.images.io import content_sha256, read_image, write_image, write_png
from cellarena.registry import open_release
from cellarena.registry.origins import file_sha256, read_origin
from released import copied, discs, new_project


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    return new_project(tmp_path_factory.mktemp("released"))


@pytest.fixture
def project(original, tmp_path, monkeypatch):
    """A project with a release, and a folder `images` beside it with two images."""
    monkeypatch.setenv("CELLARENA_CACHE", str(tmp_path / "cache"))
    write_image(discs(1)[0], tmp_path / "images/b.tiff")
    write_png(np.repeat((discs(2)[0] >> 8).astype(np.uint8)[..., None], 3, axis=2), tmp_path / "images/a.png")
    return copied(original, tmp_path)


def bomb(path):
    """Write a PNG whose header declares 100,000 x 100,000 pixels."""

    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 0, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"0")) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + body)


def test_labels_are_those_of_the_python_interface_and_say_what_made_them(project, tmp_path, cellarena):
    outcome = cellarena(project.root, "segment", "../images", "--release", "unet#prod", "-o", "../out")
    assert outcome.code == 0, outcome.err
    assert "2 segmented, 0 unchanged" in outcome.out
    model = open_release("unet#prod", repo=str(project.root))
    for name, stem in (("a.png", "a"), ("b.tiff", "b")):
        path, image = tmp_path / "out" / f"{stem}.tiff", tmp_path / "images" / name
        labels = read_image(path)
        np.testing.assert_array_equal(labels, model.segment(image))
        assert labels.dtype == np.uint16
        origin = read_origin(path)
        assert (origin.image, origin.image_sha256) == (name, file_sha256(image))
        assert (origin.release.name, origin.release.version) == ("unet", "v1.0.0")
        assert origin.release.commit == project.git("rev-parse", "HEAD").strip()
        assert origin.weights == model.package.weights
    assert not (tmp_path / "out/overlays").exists()


def test_the_table_holds_every_object_as_measured_by_hand(project, tmp_path, cellarena):
    cellarena(project.root, "segment", "../images", "--release", "unet", "-o", "../out")
    table = pd.read_csv(tmp_path / "out/objects.csv")
    assert list(table[["image", "label"]].itertuples(index=False)) == sorted(
        table[["image", "label"]].itertuples(index=False)
    )
    labels, image = read_image(tmp_path / "out/b.tiff"), read_image(tmp_path / "images/b.tiff")
    rows = table[table["image"] == "b.tiff"].set_index("label")
    assert sorted(rows.index) == [label for label in np.unique(labels) if label]
    for label, row in rows.iterrows():
        y, x = np.nonzero(labels == label)
        assert row["area"] == len(y)
        np.testing.assert_allclose(row[["y", "x"]].astype(float), [y.mean(), x.mean()], rtol=1e-5)
        assert row[["top", "left", "bottom", "right"]].tolist() == [y.min(), x.min(), y.max() + 1, x.max() + 1]
        np.testing.assert_allclose(row["mean_1"], image[y, x].mean(), rtol=1e-5)
    assert rows[["mean_2", "mean_3"]].isna().all(axis=None)
    assert table.loc[table["image"] == "a.png", "mean_3"].notna().all()


def test_a_second_call_segments_only_what_changed(project, tmp_path, cellarena):
    call = ("segment", "../images", "--release", "unet", "-o", "../out", "--overlay")
    cellarena(project.root, *call)
    kept = (tmp_path / "out/a.tiff").stat().st_mtime_ns
    tables = [(tmp_path / "out" / name).read_bytes() for name in ("objects.csv", "images.csv")]
    again = cellarena(project.root, *call)
    assert "0 segmented, 2 unchanged" in again.out
    assert (tmp_path / "out/objects.csv").read_bytes() == tables[0]
    write_image(discs(9)[0], tmp_path / "images/b.tiff")
    assert "1 segmented, 1 unchanged" in cellarena(project.root, *call).out
    assert (tmp_path / "out/a.tiff").stat().st_mtime_ns == kept
    assert read_origin(tmp_path / "out/b.tiff").image_sha256 == file_sha256(tmp_path / "images/b.tiff")


def test_an_edited_label_image_and_one_of_another_release_are_made_anew(project, tmp_path, cellarena):
    call = ("segment", "../images", "--release", "unet", "-o", "../out")
    cellarena(project.root, *call)
    right = (tmp_path / "out/a.tiff").read_bytes()
    tifffile.imwrite(tmp_path / "out/a.tiff", np.ones((64, 64), np.uint16), description=read_origin(
        tmp_path / "out/a.tiff").describe(), metadata=None)  # fmt: skip
    assert "1 segmented, 1 unchanged" in cellarena(project.root, *call).out
    assert (tmp_path / "out/a.tiff").read_bytes() == right
    project.commit("Nothing new")
    project.tag("unet@v1.1.0")
    assert "2 segmented, 0 unchanged" in cellarena(project.root, *call).out
    assert read_origin(tmp_path / "out/a.tiff").release.version == "v1.1.0"


def test_overlays_show_a_line_inside_every_object(project, tmp_path, cellarena):
    cellarena(project.root, "segment", "../images", "--release", "unet", "-o", "../out", "--overlay")
    labels, drawn = read_image(tmp_path / "out/b.tiff"), read_image(tmp_path / "out/overlays/b.png")
    assert drawn.shape == (256, 256, 3)
    line = (drawn == (255, 233, 46)).all(axis=2)
    within = np.repeat(np.repeat(labels, 4, axis=0), 4, axis=1)
    assert set(np.unique(within[line])) == set(np.unique(labels)) - {0}


def test_one_broken_image_is_named_and_the_others_are_whole(project, tmp_path, cellarena):
    (tmp_path / "images/c.tif").write_bytes(b"no image")
    (tmp_path / "images/d.png").write_bytes((tmp_path / "images/a.png").read_bytes()[:200])
    tifffile.imwrite(tmp_path / "images/e.tif", np.full((9, 9), np.nan, np.float32))
    outcome = cellarena(project.root, "segment", "../images", "--release", "unet", "-o", "../out")
    assert outcome.code == 3
    (line,) = [line for line in outcome.err.splitlines() if line.startswith("cellarena: ")]
    assert line.startswith("cellarena: 3 of 5 images not segmented: c.tif (")
    assert "d.png (" in line
    assert "e.tif (81 pixel values are NaN" in line
    assert sorted(path.name for path in (tmp_path / "out").glob("*.tiff")) == ["a.tiff", "b.tiff"]
    table = pd.read_csv(tmp_path / "out/images.csv").set_index("image")
    assert table["status"].to_dict() == {
        "a.png": "segmented", "b.tiff": "segmented", "c.tif": "failed", "d.png": "failed", "e.tif": "failed",
    }  # fmt: skip
    assert table.loc["c.tif":, "n_objects"].isna().all()


def test_what_an_image_that_fails_now_had_before_is_removed(project, tmp_path, cellarena):
    call = ("segment", "../images", "--release", "unet", "-o", "../out", "--overlay")
    cellarena(project.root, *call)
    (tmp_path / "images/a.png").write_bytes(b"")
    assert cellarena(project.root, *call).code == 3
    assert not (tmp_path / "out/a.tiff").exists()
    assert not (tmp_path / "out/overlays/a.png").exists()
    assert (tmp_path / "out/b.tiff").exists()


def test_an_image_that_declares_too_many_pixels_is_a_refusal_and_the_others_are_done(project, tmp_path, cellarena):
    bomb(tmp_path / "images/c.png")
    outcome = cellarena(project.root, "segment", "../images", "--release", "unet", "-o", "../out")
    assert outcome.code == 5
    assert "1 of 3 images not segmented: c.png (" in outcome.err
    assert (tmp_path / "out/b.tiff").exists()


def test_bytes_do_not_depend_on_when_they_are_made(project, tmp_path, cellarena):
    for out in ("../one", "../two"):
        cellarena(project.root, "segment", "../images", "--release", "unet", "-o", out, "--overlay")
    names = sorted(path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*") if path.is_file())
    assert len(names) == 6
    for name in names:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes(), name


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["same.png", "same.tif"], "label images would share a name"),
        (["Case.png", "case.png"], "label images would share a name"),
        (["new\nline.png"], "holds control characters"),
        ([os.fsdecode(b"no-utf8-\xff.png")], "is no UTF-8"),
        (["x" * 248 + ".png"], "too long"),
    ],
)
def test_names_that_cannot_be_written_are_refused_before_any_work(project, tmp_path, cellarena, names, said):
    for name in names:
        write_png(np.zeros((4, 4), np.uint8), tmp_path / "p.png")
        (tmp_path / "p.png").rename(tmp_path / "images" / name)
    outcome = cellarena(project.root, "segment", "../images", "--release", "unet", "-o", "../out")
    assert outcome.code == 2
    assert said in outcome.err
    assert outcome.err.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_file_of_somebody_else_is_never_written_over(project, tmp_path, cellarena):
    before = (tmp_path / "images/b.tiff").read_bytes()
    call = ("segment", "../images/b.tiff", "--release", "unet", "-o", "../images")
    assert "is there and was not written by" in cellarena(project.root, *call).err
    (tmp_path / "out").mkdir()
    write_image(discs()[1], tmp_path / "out/a.tiff")
    outcome = cellarena(project.root, "segment", "../images", "--release", "unet", "-o", "../out")
    assert (outcome.code, (tmp_path / "images/b.tiff").read_bytes()) == (2, before)
    assert content_sha256(read_image(tmp_path / "out/a.tiff")) == content_sha256(discs()[1])


@pytest.mark.parametrize(
    ("paths", "said"),
    [
        (["../empty"], "no image in ../empty"),
        (["../nosuch.png"], "neither a file nor a folder"),
        (["../pipe.png"], "neither a file nor a folder"),
        (["../out"], "images are read from there"),
    ],
)
def test_paths_without_images_are_refused(project, tmp_path, cellarena, paths, said):
    (tmp_path / "empty/folder.png").mkdir(parents=True)
    (tmp_path / "empty/._a.png").write_bytes(b"what a file manager left")
    (tmp_path / "out").mkdir()
    os.mkfifo(tmp_path / "pipe.png")
    outcome = cellarena(project.root, "segment", *paths, "--release", "unet", "-o", "../out")
    assert outcome.code == 2
    assert said in outcome.err


def test_elsewhere_the_address_is_enough(project, tmp_path, cellarena):
    bare = tmp_path / "bare.git"
    project.git("clone", "--quiet", "--bare", str(project.root), str(bare))
    config = project.root / ".dvc/config"
    config.write_text(config.read_text().replace("../../storage", str(project.remote)))
    project.commit("An absolute address")
    project.tag("unet@v2.0.0")
    project.git("push", "--quiet", "--tags", str(bare), "main")
    (tmp_path / "nowhere").mkdir()
    outcome = cellarena(
        tmp_path / "nowhere", "segment", "../images/a.png", "--release", "unet", "--repo", f"file://{bare}"
    )
    assert outcome.code == 0, outcome.err
    assert (tmp_path / "nowhere/segmented/a.tiff").is_file()
