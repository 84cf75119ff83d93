"""Every network in every format: a new one of either is tested the moment it exists."""

import pytest
from packed import opened, pack

from cellarena.models.spec import MODELS
from cellarena.registry.export.spec import FORMATS

ONE_SIZE = {"sac"}
"""Whose attention has tables of one size: they are interpolated for others, which a graph does not hold."""


@pytest.fixture(scope="module")
def releases(tmp_path_factory):
    return {name: opened(pack(name, tmp_path_factory.mktemp(name))) for name in MODELS}


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("format_name", sorted(set(FORMATS) - {"torchscript"}))
def test_every_network_is_exported_to_every_format(name, format_name, releases, tmp_path):
    check(name, format_name, releases, tmp_path)


@pytest.mark.parametrize("name", MODELS)
def test_every_network_is_exported_to_torchscript(name, releases, tmp_path):
    check(name, "torchscript", releases, tmp_path)


def check(name, format_name, releases, folder):
    lines = FORMATS[format_name].export(releases[name], folder)
    proved = [line for line in lines if line.startswith("model.")]
    assert proved
    assert all(("one size only" in line) == (name in ONE_SIZE) for line in proved)
