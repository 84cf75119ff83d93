import pytest

from cellarena.catalog import Catalog
from cellarena.datasets.sources.spec import SOURCES
from cellarena.models.spec import MODELS
from cellarena.targets.spec import TARGETS


def test_an_entry_is_found_by_its_name():
    catalog: Catalog[int] = Catalog("number", "cellarena.targets")
    catalog.register("one")(1)
    assert catalog["one"] == 1
    assert list(catalog) == ["one"]


def test_a_name_is_taken_once():
    catalog: Catalog[int] = Catalog("number", "cellarena.targets")
    catalog.register("one")(1)
    with pytest.raises(ValueError, match="number 'one' is registered twice"):
        catalog.register("one")(2)


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(ValueError, match="unknown model 'unnet'; known: .*unet"):
        MODELS["unnet"]


@pytest.mark.parametrize(
    ("catalog", "expected"),
    [(MODELS, "unet"), (TARGETS, "three_class"), (SOURCES, "simulated"), (SOURCES, "folder"), (SOURCES, "neurips22")],
)
def test_entries_register_themselves(catalog, expected):
    assert expected in catalog


@pytest.mark.parametrize("name", MODELS)
def test_a_model_learns_a_known_target(name):
    assert MODELS[name].target in TARGETS
