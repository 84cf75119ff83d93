"""Folders as programs and people leave them: read as they were meant, or refused with the way out."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from small_trees import annotated, masked, n_objects, read, scene, write

TILES = "slide_7 [x=0,y=0,w=24,h=24]", "slide_7 [x=24,y=0,w=24,h=24]"
PAIRED = {
    "QuPath's tile exporter": {f"{tile}.tif": f"{tile}-labelled.tif" for tile in TILES},
    "QuPath's OME-TIFF tiles": {f"{tile}.ome.tif": f"{tile}-labelled.png" for tile in TILES},
    "Cellpose's training pairs": {"a_img.tif": "a_masks.tif", "b_img.tif": "b_masks.tif"},
    "image and masks as last words": {"a_image.tiff": "a_masks.tiff", "b_image.tiff": "b_masks.tiff"},
    "OME on one side": {"images/a.ome.tif": "labels/a.tif", "images/b.ome.tif": "labels/b.tif"},
    "OME and a word": {"images/a.ome.tif": "labels/a_masks.tif", "images/b.ome.tiff": "labels/b.ome_masks.tif"},
    "the image's suffix left inside": {"images/a.tif": "labels/a.tif_mask.png", "images/b.tif": "labels/b_mask.png"},
    "prefixes": {"images/img_1.tif": "labels/mask_1.tif", "images/img_2.tif": "labels/mask_2.tif"},
    "prefixes in one folder": {"img_001.tif": "mask_001.tif", "img_002.tif": "mask_002.tif"},
    "prefix of labels alone": {"images/a.png": "labels/gt_a.png", "images/b.png": "labels/gt_b.png"},
    "prefix and suffix": {"img_1.png": "img_1_mask.png", "img_2.png": "img_2_mask.png"},
    "words of what is labelled": {"image_1.tif": "nucleus_masks_1.tif", "image_2.tif": "nucleus_masks_2.tif"},
    "nnU-Net": {"imagesTr/c_1_0000.png": "labelsTr/c_1.png", "imagesTr/c_2_0000.png": "labelsTr/c_2.png"},
    "nnU-Net's dataset below": {"Dataset1/imagesTr/c_0000.png": "Dataset1/labelsTr/c.png"},
    "subset in the folder's name": {"train_images/1.tif": "train_masks/1.tif", "val_images/2.tif": "val_masks/2.tif"},
    "folders with another word": {"lung images/1.tif": "lung masks/1.tif", "lung images/2.tif": "lung masks/2.tif"},
    "labels below the images": {"a.tif": "masks/a_mask.tif", "b.tif": "masks/b_mask.tif"},
    "labels below the images of sets": {"day1/a.tif": "day1/masks/a.tif", "day2/b.tif": "day2/masks/b.tif"},
    "labels beside a folder of any name": {"dapi/a.tif": "masks/a.tif", "dapi/b.tif": "masks/b.tif"},
    "labels beside folders that mirror them": {"plate/w1/a.tif": "gt/w1/a.tif", "plate/w2/b.tif": "gt/w2/b.tif"},
    "JPEG beside PNG": {"a.jpg": "a.png", "b.JPG": "b.png"},
    "labelme's VOC": {"JPEGImages/a.jpg": "SegmentationObject/a.png", "JPEGImages/b.jpg": "SegmentationObject/b.png"},
    "a data set of StarDist": {"train/images/a.tif": "train/masks/a.tif", "test/images/b.tif": "test/masks/b.tif"},
    "ZeroCost": {"Training - Images/a.tif": "Training - Masks/a.tif", "Test - Images/b.tif": "Test - Masks/b.tif"},
    "source and target": {"training/source/a.tif": "training/target/a.tif", "test/source/b.tif": "test/target/b.tif"},
    "ilastik": {"a.tif": "a_Object Identities.tif", "b.tif": "b_Object Identities.tif"},
    "TrackMate": {"a.tif": "LblImg_a.tif", "b.tif": "LblImg_b.tif"},
    "Roboflow": {"train/a.rf.12.jpg": "train/a.rf.12_mask.png", "test/b.rf.3.jpg": "test/b.rf.3_mask.png"},
    "two layouts in one tree": {"train/a.tif": "train/a_mask.tif", "test/images/b.tif": "test/labels/b.tif"},
    "a folder per label image": {"images/a.png": "masks/a/a.png", "images/b.png": "masks/b/b_mask.png"},
    "a folder per image": {"s1/image.tif": "s1/mask.tif", "s2/image.tif": "s2/mask.tif"},
    "labelme's folder per image": {"a_json/img.png": "a_json/label.png", "b_json/img.png": "b_json/label.png"},
    "upper case": {"Images/A.TIF": "Masks/A_MASK.TIF", "Images/B.TIF": "Masks/B_MASK.TIF"},
    "channels as images of their own": {"images/1_DAPI.tif": "mask/1_DAPI.tif", "images/1_GFP.tif": "mask/1_GFP.tif"},
    "one name inside the other": {"exp.tif": "exp_mask.tif", "exp_cell.tif": "exp_cell_mask.tif"},
    "numbers that end alike": {"images/1_0000.tif": "labels/1_0000.tif", "images/1_0001.tif": "labels/1_0001.tif"},
}  # fmt: skip


@pytest.mark.parametrize("kind", PAIRED)
def test_pairs_are_those_that_were_meant(tmp_path: Path, kind: str) -> None:
    samples = read(annotated(tmp_path, PAIRED[kind]))
    assert len(samples) == len(PAIRED[kind])
    for sample in samples:
        number = n_objects(sample)
        expected, labels = scene(number)
        assert np.allclose(sample.image, expected, atol=40)
        assert int(sample.image[0, 0]) == pytest.approx(int(expected[0, 0]), abs=3)
        assert np.array_equal(sample.labels, labels)
    assert sorted(map(n_objects, samples)) == list(range(1, len(samples) + 1))


MASKED = {
    "DSB": {"s1/images/s1.png": ["s1/masks/x.png", "s1/masks/y.png"], "s2/images/s2.png": ["s2/masks/z.png"]},
    "an image above its masks": {"s1/i.png": ["s1/masks/0.png", "s1/masks/1.png"], "s2/i.png": ["s2/masks/0.png"]},
    "a folder of masks per image": {
        "images/a.png": ["masks/a/1.png", "masks/a/2.png"], "images/b.png": ["masks/b/1.png"],
    },
    "the same for two sets": {
        "train/images/a.png": ["train/masks/a/1.png"],
        "test/images/b.png": ["test/masks/b/1.png", "test/masks/b/2.png"],
    },
    "bare numbers in one folder": {"images/a.png": ["gt/a_1.png", "gt/a_2.png"], "images/b.png": ["gt/b_1.png"]},
    "numbered masks in one folder": {
        "images/i0.png": ["masks/i0_mask0.png", "masks/i0_mask1.png"], "images/i1.png": ["masks/i1_mask0.png"],
    },
}  # fmt: skip


@pytest.mark.parametrize("kind", MASKED)
def test_binary_masks_become_objects(tmp_path: Path, kind: str) -> None:
    samples = read(masked(tmp_path, MASKED[kind]))
    assert sorted(map(n_objects, samples)) == sorted(map(len, MASKED[kind].values()))


@pytest.mark.parametrize("clutter", [".DS_Store", "Thumbs.db"])
@pytest.mark.parametrize(
    ("kind", "folder", "image"),
    [("DSB", "s3/masks", "s3/images/s3.png"), ("a folder of masks per image", "masks/c", "images/c.png")],
)
def test_an_empty_folder_of_masks_is_an_image_without_objects(
    tmp_path: Path, kind: str, folder: str, image: str, clutter: str
) -> None:
    masked(tmp_path, {**MASKED[kind], image: []})
    with pytest.raises(ValueError, match=f"without a partner of the same name: {image}"):
        read(tmp_path)
    (tmp_path / folder).mkdir(parents=True)
    (tmp_path / folder / clutter).write_bytes(b"x")
    assert sorted(map(n_objects, read(tmp_path))) == [0, 1, 2]


def test_channels_in_files_of_their_own_become_one_image(tmp_path: Path) -> None:
    for case in ("a", "b"):
        for channel in range(2):
            write(tmp_path / f"imagesTr/{case}_000{channel}.tif", np.full((24, 24), 10 * (channel + 1), np.uint16))
        write(tmp_path / f"labelsTr/{case}.tif", scene(2)[1])
    first, second = read(tmp_path)
    assert (first.id, second.id, first.channel_names) == ("a", "b", ("1", "2"))
    assert first.image.shape == (24, 24, 2)
    assert first.image[0, 0].tolist() == [10, 20]
    (only,) = {s.image.shape for s in read(tmp_path, channels=[2])}
    assert only == (24, 24)
    with pytest.raises(
        ValueError, match=r"imagesTr/a_0000.tif, imagesTr/b_0000.tif: lacks the channel '3'; it has 1, 2"
    ):
        read(tmp_path, channels=[3])
    (tmp_path / "imagesTr/b_0001.tif").unlink()
    with pytest.raises(ValueError, match=r"imagesTr/b_0000.tif: its channels are 0000, expected 0000, 0001"):
        read(tmp_path)


def test_unlabelled_test_images_of_nnunet_are_left_alone_and_said(tmp_path: Path, capsys) -> None:
    annotated(tmp_path, PAIRED["nnU-Net"])
    write(tmp_path / "imagesTs/t_0000.png", scene(3)[0])
    assert [sample.id for sample in read(tmp_path)] == ["c_1", "c_2"]
    assert "imagesTs/t_0000.png" in capsys.readouterr().err


def test_what_cellpose_leaves_beside_its_masks_is_left_alone_and_said(tmp_path: Path, capsys) -> None:
    annotated(tmp_path, {f"{name}.tif": f"{name}_cp_masks.tif" for name in ("a", "b")})
    clutter = ["a_flows_cp_masks.tif", "a_outlines_cp_masks.png", "b_flows.tif", "b_cp_output.png", "b_cellprob.tif"]
    for name in clutter:
        write(tmp_path / name, np.zeros((24, 24), np.uint8))
    (tmp_path / "a_seg.npy").write_bytes(b"\x93NUMPY")
    assert list(map(n_objects, read(tmp_path))) == [1, 2]
    said = capsys.readouterr().err
    assert all(name in " ".join(said.split()) for name in ("a_seg.npy", "a_flows_cp_masks.tif", "b_flows.tif"))


def test_cellpose_folders_beside_the_images(tmp_path: Path) -> None:
    annotated(tmp_path, {f"{name}.tif": f"masks/{name}_cp_masks.tif" for name in ("a", "b")})
    for folder in ("flows", "outlines"):
        write(tmp_path / folder / f"a_{folder}_cp_masks.png", np.zeros((24, 24), np.uint8))
        write(tmp_path / folder / "a.png", np.zeros((24, 24), np.uint8))
    assert list(map(n_objects, read(tmp_path))) == [1, 2]


def test_palette_labels_beside_jpeg_images_pair_only_where_all_do(tmp_path: Path, capsys) -> None:
    annotated(tmp_path, {"a.jpg": "a.png", "b.jpg": "b.png"})
    write(tmp_path / "c.jpg", scene(1)[0])
    with pytest.raises(ValueError, match="no annotated image among 5 files"):
        read(tmp_path)
    assert capsys.readouterr().out == "image,label\na.jpg,a.png\nb.jpg,b.png\nc.jpg,\n"


def test_two_files_of_one_name_of_which_either_may_be_the_labels_are_refused(tmp_path: Path) -> None:
    annotated(tmp_path, {"a.tif": "a.png", "b.tif": "b.png"})
    with pytest.raises(ValueError, match=r"the lines on stdout would pair them: .*manifest\.csv"):
        read(tmp_path)


REFUSED = {
    "01_GT/SEG/man_seg000.tif: a Cell Tracking Challenge folder.*images/01_t000.tif and labels/01_t000.tif": [
        "01/t000.tif", "01/t001.tif", "01_GT/SEG/man_seg000.tif", "01_GT/TRA/man_track000.tif",
    ],
    "annotations/instances.json: polygons as JSON": ["images/a.png", "annotations/instances.json"],
    "train/_annotations.coco.json: polygons as JSON": ["train/a.jpg", "train/_annotations.coco.json"],
    "labels/a.txt: outlines or boxes as text": ["images/a.png", "labels/a.txt", "data.yaml"],
    "a.json: polygons as JSON": ["a.jpg", "a.json"],
    "Annotations/a.xml: annotations as XML": ["Tissue Images/a.tif", "Annotations/a.xml"],
    "a_seg.npy: Cellpose's _seg.npy.*save the masks from Cellpose": ["a.tif", "a_seg.npy"],
    "Labels/a.mat: arrays in a file": ["Images/a.png", "Labels/a.mat"],
    r"imagesTr/a_0000.nii.gz: images in a format that is not read.*\(2 such files\)": [
        "imagesTr/a_0000.nii.gz", "labelsTr/a.nii.gz",
    ],
}  # fmt: skip


@pytest.mark.parametrize("message", REFUSED)
def test_annotations_in_another_form_are_refused_by_name(tmp_path: Path, message: str) -> None:
    for path in REFUSED[message]:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(b"x")
    with pytest.raises(ValueError, match=message):
        read(tmp_path)


def test_what_cannot_be_paired_is_offered_as_a_manifest_that_pairs_it(tmp_path: Path, capsys) -> None:
    annotated(tmp_path, {f"images/cell_{n}.tif": f"labels/nuc-{n:03d}-final.tif" for n in (1, 2, 10)})
    write(tmp_path / "images/cell_11.tif", scene(4)[0])
    with pytest.raises(ValueError, match=r"without a partner.*the lines on stdout would pair them"):
        read(tmp_path)
    draft = capsys.readouterr().out
    assert draft.splitlines() == [
        "image,label",
        "images/cell_1.tif,labels/nuc-001-final.tif",
        "images/cell_10.tif,labels/nuc-010-final.tif",
        "images/cell_11.tif,",
        "images/cell_2.tif,labels/nuc-002-final.tif",
    ]
    (tmp_path / "manifest.csv").write_text(draft)
    with pytest.raises(ValueError, match=r"line 4, image images/cell_11.tif: names no label"):
        read(tmp_path)
    (tmp_path / "images/cell_11.tif").unlink()
    (tmp_path / "manifest.csv").write_text(draft.replace("images/cell_11.tif,\n", ""))
    assert sorted(map(n_objects, read(tmp_path))) == [1, 2, 3]


def test_the_offered_partner_lies_near(tmp_path: Path, capsys) -> None:
    annotated(tmp_path, {f"s{n}/dapi.tif": f"s{n}/nuclei mask.tif" for n in (1, 2)})
    with pytest.raises(ValueError, match="the lines on stdout would pair them"):
        read(tmp_path)
    lines = capsys.readouterr().out.splitlines()
    assert lines == ["image,label", "s1/dapi.tif,s1/nuclei mask.tif", "s2/dapi.tif,s2/nuclei mask.tif"]


def test_an_ambiguous_choice_is_settled_by_the_column_label(tmp_path: Path, capsys) -> None:
    annotated(tmp_path, {"images/a.tif": "labels/a.tif", "images/b.tif": "labels/b.tif"})
    for name in "ab":
        write(tmp_path / f"masks/{name}.tif", scene(9)[1])
    with pytest.raises(ValueError, match=r"ambiguous: .*name it in the column label of manifest\.csv"):
        read(tmp_path)
    draft = capsys.readouterr().out
    assert sorted(draft.replace("labels/", "masks/").splitlines()[-2:]) == [",masks/a.tif", ",masks/b.tif"]
    (tmp_path / "manifest.csv").write_text(draft)
    with pytest.raises(ValueError, match=r"line 4 names no image but holds '\w+/a.tif'"):
        read(tmp_path)
    (tmp_path / "manifest.csv").write_text("image,label\na,labels/a.tif\nb,labels/b.tif\n")
    capsys.readouterr()
    assert list(map(n_objects, read(tmp_path))) == [1, 2]
    assert "masks/a.tif, masks/b.tif" in capsys.readouterr().err


def test_the_folders_of_nuinsseg(tmp_path: Path) -> None:
    annotated(tmp_path, {f"human liver/tissue images/{n}.png": f"human liver/label masks/{n}.tif" for n in "ab"})
    for folder in ("mask binary", "label masks modify", "distance maps", "overlay", "vague areas"):
        for name in "ab":
            write(tmp_path / "human liver" / folder / f"{name}.png", scene(9)[1])
    assert list(map(n_objects, read(tmp_path))) == [1, 2]


def test_palette_labels_of_a_voc_tree_are_those_of_objects_not_classes(tmp_path: Path) -> None:
    annotated(tmp_path, {f"JPEGImages/{n}.jpg": f"SegmentationObject/{n}.png" for n in "ab"})
    for folder in ("SegmentationClass", "SegmentationClassVisualization", "SegmentationObjectVisualization"):
        Pillow.fromarray(np.zeros((24, 24), np.uint8)).save(_made(tmp_path / folder) / "a.png")
    assert list(map(n_objects, read(tmp_path))) == [1, 2]


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder
