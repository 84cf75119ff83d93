"""What the stages read of images of which a part was not annotated."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
import yaml

from cellarena.images.io import read_image, write_image, write_labels, write_png
from cellarena.layout import Layout
from cellarena.records import read_manifest, write_manifest
from cellarena.shell.annotated import annotated, annotated_part, files_of, read_ignored
from cellarena.shell.project import Project
from cellarena.stages._generators import known_records, read_examples
from cellarena.stages.arms import arms
from test_records import RECORD
from workspace import ROOT

HEIGHT, WIDTH = 24, 32


@pytest.fixture
def layout(tmp_path):
    """Four prepared images in the train subset: of "b" the right half was not annotated, of "c" most of it."""
    layout = Layout(tmp_path)
    shutil.copy(ROOT / "params.yaml", layout.params)
    labels = np.zeros((HEIGHT, WIDTH), np.uint16)
    labels[2:9, 2:9], labels[12:20, 5:12] = 1, 2
    image = np.repeat(np.where(labels > 0, 200, 40).astype(np.uint8)[..., None], 3, axis=2)
    records = []
    for name, first in {"a": WIDTH, "b": WIDTH // 2, "c": 4, "d": WIDTH}.items():
        ignored = np.zeros((HEIGHT, WIDTH), np.uint8)
        ignored[:, first:] = 255
        write_image(np.where(ignored[..., None], np.uint8(255), image), layout.preprocessed / f"{name}.tiff")
        write_labels(np.where(ignored, 0, labels), layout.preprocessed / f"{name}_l.tiff")
        path = f"ignored/{name}.png" if ignored.any() else ""
        if path:
            write_png(ignored, layout.preprocessed / path)
        records.append(replace(
            RECORD, id=name, image=f"{name}.tiff", labels=f"{name}_l.tiff", height=HEIGHT, width=WIDTH, sha256=name,
            ignored=path, n_ignored=int(np.count_nonzero(ignored)),
        ))  # fmt: skip
    layout.splits.mkdir()
    write_manifest(records, layout.subset("train"))
    return layout


def test_training_is_told_where_nobody_annotated(layout):
    records = read_manifest(layout.subset("train"))
    a, b, *_ = annotated(layout.preprocessed, records)
    assert a.ignored is None
    assert b.ignored.dtype == bool
    assert np.array_equal(b.ignored, np.arange(WIDTH) >= WIDTH // 2 + np.zeros((HEIGHT, 1), int))
    assert [files_of(record) for record in records[:2]] == [
        ("a.tiff", "a_l.tiff"), ("b.tiff", "b_l.tiff", "ignored/b.png"),
    ]  # fmt: skip


def test_an_arm_refers_to_it(layout):
    content = yaml.safe_load(layout.params.read_text())
    content["study"] = {"models": ["unet"], "arms": ["repeat"]}
    layout.params.write_text(yaml.safe_dump(content))
    arms.main([], obj=Project(layout), standalone_mode=False)
    learnt = read_manifest(layout.arm("repeat"))
    ignored = {record.id: record.ignored for record in learnt}
    assert {name: ignored[name] for name in "abcd"} == {
        "a": "", "b": "preprocessed/ignored/b.png", "c": "preprocessed/ignored/c.png", "d": "",
    }  # fmt: skip
    assert annotated(layout.data, [r for r in learnt if r.id == "b"])[0].ignored.sum() == HEIGHT * WIDTH // 2


def test_generators_see_what_was_annotated_whole(layout):
    known = known_records(Project(layout), "texture")
    assert [record.id for record in known] == ["a", "b", "d"]
    a, b, _ = read_examples(layout.preprocessed, known)
    assert a.labels.shape == (HEIGHT, WIDTH)
    assert b.image.shape == (HEIGHT, WIDTH // 2, 3)
    assert b.labels.shape == (HEIGHT, WIDTH // 2)
    assert b.image.max() == 200


def test_a_part_of_another_size_or_none_at_all_is_named(layout):
    _, b, *_ = read_manifest(layout.subset("train"))
    path = layout.preprocessed / b.ignored
    write_png(np.full((HEIGHT, WIDTH), 255, np.uint8), path)
    with pytest.raises(ValueError, match=r"ignored/b.png: no part of it was annotated whole"):
        annotated_part(layout.preprocessed, b)
    write_png(np.zeros((3, 3), np.uint8), path)
    with pytest.raises(ValueError, match=r"ignored/b.png: shape \(3, 3\), expected \(24, 32\)"):
        read_ignored(layout.preprocessed, b)
    assert read_image(path).shape == (3, 3)
