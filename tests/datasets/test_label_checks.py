"""Which sets of label images are refused, with what evidence, and that no single image condemns a set."""

import io
import os
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow
from scipy import ndimage

from cellarena.datasets.labels.checks import ALL_CHECKS, DERIVED_CHECKS, first_fault, looks_odd
from cellarena.datasets.labels.evidence import look_at
from cellarena.images.io import read_image

Drawing = Callable[[int], np.ndarray]
SIDE, N_IMAGES = 96, 10


def discs(seed: int, n_cells: int = 9, radius: tuple[int, int] = (4, 8)) -> np.ndarray:
    """Return separate discs numbered from 1."""
    rng = np.random.default_rng(seed)
    labels = np.zeros((SIDE, SIDE), np.int64)
    rows, columns = np.mgrid[:SIDE, :SIDE]
    while labels.max() < n_cells:
        y, x, r = *rng.integers(10, SIDE - 10, 2), rng.integers(*radius)
        away = (rows - y) ** 2 + (columns - x) ** 2
        if not labels[away < (r + 2) ** 2].any():
            labels[away < r**2] = labels.max() + 1
    return labels


def classes(seed: int, n_classes: int, n_cells: int = 20) -> np.ndarray:
    kinds = np.concatenate([[0], np.random.default_rng(seed).permutation(np.arange(n_cells) % n_classes) + 1])
    return kinds[discs(seed, n_cells, (3, 6))]


def jpeg(labels: np.ndarray, quality: int) -> np.ndarray:
    buffer = io.BytesIO()
    Pillow.fromarray(labels.astype(np.uint8)).save(buffer, format="JPEG", quality=quality)
    return np.asarray(Pillow.open(io.BytesIO(buffer.getvalue())))


def resized(labels: np.ndarray, factor: float) -> np.ndarray:
    real = ndimage.zoom(labels.astype(float), factor, order=1, grid_mode=True, mode="nearest")
    return np.rint(real).astype(np.int64)


def boxes(seed: int) -> np.ndarray:
    labels = np.zeros((SIDE, SIDE), np.int64)
    for i in range(16):
        labels[24 * (i // 4) + 3 :, 24 * (i % 4) + 3 :][:14, : 12 + seed % 5] = i + 1
    return labels


def regions(seed: int, n_regions: int = 50) -> np.ndarray:
    """Return confluent cells: every pixel belongs to one."""
    points = np.random.default_rng(seed).random((n_regions, 2)) * SIDE
    rows, columns = np.mgrid[:SIDE, :SIDE]
    return np.argmin((rows[..., None] - points[:, 0]) ** 2 + (columns[..., None] - points[:, 1]) ** 2, -1) + 1


def crowded(seed: int) -> np.ndarray:
    """Return cells between which there is so little background that it covers less than half."""
    labels = regions(seed, 30)
    edges = ndimage.grey_dilation(labels, (3, 3)) != ndimage.grey_erosion(labels, (3, 3))
    return np.where(edges, 0, labels)


def outlined(seed: int) -> np.ndarray:
    """Return cells on a background of 255, with a line of 0 around each."""
    labels = discs(seed)
    return np.where(labels > 0, labels, np.where(ndimage.binary_dilation(labels > 0), 0, 255))


def unannotated(seed: int, dtype: type) -> np.ndarray:
    """Return cells of which the upper ones were never drawn: the type's largest number says so."""
    labels = discs(seed).astype(dtype)
    labels[:20] = np.iinfo(dtype).max
    return labels


REFUSED: dict[str, tuple[Drawing, str]] = {
    "binary 1": (lambda i: (discs(i) > 0) * 1, "binary: 90 separate pieces, all 1,.*acquire.labels: binary"),
    "binary 255": (lambda i: (discs(i) > 0) * 255, "binary: 90 separate pieces, all 255,.*acquire.labels: binary"),
    "binary, few cells": (lambda i: (discs(i, 1 + i % 3) > 0) * 1, "binary: 15 separate pieces"),
    "binary, 1 or 255": (lambda i: (discs(i) > 0) * (1, 255)[i % 2], "binary: 90 separate pieces, all 1, 255,"),
    "binary, a third of the files": (lambda i: (discs(i) > 0) * 1 if i % 3 == 0 else discs(i), "classes.* on 36 "),
    "2 classes": (lambda i: classes(i, 2), "classes.*20 numbers are on 200.*acquire.labels: pieces"),
    "5 classes": (lambda i: classes(i, 5), "classes.*50 numbers are on 200"),
    "a common class and a rare one": (lambda i: np.where(discs(i) == 3, 2, discs(i) > 0), "classes.*20 numbers"),
    "numbers of random colours": (lambda i: classes(i, 13), "classes.*130 numbers are on 200"),
    "clipped at 255": (lambda i: (discs(i) * 40).clip(0, 255), "clip, 255, 65535.* 30 separate.*acquire.ignore"),
    "clipped at 65535": (lambda i: (discs(i) * 10_000).clip(0, 65535), "clip.*acquire.labels: pieces"),
    "JPEG 50": (lambda i: jpeg(discs(i) * 20, 50), "specks.*JPEG.*acquire.labels: unchecked"),
    "JPEG 80": (lambda i: jpeg(discs(i) * 20, 80), "specks.*JPEG"),
    "JPEG 95": (lambda i: jpeg(discs(i), 95), "specks.*JPEG"),
    "JPEG of a binary image": (lambda i: jpeg((discs(i) > 0) * 255, 99), "specks.*JPEG"),
    "halved": (lambda i: resized(discs(i), 0.5), "specks.*resizing"),
    "doubled": (lambda i: resized(discs(i) * 20, 2), "specks.*resizing"),
    "enlarged, sparse numbers": (lambda i: resized(discs(i) * 500, 1.3), "specks.*resizing"),
    "boxes doubled": (lambda i: resized(boxes(i), 2), "specks.*resizing"),
    "boxes enlarged": (lambda i: resized(boxes(i) * 20, 1.7), "specks.*resizing"),
    "background 1": (lambda i: discs(i) + 1, "number 1 lies where background does.*acquire.background: 1 "),
    "background 255": (lambda i: np.where(discs(i), discs(i), 255), "acquire.background: 255 "),
    "background 7, crowded": (lambda i: np.where(crowded(i) == 0, 7, crowded(i) + 7), "acquire.background: 7 "),
    "background 255 and outlines 0": (outlined, "acquire.background: 255 "),
    "background of another number each": (lambda i: np.where(discs(i), discs(i), 20 + i), "20, 21, 22 .*make it 0"),
    "binary, one or two cells": (lambda i: (discs(i, 1 + i % 2) > 0) * 1, "binary: 10 separate pieces"),
    "unannotated is 65535": (lambda i: unannotated(i, np.uint16), "65535, the largest.*acquire.ignore: 65535 "),
    "unannotated is 255": (
        lambda i: unannotated(i, np.uint8),
        "255, the largest.*in 10 of 10.*acquire.background: 255 ",
    ),
    "no object": (lambda i: discs(i) * 0, "no object in any.*acquire.labels: unchecked"),
}


def verdict(images: list[np.ndarray]) -> str:
    return first_fault({f"labels/{i}.tif": look_at(labels) for i, labels in enumerate(images)}, ALL_CHECKS)


@pytest.mark.parametrize("kind", REFUSED)
def test_a_set_of_another_kind_is_refused_with_the_evidence_and_the_way_out(kind: str) -> None:
    draw, message = REFUSED[kind]
    found = verdict([draw(i) for i in range(N_IMAGES)])
    assert re.search(message, found), found
    assert re.match(r"labels/\d.tif, labels/\d.tif, labels/\d.tif( \.\.\. \(\d+ in all\))?: ", found)
    assert "\n" not in found


@pytest.mark.parametrize("kind", [kind for kind in REFUSED if kind != "no object"])
def test_one_image_never_condemns_a_set(kind: str) -> None:
    images = [discs(i) for i in range(N_IMAGES)]
    images[5] = REFUSED[kind][0](5)
    assert verdict(images) == ""


@pytest.mark.parametrize(
    "kind", [k for k in REFUSED if k not in {"binary, a third of the files", "binary, one or two cells"}]
)
def test_a_pair_of_images_is_a_set(kind: str) -> None:
    draw = REFUSED[kind][0]
    assert verdict([draw(1), draw(2)])


def divided(labels: np.ndarray, every: int, seed: int) -> np.ndarray:
    """Return the image with a line of background through the middle of every n-th object."""
    cut = labels.copy()
    for number, place in enumerate(ndimage.find_objects(labels), start=1):
        if (number + seed) % every == 0:
            middle = (place[0].start + place[0].stop) // 2
            cut[middle, place[1]] = np.where(cut[middle, place[1]] == number, 0, cut[middle, place[1]])
    return cut


def spots(seed: int) -> np.ndarray:
    labels = np.zeros((SIDE, SIDE), np.int64)
    for i, (y, x) in enumerate(np.random.default_rng(seed).permutation(24 * 24)[:60, None] // [24, 1] % 24 * 4):
        labels[y, x : x + 1 + i % 2] = i + 1
    return labels


def one_cell(seed: int, number: int = 1) -> np.ndarray:
    labels = (discs(seed, 1) > 0) * number
    labels[0, seed] = number
    return labels


def filling(seed: int) -> np.ndarray:
    """Return one cell that covers most of the image and reaches all sides."""
    rows, columns = np.mgrid[:SIDE, :SIDE] - SIDE // 2
    return (rows**2 + columns**2 < (SIDE // 2 + 10 + seed) ** 2) * 1


ACCEPTED: dict[str, Drawing] = {
    "tracks of 16 bits, one of them 255": lambda i: np.where(discs(i) == 3, 255, discs(i)).astype(np.uint16),
    "numbers up to 255 in 8 bits": lambda i: (discs(i) * 28 + 3 * (discs(i) > 0)).astype(np.uint8),
    "discs": discs,
    "confluent": regions,
    "crowded": crowded,
    "very small and confluent": lambda i: regions(i, 800),
    "every fifth cell in two pieces": lambda i: divided(discs(i, 12), 5, i),
    "every third confluent cell in two pieces": lambda i: divided(regions(i), 3, i),
    "spots of one and two pixels": spots,
    "one cell and a stray pixel": one_cell,
    "one cell with number 255": lambda i: one_cell(i, 255),
    "one cell that fills the image": filling,
    "one cell, now and then in two pieces": lambda i: divided(discs(i, 1), 1, 0) if i in {2, 7} else discs(i, 1),
    "two cells, each fourth in two pieces": lambda i: divided(discs(i, 2), 4, i),
    "sparse numbers": lambda i: discs(i) * 1_000_003,
    "more numbers than 16 bits": lambda i: regions(i) + 65_530,
    "most images without an object": lambda i: discs(i) * (i < 2),
    "sets of which an image is one object": lambda i: np.ones((8, 8), np.uint8) if i else discs(i),
}


@pytest.mark.parametrize("kind", ACCEPTED)
def test_sets_that_look_odd_but_are_sound_pass(kind: str) -> None:
    assert verdict([ACCEPTED[kind](i) for i in range(N_IMAGES)]) == ""


@pytest.mark.parametrize("kind", ACCEPTED)
def test_a_single_image_that_is_sound_passes(kind: str) -> None:
    assert verdict([ACCEPTED[kind](0)]) == ""


@pytest.mark.real
def test_real_sets_pass() -> None:
    if not (real := os.environ.get("CELLARENA_REAL_DATA")):
        pytest.skip("CELLARENA_REAL_DATA is unset: no real label images to look at")
    images = [read_image(path) for path in sorted(Path(real, "labels").iterdir())]
    assert verdict(images) == ""
    assert not any(looks_odd(look_at(labels)) for labels in images)


def test_two_cells_in_eight_pieces_pass_among_others() -> None:
    images = [discs(i) for i in range(N_IMAGES)]
    images[3] = discs(3, 8) % 2 + 1 * (discs(3, 8) > 0)
    assert look_at(images[3]).n_numbers == 2
    assert verdict(images) == ""


def test_an_odd_image_of_a_set_that_passes_is_one_to_look_at() -> None:
    unseen = {kind for kind in REFUSED if not looks_odd(look_at(REFUSED[kind][0](2)))}
    assert unseen == {"no object", "binary, one or two cells", "binary, a third of the files"}
    assert not any(looks_odd(look_at(discs(i))) for i in range(N_IMAGES))


def test_objects_that_were_made_of_pieces_are_asked_for_specks_only() -> None:
    def found(draw: Drawing) -> str:
        return first_fault({str(i): look_at(draw(i)) for i in range(3)}, DERIVED_CHECKS)

    assert found(lambda i: jpeg(discs(i) * 20, 80))
    assert found(lambda i: discs(i) * 0)
    assert not found(lambda i: discs(i) * 7 % 5)
    assert "invert binary masks" in found(lambda i: (discs(i) == 0) * 255)
    assert "16777215 is white" in found(lambda i: np.where(discs(i), discs(i) * 1000, 16777215))


def test_the_evidence_of_an_image() -> None:
    labels = np.zeros((12, 12), np.uint16)
    labels[1:5, 1:5], labels[7:11, 1:5], labels[1:5, 7:11], labels[3, 5], labels[11, 11] = 255, 255, 9, 7, 9
    seen = look_at(labels)
    assert (seen.n_numbers, seen.n_pieces, seen.n_sizeable) == (3, 5, 4)
    assert (seen.n_fragments, seen.n_clipped, seen.only, seen.ground, seen.is_sheet) == (1, 2, 0, 0, False)
    assert look_at(np.zeros((0, 0), np.uint8)).n_numbers == 0
