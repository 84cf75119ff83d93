from dataclasses import replace

import pytest

from cellarena.records import Record
from cellarena.registry.packages.licences import forbids_commerce, licence_of

RECORD = Record(
    "a", "images/a.png", "labels/a.tiff", "dic", "", "", 8, 8, 1, "uint8", 1, "0" * 64, "1" * 64, "simulated", "CC0-1.0"
)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("CC0-1.0", False), ("CC-BY-4.0", False), ("CC-BY-NC-ND-4.0", True), ("cc-by-nc-sa-3.0", True),
     ("NCSA", False), ("LicenseRef-ImageNet-research", True)],
)  # fmt: skip
def test_non_commercial_licences_are_told_by_their_names(name, expected):
    assert forbids_commerce(name) is expected


def test_one_non_commercial_parent_makes_a_non_commercial_model():
    synthetic = replace(RECORD, source="synthetic: texture", licence="CC-BY-NC-4.0 AND CC0-1.0")
    licence = licence_of([RECORD, synthetic], [{}])
    assert licence.name == "CC-BY-NC-4.0 AND CC0-1.0"
    assert licence.is_non_commercial
    assert licence.parents == {"images: simulated": "CC0-1.0", "images: synthetic: texture": "CC-BY-NC-4.0 AND CC0-1.0"}


@pytest.mark.parametrize("licence", ["", "  ", "unknown"])
def test_an_unknown_parent_makes_the_whole_unknown(licence):
    found = licence_of([RECORD, replace(RECORD, source="folder", licence=licence)], [{}])
    assert (found.name, found.is_non_commercial) == ("unknown", False)


@pytest.mark.parametrize(
    ("card", "name", "non_commercial"),
    [
        ({"hyperparameters": {"checkpoint": "", "weights": ""}}, "CC0-1.0", False),
        ({"hyperparameters": {"checkpoint": "sam.safetensors", "encoder": "vit_b"}}, "Apache-2.0 AND CC0-1.0", False),
        ({"hyperparameters": {"checkpoint": "mine.safetensors", "encoder": "tiny"}}, "unknown", False),
        ({"hyperparameters": {"weights": "resnet.safetensors"}},
         "BSD-3-Clause AND CC0-1.0 AND LicenseRef-ImageNet-research", True),
        ({"origin": {"file": "theirs.pth", "licence": "CC-BY-NC-4.0"}}, "CC-BY-NC-4.0 AND CC0-1.0", True),
    ],
)  # fmt: skip
def test_weights_that_a_training_started_from_count(card, name, non_commercial):
    licence = licence_of([RECORD], [card])
    assert (licence.name, licence.is_non_commercial) == (name, non_commercial)
