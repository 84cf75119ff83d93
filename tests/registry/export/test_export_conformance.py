"""Every network in every format: a new one of either is tested the moment it exists."""

import os
import subprocess
import sys

import pytest

from cellarena.models.spec import MODELS
from cellarena.registry.export.spec import FORMATS
from packed import opened, pack

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


CORE = ("bioimageio.core==0.11.0", "bioimageio.spec==0.5.12.0", "pydantic==2.12.5", "pydantic-core==2.41.5", "xarray")
"""What runs test tensors needs a spec that fails with this project's pydantic: both get a folder of their own."""
RUN = """
import sys
from bioimageio.core import test_model
for weights in ("onnx", "torchscript"):
    print(weights, test_model(sys.argv[1], weight_format=weights, devices=["cpu"]).status)
"""


@pytest.mark.slow
def test_the_collections_own_library_reproduces_the_test_tensors(releases, tmp_path):
    own, package = tmp_path / "core", tmp_path / "package"
    package.mkdir()
    FORMATS["bioimageio"].export(releases["unet"], package)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(own), *CORE]
    if subprocess.run(pip, capture_output=True, check=False).returncode:
        pytest.skip("the package index is out of reach, and bioimageio.core is in no extra")
    done = subprocess.run(
        [sys.executable, "-c", RUN, str(package / "bioimageio.yaml")], capture_output=True, text=True, check=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(own), os.environ.get("PYTHONPATH", "")])},
    )  # fmt: skip
    assert done.stdout.splitlines() == ["onnx passed", "torchscript passed"]
