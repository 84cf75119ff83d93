"""Detectors of layouts: every file is paired, named as a problem, or left alone; nothing is guessed."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellarena.datasets.layouts.detection import detect
from cellarena.datasets.layouts.name_roles import IMAGE_WORDS, LABEL_WORDS
from cellarena.datasets.layouts.pairs import Findings

LABEL_SUFFIXES = [f"_{word}" for word in sorted(LABEL_WORDS)] + [
    "_cp_masks", "_masks_instance", "-label", "-labelled", ".mask", " labels", "_nuclei_masks", "_ground_truth",
]  # fmt: skip


def pairs(found: Findings) -> dict[str, tuple[str, ...]]:
    return {pair.image: pair.labels for pair in found.pairs}


@pytest.mark.parametrize(
    ("images", "labels"),
    itertools.product(sorted(IMAGE_WORDS), [*sorted(LABEL_WORDS), "masks_instance", "ground_truth"]),
)
def test_parallel_folders_of_every_usual_name(images: str, labels: str) -> None:
    found = detect([f"{images.upper()}/a.png", f"{labels.title()}/a.tif"])
    assert found.layout == "parallel folders"
    assert pairs(found) == {f"{images.upper()}/a.png": (f"{labels.title()}/a.tif",)}


@pytest.mark.parametrize("suffix", ["", *LABEL_SUFFIXES, "_LABEL"])
def test_parallel_folders_with_every_label_suffix(suffix: str) -> None:
    found = detect(["images/a.png", "images/b.c.png", f"labels/a{suffix}.tif", f"labels/b.c{suffix}.tif"])
    assert pairs(found) == {
        "images/a.png": (f"labels/a{suffix}.tif",),
        "images/b.c.png": (f"labels/b.c{suffix}.tif",),
    }
    assert not found.unpaired


def test_sets_one_level_down_are_kept_apart() -> None:
    found = detect(["train/images/1.png", "train/labels/1.png", "val/images/1.png", "val/labels/1.png"])
    assert pairs(found) == {"train/images/1.png": ("train/labels/1.png",), "val/images/1.png": ("val/labels/1.png",)}
    assert {pair.parent for pair in found.pairs} == {"train", "val"}


def test_the_innermost_folder_decides() -> None:
    found = detect(["raw/images/1.png", "raw/labels/1.png"])
    assert pairs(found) == {"raw/images/1.png": ("raw/labels/1.png",)}


def test_labels_of_another_set_are_no_partner() -> None:
    found = detect(["train/images/1.png", "train/labels/2.png", "val/images/2.png", "val/labels/1.png"])
    assert not found.pairs
    assert len(found.unpaired) == 4


def test_mirrored_folders_below_images_and_labels() -> None:
    found = detect(["images/train/1.png", "labels/train/1_gt.png"])
    assert pairs(found) == {"images/train/1.png": ("labels/train/1_gt.png",)}


@pytest.mark.parametrize("suffix", LABEL_SUFFIXES)
@pytest.mark.parametrize("marker", ["", "_img"])
def test_suffix_pairs_in_one_folder(suffix: str, marker: str) -> None:
    found = detect([f"a{marker}.tif", f"a{suffix}.png", f"sub/b{marker}.tif", f"sub/b{suffix}.png", "notes.txt"])
    assert found.layout == "suffix pairs"
    assert pairs(found) == {f"a{marker}.tif": (f"a{suffix}.png",), f"sub/b{marker}.tif": (f"sub/b{suffix}.png",)}
    assert found.ignored == ("notes.txt",)


def test_dsb_tree() -> None:
    found = detect(["s1/images/s1.png", "s1/masks/x.png", "s1/masks/y.png", "in/s2/images/s2.png", "in/s2/masks/z.png"])
    assert found.layout == "DSB tree"
    assert pairs(found) == {
        "s1/images/s1.png": ("s1/masks/x.png", "s1/masks/y.png"),
        "in/s2/images/s2.png": ("in/s2/masks/z.png",),
    }
    assert {pair.kind for pair in found.pairs} == {"masks"}


def test_dsb_tree_names_samples_without_masks_or_with_two_images() -> None:
    sound = [f"{s}/{f}" for s in "abc" for f in (f"images/{s}.png", "masks/1.png", "masks/2.png")]
    found = detect([*sound, "d/images/d.png", "e/images/e.png", "e/images/f.png", "e/masks/1.png"])
    assert len(found.pairs) == 3
    assert found.unpaired == ("d/images/d.png",)
    assert found.ambiguous == ("e: 2 images share 1 masks",)


def test_one_image_with_a_label_image_in_masks_is_no_dsb_tree() -> None:
    found = detect(["train/images/a.png", "train/masks/a_mask.png", "val/images/b.png", "val/masks/b.png"])
    assert found.layout == "parallel folders"
    assert len(found.pairs) == 2


def test_unpaired_files_of_both_sides_are_named() -> None:
    found = detect(["images/a.png", "images/b.png", "labels/a.png", "labels/c_label.png", "labels/a_masks_masks.png"])
    assert pairs(found) == {"images/a.png": ("labels/a.png",)}
    assert found.unpaired == ("images/b.png", "labels/a_masks_masks.png", "labels/c_label.png")


@pytest.mark.parametrize(
    ("paths", "named"),
    [
        (["images/x.tif", "images/x.png", "labels/x.tif"], "images/x.png, images/x.tif"),
        (["images/x.tif", "labels/x.tif", "labels/x_label.tif"], "labels/x.tif, labels/x_label.tif"),
        (["images/x.tif", "labels/x.tif", "masks/x.tif"], "labels/x.tif, masks/x.tif"),
        (["images/x.tif", "images/x_label.tif", "labels/x_label.tif"], "images/x.tif, images/x_label.tif"),
        (["images/img_1.tif", "images/raw_1.tif", "labels/mask_1.tif"], "images/img_1.tif, images/raw_1.tif"),
        (["x.tif", "x_label.tif", "x_mask.tif"], "x_label.tif, x_mask.tif"),
        (["images/\u00e9.tif", "images/e\u0301.tif", "labels/\u00e9.tif"], "images/\u00e9.tif"),
    ],
)
def test_what_is_not_one_to_one_is_ambiguous(paths: list[str], named: str) -> None:
    found = detect(paths)
    assert not found.pairs
    assert any(named in line for line in found.ambiguous)


def test_unicode_normal_forms_pair() -> None:
    assert len(detect(["images/\u00e9.tif", "labels/e\u0301_label.tif"]).pairs) == 1


def test_hidden_files_are_not_seen() -> None:
    found = detect(["images/a.png", "labels/a.png", "images/.b.png", "__MACOSX/images/a.png", ".git/images/c.png"])
    assert len(found.pairs) == 1
    assert found.unpaired == found.ignored == ()


@pytest.mark.parametrize("paths", [[], ["a.png", "b.png"], ["images/a.png"], ["readme.md"], ["labels/a_label.png"]])
def test_a_tree_without_a_pair_names_what_was_looked_for(paths: list[str]) -> None:
    with pytest.raises(ValueError, match=r"no annotated image among \d+ files; looked for images/ and labels/"):
        detect(paths)


_NAMES = st.sampled_from(
    ["a", "b", "a_label", "b_mask", "a_img", "A", "img_a", "mask_a", "image", "mask", "a_0000", "a_1", "a_flows"]
)
_FOLDERS = st.sampled_from(
    ["", "images/", "labels/", "masks/", "masks/a/", "t/", "t/images/", "t/masks/", "raw/", "imagesTr/", "labelsTr/"]
)
_SUFFIXES = st.sampled_from([".png", ".tif", ".txt", ".jpg", ".ome.tif"])
_PATHS = st.lists(st.builds(lambda f, n, s: f + n + s, _FOLDERS, _NAMES, _SUFFIXES))


@given(_PATHS)
def test_no_file_is_lost_and_none_is_used_twice(paths: list[str]) -> None:
    try:
        found = detect(paths)
    except ValueError:
        return
    paired = [path for pair in found.pairs for path in (*pair.images, *pair.labels)]
    assert len(paired) == len(set(paired))
    clear = set(paired) | set(found.unpaired) | set(found.ignored)
    assert len(clear) == len(paired) + len(found.unpaired) + len(found.ignored)
    lines = " ".join(found.ambiguous) + " "
    for path in set(paths) - clear:
        assert path in lines or found.layout == "DSB tree"


@given(_PATHS, st.randoms())
def test_the_order_of_the_listing_does_not_matter(paths: list[str], random) -> None:
    shuffled = random.sample(paths, len(paths))
    try:
        found = detect(paths)
    except ValueError:
        with pytest.raises(ValueError, match="no annotated|not read"):
            detect(shuffled)
    else:
        assert detect(shuffled) == found
