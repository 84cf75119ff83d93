from collections import Counter
from dataclasses import replace

import numpy as np
import torch

from cellarena.synthesis.generators.cyclegan.learner import fit
from cellarena.synthesis.generators.cyclegan.unpaired_batches import UnpairedBatches
from cellarena.synthesis.generators.spec import Example
from small_generators import disks, fit_in, small_examples, small_settings

SETTINGS = small_settings("cyclegan", learning_rate=2e-3, average=0.9)


def swapped(known):
    """Return the examples with the label images of each modality handed on to the next of its images."""
    handed = {}
    for modality in {example.modality for example in known}:
        members = [example for example in known if example.modality == modality]
        nexts = [*members[1:], members[0]]
        handed |= {one.id: other.labels for one, other in zip(members, nexts, strict=True)}
    return [replace(example, labels=handed[example.id]) for example in known]


def constant(number, modality):
    """Return an example whose image and whose label image say each which one it is."""
    image = np.full((40, 40, 3), 10 * number, np.uint8)
    labels = np.zeros((40, 40), np.int32)
    labels[:, : 8 * number] = 1
    return Example(f"image-{number}", image, labels, modality)


def test_which_photo_belongs_to_which_label_image_has_no_effect(tmp_path):
    known = small_examples()
    apart = swapped(known)
    assert all(one.labels.shape != other.labels.shape for one, other in zip(known, apart, strict=True))
    weights = [fit(SETTINGS, some, fit_in(tmp_path / name, 3)).weights for name, some in (("a", known), ("b", apart))]
    assert weights[0].keys() == weights[1].keys()
    for name, tensor in weights[0].items():
        assert torch.equal(tensor, weights[1][name]), name


def test_other_label_images_have_an_effect(tmp_path):
    known = small_examples()
    others = [replace(e, labels=disks(e.labels.shape, 99)) for e in known]
    weights = [fit(SETTINGS, some, fit_in(tmp_path / name, 2)).weights for name, some in (("a", known), ("b", others))]
    assert any(not torch.equal(tensor, weights[1][name]) for name, tensor in weights[0].items())


def test_the_style_of_a_photo_says_nothing_of_its_label_image():
    known = small_examples()
    without = [replace(example, labels=np.zeros_like(example.labels)) for example in known]
    assert torch.equal(UnpairedBatches(known).styles.codes, UnpairedBatches(without).styles.codes)


def test_photos_and_label_images_are_drawn_independently_and_of_one_modality():
    known = [constant(number, "bright" if number < 4 else "dark") for number in (1, 2, 3, 4)]
    batches, drawn = UnpairedBatches(known), Counter()
    for number in range(300):
        batch = batches.draw(4, 40, 0, number)
        photos = ((batch.photos[:, 0, 0, 0] + 1) * 12.75).round().int().tolist()
        # A quarter turn or a mirror keeps the share of the covered pixels, eight columns a number.
        labels = ((1 - batch.classes[:, 0].mean(dim=(1, 2))) * 5).round().int().tolist()
        assert batch.modalities.argmax(dim=1).tolist() == [int(photo == 4) for photo in photos]
        drawn.update(zip(photos, labels, strict=True))
    bright = [drawn[photo, label] for photo in (1, 2, 3) for label in (1, 2, 3)]
    assert sum(bright) + drawn[4, 4] == 1200
    # Nine pairs, each as likely: the pairs that belong together come no more often than the others.
    assert min(bright) > sum(bright) / 9 * 0.7
    assert max(bright) < sum(bright) / 9 * 1.3


def test_there_and_back_comes_closer_to_what_it_was(tmp_path):
    losses = fit(SETTINGS, small_examples(), fit_in(tmp_path, 30)).losses
    for name in ("cycle_photos", "cycle_labels", "identity"):
        first, last = (np.mean([row[name] for row in rows]) for rows in (losses[:5], losses[-5:]))
        assert last < 0.75 * first, name
