"""What people write into manifest.csv and how they call folders: every word of it is used, or the import ends."""

from pathlib import Path

import pytest

from cellarena.datasets.sources.spec import Sample
from small_trees import annotated, n_objects, read, scene, write


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Return a tree of two pairs, `a` and `b`."""
    return annotated(tmp_path, {"images/a.tif": "labels/a.tif", "images/b.tif": "labels/b_label.tif"})


def noted(tree: Path, content: str | bytes, encoding: str = "utf-8") -> list[Sample]:
    (tree / "manifest.csv").write_bytes(content.encode(encoding) if isinstance(content, str) else content)
    return read(tree)


def refused(tree: Path, content: str | bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        noted(tree, content)
    assert "\n" not in str(caught.value)


FULL = """image,label,modality,group,subset,pixel_size
a.tif,a.tif,phase contrast,well 1,train,0.5
b,b_label,DIC,,Test,0.25 x 0.5
"""


def test_every_column_arrives(tree: Path) -> None:
    a, b = noted(tree, FULL)
    assert (a.modality, a.group, a.subset, a.pixel_size) == ("phase contrast", "well 1", "train", (0.5, 0.5))
    assert (b.modality, b.group, b.subset, b.pixel_size) == ("DIC", "", "test", (0.25, 0.5))


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (FULL, "utf-8-sig"),
        (FULL.replace("\n", "\r\n"), "utf-8-sig"),
        (FULL.replace("\n", "\r\n").replace(",", "\t"), "utf-16"),
        (FULL.replace(",", ";").replace("0.5", "0,5"), "utf-8"),
        ("sep=;\n" + FULL.replace(",", ";"), "utf-8"),
        (FULL.replace("image,label", " Image , LABEL ").replace("pixel_size", "Pixel size (\u00b5m)"), "utf-8"),
        (FULL.replace("phase contrast", '"phase contrast"').replace("well 1", " well 1\u00a0"), "utf-8"),
        (FULL.replace("\n", ",,\n") + ",,,,,,,\n\n,,,,,,,\n", "utf-8"),
        ("\n" + FULL, "utf-8"),
        (FULL.replace("\n", "\r"), "utf-8"),
        (FULL.replace("a.tif,a.tif", '="a",="a.tif"'), "utf-8"),
        (FULL.replace("a.tif,a.tif", "images/a.tif,labels/a.tif"), "utf-8"),
        (FULL.replace("a.tif,a.tif", "./images/a,.\\labels\\a.TIF"), "utf-8"),
        (FULL.replace("a.tif,a.tif", "D:\\plate 7\\images\\a.tif,D:\\plate 7\\labels\\a.tif"), "utf-8"),
        (FULL.replace("a.tif,a.tif", "A.TIF,A.TIF"), "utf-8"),
        (FULL.replace("a.tif,a.tif", "a.png,a"), "utf-8"),
        (FULL.replace("0.25 x 0.5", "0.25\u00b5m \u00d7 0.5 um").replace("train,0.5", "Training,5e-1"), "utf-8"),
    ],
)  # fmt: skip
def test_it_is_read_as_editors_and_spreadsheets_write_it(tree: Path, content: str, encoding: str) -> None:
    a, b = noted(tree, content, encoding)
    assert (a.modality, a.group, a.subset, a.pixel_size) == ("phase contrast", "well 1", "train", (0.5, 0.5))
    assert (b.modality, b.group, b.subset, b.pixel_size) == ("DIC", "", "test", (0.25, 0.5))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("image,modality\na,x\n", r"images without a row: images/b\.tif"),
        ("image,modality\na,x\nb,x\nc.tif,x\n", r"rows without an image: c\.tif; every row"),
        ("image,modality\na,x\nc,x\n", r"rows without an image: c; images without a row: images/b\.tif"),
        ("image,modality\na,x\na.tif,y\nb,x\n", r"names a\.tif twice; keep one row"),
        ("image\n", r"images without a row: images/a\.tif, images/b\.tif"),
        ("", "is empty"),
        ("\n,,\n", "is empty"),
        ("name,modality\na,x\n", r"lacks the column image, has name, modality; columns that are read: image, label"),
        ("image,image\na,a\n", "has the column image twice"),
        ("image,grup\na,x\nb,y\n", "the column 'grup' is not read; if it is meant as group, call it so"),
        ("image,Modalities\na,x\nb,y\n", "'modalities' is not read; if it is meant as modality"),
        ("image,split\na,x\nb,y\n", "'split' is not read; if it is meant as subset"),
        ("image,set\na,train\nb,test\n", "'set' is not read; if it is meant as subset"),
        ("image,mask\na,x\nb,y\n", "'mask' is not read; if it is meant as label"),
        ("image,mask_file\na,a.tif\nb,b_label.tif\n", "'mask_file' is not read; if it is meant as label"),
        ("image,pixel size (nm)\na,500\nb,500\n", "not read; if it is meant as pixel_size"),
        ("image,\na,x\nb,y\n", "column 2 has no name but holds 'x'"),
        ("image,modality\na,x, y\nb,z\n", "line 2 has more cells than the 2 columns; quote"),
        ("image,modality\n,x\n", "line 2 names no image but holds 'x'"),
        ("image,subset\na,train\nb,holdout\n", r"line 3, image b: subset 'holdout'; write train, val or test"),
        ("image,pixel_size\na,0\nb,1\n", r"line 2, image a: pixel_size '0'; write µm per pixel"),
        ("image,pixel_size\na,250 nm\nb,1\n", "pixel_size '250 nm'"),
        ("image,pixel_size\na,-1\nb,1\n", "pixel_size '-1'"),
        ("image,modality\na,DIC\nb,dic\n", "modalities 'DIC' and 'dic' differ in spelling only"),
        ("image,group\na,Patient 1\nb,patient_1\n", "groups 'Patient 1' and 'patient_1' differ in spelling only"),
        ("image,group\na,007\nb,7\n", "groups '007' and '7' differ in spelling only"),
        ("image,label\na,a\nb,\n", "line 3, image b: names no label"),
        ("image,label\na,a\nb,gone.tif\n", r"line 3: its label gone\.tif is no image file of the tree"),
        ("image,label\na,a\nc,b_label\n", "line 3: its image c is no image file of the tree"),
        ("image,label\na,a\nb,a\n", r"names labels/a\.tif twice"),
        ("image,label\na,a\n", r"images without a row: images/b\.tif"),
        (b"image,modality\na,\xff\xfe\n", "no UTF-8 CSV file .*save it as `CSV UTF-8`"),
        (b"PK\x03\x04 a workbook", "an Excel workbook by its content"),
        (b'image,modality\na,"x\n', "no CSV file"),
    ],
)
def test_whatever_would_be_lost_is_refused(tree: Path, content: str | bytes, message: str) -> None:
    refused(tree, content, f"manifest.csv: .*{message}")


def test_columns_that_nothing_is_taken_from_are_named(tree: Path, capsys) -> None:
    a, _ = noted(tree, "image,cells,set,my_group,my_preview\na,3,s1,x,a.jpg\nb,4,s2,y,b.jpg\n")
    assert a.group == ""
    assert "cells, set, my_group, my_preview" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("stems", "written", "hint"),
    [
        (("001", "010"), ("1", "10"), "1 may be 001: Excel dropped leading zeros; format the column as text"),
        (("099", "100"), ("99", "100"), "99 may be 099: Excel dropped leading zeros"),
        (("1.10", "1.2"), ("1.1", "1.2"), "1.1 may be 1.10: Excel rewrote it as a number"),
        (("1E5", "2"), ("1.00E+05", "2"), "may be 1E5: Excel rewrote it"),
        (("202301011230", "b"), ("2.02301E+11", "b"), "Excel shortened it as a number"),
        (("3-2", "b"), ("03-Feb", "b"), "Excel made a date of it"),
    ],
)
def test_a_spreadsheet_that_rewrote_names_is_told(tmp_path: Path, stems, written, hint: str) -> None:
    annotated(tmp_path, {f"images/{stem}.tif": f"labels/{stem}.tif" for stem in stems})
    rows = "".join(f"{name},g\n" for name in written)
    refused(tmp_path, f"image,group\n{rows}", hint.replace("+", r"\+"))
    rows = "".join(f"{name},{name}\n" for name in written)
    refused(tmp_path, f"image,label\n{rows}", hint.replace("+", r"\+"))


def test_the_column_label_settles_any_names(tmp_path: Path) -> None:
    annotated(tmp_path, {"raw data/x1.tif": "done by Ann/p.tif", "raw data/x2.tif": "done by Ann/q.tif"})
    write(tmp_path / "done by Ann/old/r.tif", scene(9)[1])
    samples = noted(tmp_path, "image;label\nx1;p.tif\nx2;q.tif\n")
    assert [(sample.id, n_objects(sample)) for sample in samples] == [("x1", 1), ("x2", 2)]


def test_the_column_label_tells_image_and_label_of_one_name_apart(tmp_path: Path) -> None:
    annotated(tmp_path, {f"images/{n}.tif": f"labels/{n}.tif" for n in ("001", "002")})
    assert list(map(n_objects, noted(tmp_path, "image,label\n001,002\n002,001\n"))) == [2, 1]


def test_the_column_label_may_name_what_looks_like_a_picture_made_of_the_image(tmp_path: Path) -> None:
    annotated(tmp_path, {f"{n}.tif": f"{n}_contours.tif" for n in "ab"})
    samples = noted(tmp_path, "image,label\na,a_contours\nb,b_contours\n")
    assert list(map(n_objects, samples)) == [1, 2]


def test_groups_of_other_numbers_are_others(tree: Path) -> None:
    assert [s.group for s in noted(tree, "image,group\na,1.05\nb,1.5\n")] == ["1.05", "1.5"]


def test_an_empty_column_label_is_none(tree: Path) -> None:
    assert list(map(n_objects, noted(tree, "image,label\na,\nb,\n"))) == [1, 2]


def test_files_beside_named_images_are_forgotten_rows_or_made_of_them(tmp_path: Path, capsys) -> None:
    annotated(tmp_path, {"a.tif": "x.tif", "b.tif": "y.tif"})
    write(tmp_path / "a_overlay.tif", scene(9)[0])
    write(tmp_path / "b_mask.tif", scene(9)[1])
    assert list(map(n_objects, noted(tmp_path, "image,label\na,x\nb,y\n"))) == [1, 2]
    assert "a_overlay.tif, b_mask.tif" in capsys.readouterr().err
    write(tmp_path / "c.tif", scene(3)[0])
    refused(tmp_path, "image,label\na,x\nb,y\n", "images without a row: c.tif; add a row, or take the file out")


def test_images_of_several_sets_are_named_by_path_or_id(tmp_path: Path) -> None:
    annotated(tmp_path, {f"{part}/images/1.tif": f"{part}/labels/1.tif" for part in ("day1", "day2")})
    samples = noted(tmp_path, "image,modality\nday2_1,DIC\nday1/images/1.tif,phase\n")
    assert [(sample.id, sample.modality) for sample in samples] == [("day1_1", "phase"), ("day2_1", "DIC")]
    assert [s.modality for s in noted(tmp_path, "image,modality\nday2/1,DIC\nday1/1.tif,phase\n")] == ["phase", "DIC"]
    refused(tmp_path, "image,modality\n1,DIC\n", "manifest.csv: 1 names several images; write the path, or day1_1")
    samples = noted(tmp_path, "image,label\nday1/images/1,day1/labels/1\nday2/images/1,day2/labels/1\n")
    assert [(sample.id, n_objects(sample)) for sample in samples] == [("day1_1", 1), ("day2_1", 2)]


@pytest.mark.parametrize("name", ["1.tif", "1", "1.ome", "1.ome.tif", "images/1.ome.tif"])
def test_a_compound_suffix_may_be_written_or_not(tmp_path: Path, name: str) -> None:
    annotated(tmp_path, {"images/1.ome.tif": "labels/1.tif"})
    assert noted(tmp_path, f"image,group\n{name},g\n")[0].group == "g"


def test_manifest_and_tree_may_differ_in_unicode_normal_form(tmp_path: Path) -> None:
    annotated(tmp_path, {"images/e\u0301.tif": "labels/\u00e9.tif"})
    assert noted(tmp_path, "image,modality\n\u00e9.tif,DIC\n")[0].modality == "DIC"


@pytest.mark.parametrize("name", ["Manifest.CSV", "manifest.tsv", "manifest.xlsx", "train/manifest.csv"])
def test_a_manifest_of_another_name_or_place_is_not_passed_over(tree: Path, name: str) -> None:
    (tree / name).parent.mkdir(exist_ok=True)
    (tree / name).write_text("image,group\na,g\nb,g\n")
    with pytest.raises(ValueError, match=f"{name}: only manifest.csv at the top of the tree is read"):
        read(tree)


@pytest.mark.parametrize(
    ("folders", "expected"),
    [
        (("train/images", "val/images", "test/images"), ["train", "val", "test"]),
        (("training/images", "validation/images", "testing/images"), ["train", "val", "test"]),
        (("Train/images", "valid/images", "TEST/images"), ["train", "val", "test"]),
        (("images/train", "images/val", "images/test"), ["train", "val", "test"]),
        (("train_images", "val_images", "test_images"), ["train", "val", "test"]),
        (("set1/train/images", "set1/test/images", "set1/test_set/images"), ["train", "test", "test"]),
        (("stage1_train/images", "stage1_test/images", "images"), ["train", "test", ""]),
        (("imagesTr", "imagesTs", "imagesTs"), ["train", "test", "test"]),
        (("train/images", "more train/images", "images"), ["", "", ""]),
        (("test plate 3/images", "trained/images", "latest/images"), ["", "", ""]),
    ],
)
def test_folders_fix_subsets_where_they_set_val_or_test_apart(tmp_path: Path, folders, expected) -> None:
    annotated(tmp_path, {f"{f}/{n}.tif": f"{f.replace('images', 'labels')}/{n}.tif" for n, f in enumerate(folders)})
    assert [sample.subset for sample in read(tmp_path)] == expected


def test_folder_and_row_add_up_or_contradict(tmp_path: Path) -> None:
    annotated(
        tmp_path, {f"{part}/images/{part}.tif": f"{part}/labels/{part}.tif" for part in ("train", "test", "more")}
    )
    assert [s.subset for s in noted(tmp_path, "image,subset\ntest,\nmore,val\ntrain,train\n")] == [
        "val",
        "test",
        "train",
    ]
    message = r"test/images/test\.tif: lies in test, but manifest\.csv says subset val; correct one of them"
    refused(tmp_path, "image,subset\ntest,val\nmore,\ntrain,\n", message)


def test_a_path_that_names_two_subsets_is_refused_unless_its_row_says_which(tmp_path: Path) -> None:
    annotated(tmp_path, {"train/val/images/1.tif": "train/val/labels/1.tif"})
    with pytest.raises(ValueError, match="its folders name train and val; rename one"):
        read(tmp_path)
    assert noted(tmp_path, "image,subset\n1,val\n")[0].subset == "val"


def test_pixel_sizes_that_differ_from_those_of_the_files_are_said(tree: Path, capsys, monkeypatch) -> None:
    from dataclasses import replace

    from cellarena.datasets.reading import image_files

    plain = image_files.read_picture
    monkeypatch.setattr(image_files, "read_picture", lambda *a: replace(plain(*a), pixel_size=(0.5, 0.5)))
    a, b = noted(tree, "image,pixel_size\na,0.504\nb,0.25\n")
    assert (a.pixel_size, b.pixel_size) == ((0.504, 0.504), (0.25, 0.25))
    assert "b (0.25, not 0.5 µm)" in capsys.readouterr().err
    a, _ = noted(tree, "image,pixel_size\na,\nb,\n")
    assert a.pixel_size == (0.5, 0.5)


def test_a_written_table_names_the_fixed_subsets(tmp_path: Path, capsys) -> None:
    annotated(tmp_path, {f"{part}/images/{part}.tif": f"{part}/labels/{part}.tif" for part in ("train", "test")})
    read(tmp_path)
    assert "fixed subsets" in (said := capsys.readouterr().err)
    assert "test (1), train (1)" in said


def test_the_worked_example_of_the_docs_works(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs/data.md").read_text(encoding="utf-8")
    example = page.partition("```csv\n")[2].partition("```")[0]
    annotated(tmp_path, {f"images/00{n}.tif": f"labels/mask-{letter}.tif" for n, letter in enumerate("ABCDE", start=1)})
    samples = noted(tmp_path, example)
    assert list(map(n_objects, samples)) == [1, 2, 3, 4, 5]
    assert [sample.subset for sample in samples] == ["", "", "test", "test", "test"]
    assert samples[4].pixel_size == (0.65, 0.6)
