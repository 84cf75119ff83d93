"""What a release makes of images as people store them: encodings, channels, pixel sizes, links that dangle."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import tifffile

from cellarena.images.io import read_image, read_picture, write_image
from cellarena.images.picture import Choice
from cellarena.registry import open_release
from encodings_of_one_picture import ENCODINGS
from released import copied, discs, new_project


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    return new_project(tmp_path_factory.mktemp("released"))


@pytest.fixture
def project(original, tmp_path, monkeypatch):
    monkeypatch.setenv("CELLARENA_CACHE", str(tmp_path / "cache"))
    (tmp_path / "images").mkdir()
    return copied(original, tmp_path)


def segment(project, cellarena, *options):
    return cellarena(project.root, "segment", "../images", "--release", "unet", "-o", "../out", *options)


def four_channels(path, names=("actin", "tubulin", "GFP", "DAPI")):
    nuclei, labels = discs(1)
    noise = np.random.default_rng(0).integers(900, 1100, (3, *nuclei.shape)).astype(np.uint16)
    metadata = {"axes": "CYX", "Channel": {"Name": list(names)}}
    tifffile.imwrite(path, np.stack([*noise, nuclei]), photometric="minisblack", ome=True, metadata=metadata)
    return nuclei, labels


def learnt_from(model, *kinds):
    data = model.package.data.model_copy(update={"channels": [list(kind) for kind in kinds]})
    return replace(model, package=model.package.model_copy(update={"data": data}))


def test_one_picture_in_many_encodings_has_the_same_objects(project, tmp_path, cellarena):
    picture = (discs(3)[0] >> 8).astype(np.uint8)
    for number, (suffix, write) in enumerate(ENCODINGS.values()):
        write(tmp_path / f"images/{number}.{suffix}", picture)
    assert segment(project, cellarena).code == 0
    found = [read_image(path) for path in (tmp_path / "out").glob("*.tiff")]
    assert len(found) == len(ENCODINGS)
    assert found[0].max() > 3
    assert all(np.array_equal(labels, found[0]) for labels in found)


def test_channels_are_asked_for_chosen_and_remembered(project, tmp_path, cellarena):
    nuclei, _ = four_channels(tmp_path / "images/four.ome.tif")
    refused = segment(project, cellarena)
    assert refused.code == 3
    assert "has 4 channels (1 'actin', 2 'tubulin', 3 'GFP', 4 'DAPI')" in refused.err
    assert segment(project, cellarena, "--channels", "DAPI").code == 0
    expected = open_release("unet", repo=str(project.root)).segment(nuclei)
    assert np.array_equal(read_image(tmp_path / "out/four.ome.tiff"), expected)
    assert "0 segmented, 1 unchanged" in segment(project, cellarena, "--channels", "DAPI").out
    assert "1 segmented, 0 unchanged" in segment(project, cellarena, "--channels", "1,4").out


def test_a_release_finds_the_channels_that_it_learnt_from_and_refuses_images_that_lack_them(project, tmp_path):
    nuclei, _ = four_channels(tmp_path / "four.ome.tif")
    model = open_release("unet", repo=str(project.root))
    of_nuclei = learnt_from(model, ["DAPI"])
    expected = model.segment(nuclei)
    assert np.array_equal(of_nuclei.segment(tmp_path / "four.ome.tif"), expected)
    assert np.array_equal(of_nuclei.segment(nuclei), expected)
    four_channels(tmp_path / "other.ome.tif", names=("actin", "tubulin", "GFP", "DNA"))
    with pytest.raises(ValueError, match="has 4 channels"):
        of_nuclei.segment(tmp_path / "other.ome.tif")
    assert np.array_equal(of_nuclei.segment(tmp_path / "other.ome.tif", channels=["DNA"]), expected)
    with pytest.raises(ValueError, match="its channels are red, green, blue, but the model learnt from DAPI"):
        of_nuclei.segment(np.dstack([nuclei] * 3))
    with pytest.raises(ValueError, match="its channels are GFP, DNA, but the model learnt from DAPI"):
        of_nuclei.segment(tmp_path / "other.ome.tif", channels=["GFP", "DNA"])


def test_grey_and_colour_stand_for_one_another_but_not_for_two_stains(project):
    model = learnt_from(open_release("unet", repo=str(project.root)), ["grey"])
    nuclei = discs(1)[0]
    expected = model.segment(nuclei)
    assert np.array_equal(model.segment(np.dstack([nuclei] * 3)), expected)
    with pytest.raises(ValueError, match="its channels are 1, 2, but the model learnt from grey"):
        model.segment(np.dstack([nuclei, nuclei // 2]))
    assert np.array_equal(model.segment(np.dstack([nuclei, nuclei // 2]), channels=[1]), expected)
    with pytest.raises(ValueError, match="has 5 channels"):
        model.segment(np.dstack([nuclei] * 5))


def test_sizes_in_micrometres_follow_from_the_file(project, tmp_path, cellarena):
    image = discs(1)[0]
    tifffile.imwrite(tmp_path / "images/a.tif", image, imagej=True, resolution=(4, 2), metadata={"unit": "um"})
    write_image(image, tmp_path / "images/b.tif")
    assert segment(project, cellarena).code == 0
    table = pd.read_csv(tmp_path / "out/objects.csv")
    calibrated, unknown = (table[table["image"] == name] for name in ("a.tif", "b.tif"))
    np.testing.assert_allclose(calibrated["area_um2"], calibrated["area"] * 0.125, rtol=1e-5)
    np.testing.assert_allclose(calibrated["y_um"], calibrated["y"] * 0.5, rtol=1e-4)
    np.testing.assert_allclose(calibrated["x_um"], calibrated["x"] * 0.25, rtol=1e-4)
    assert unknown[["area_um2", "y_um", "x_um"]].isna().all(axis=None)
    assert read_picture(tmp_path / "out/a.tiff", Choice()).pixel_size == pytest.approx((0.5, 0.25))
    assert read_picture(tmp_path / "out/b.tiff", Choice()).pixel_size is None
    images = pd.read_csv(tmp_path / "out/images.csv").set_index("image")
    assert images.loc["a.tif", ["pixel_height_um", "pixel_width_um"]].tolist() == [0.5, 0.25]


def test_a_link_that_dangles_is_a_row_and_named(project, tmp_path, cellarena):
    write_image(discs(1)[0], tmp_path / "images/a.tif")
    (tmp_path / "images/b.tif").symlink_to("/mnt/nas/that/is/not/mounted.tif")
    outcome = segment(project, cellarena)
    assert outcome.code == 3
    assert "b.tif (a link that points at nothing" in outcome.err
    images = pd.read_csv(tmp_path / "out/images.csv").set_index("image")
    assert images["status"].to_dict() == {"a.tif": "segmented", "b.tif": "failed"}
    alone = cellarena(project.root, "segment", "../images/b.tif", "--release", "unet", "-o", "../alone")
    assert (alone.code, (tmp_path / "alone/images.csv").is_file()) == (3, True)


def test_a_folder_is_no_image(project, tmp_path):
    with pytest.raises(ValueError, match=r"images: a folder; name an image file"):
        open_release("unet", repo=str(project.root)).segment(tmp_path / "images")
