"""code.yaml of the package as it is, and after edits of a copy."""

import ast
import json
import shutil
from dataclasses import dataclass
from functools import cache
from importlib.util import spec_from_file_location
from pathlib import Path

import pytest
import yaml

from cellarena.code.fingerprints import WORKS_ON, own_code, reached
from cellarena.code.reach import Code
from cellarena.datasets.sources.spec import SOURCES
from cellarena.methods.spec import METHODS
from cellarena.models.spec import MODELS
from cellarena.stages.code import fingerprints, names_with
from cellarena.synthesis.generators.spec import GENERATORS
from workspace import ROOT

PACKAGE = ROOT / "src/cellarena"
NAMES = names_with({"maunet_ensemble": ["maunet", "maunet_wide"]})
EDITED = {
    **{name: [name] for name in (
        "cli", "datasets.cropping.augmentations", "datasets.sources.folder", "evaluation.matching", "images.intensity",
        "learning.fit", "models.maunet", "params.mirror", "images.origins", "shell.predictions", "stages.evaluate",
        "synthesis.generators.texture.learner", "targets.class_and_distance",
    )},
    "reporting/templates/report.css": ["reporting.html", "reporting.pdf"],
}  # fmt: skip
"""One module of each room, or a file, and the modules that read it."""


LIVE = (
    "benchmarking.judging", "datasets.describing.measures", "evaluation.matching", "images.intensity", "models.unet",
    "reporting.pdf", "stages.evaluate", "synthesis.moments",
)  # fmt: skip
"""Of rooms that a small pipeline works in."""


@dataclass(frozen=True)
class Copy:
    """A copy of the package, as installed elsewhere."""

    package: Path

    def keys(self):
        """Return the fingerprints by their keys, such as train.unet."""
        place = spec_from_file_location("cellarena", self.package / "__init__.py")
        return flat(fingerprints(Code(frozenset({"cellarena"}), {"cellarena": place}), NAMES))


def flat(content):
    return {
        f"{command}.{name}" if name else command: value
        for command, values in content.items()
        for name, value in (values if isinstance(values, dict) else {"": values}).items()
    }


@pytest.fixture
def copy(tmp_path):
    return Copy(shutil.copytree(PACKAGE, tmp_path / "cellarena", ignore=shutil.ignore_patterns("__pycache__")))


@pytest.fixture(scope="module")
def keys():
    """The fingerprints of the package as it is."""
    return flat(fingerprints(own_code(), NAMES))


@pytest.fixture(scope="module")
def reach():
    """Return which modules a key reaches."""
    code = own_code()

    @cache
    def modules(key):
        command, _, name = key.partition(".")
        found = (NAMES[kind][name] for kind in WORKS_ON.get(command, ()) if name in NAMES[kind])
        return reached(code, command, *next(found, ())).modules

    return modules


def test_the_command_writes_what_the_package_that_runs_is_known_by(cellarena, copy, keys, tmp_path):
    shutil.copy(ROOT / "params.yaml", tmp_path)
    assert cellarena(tmp_path, "code").code == 0
    assert flat(yaml.safe_load((tmp_path / "code.yaml").read_text())) == copy.keys() == keys


def test_what_is_run_for_each_entry_of_a_catalog_has_a_key_for_each(keys):
    models = [*MODELS, *METHODS]
    assert {f"{verb}.{model}" for verb in ("train", "predict", "package", "quality") for model in models} <= keys.keys()
    assert {f"{verb}.maunet_ensemble" for verb in ("ensemble", "package")} <= keys.keys()
    assert {f"{verb}.{kind}" for verb in ("fit-generator", "synthesize") for kind in GENERATORS} <= keys.keys()
    assert {f"acquire.{name}" for name in SOURCES} | {"preprocess", "evaluate", "report"} <= keys.keys()
    assert not {"code", "train", "release"} & keys.keys()


def test_comments_docstrings_and_layout_are_no_part_of_a_fingerprint(copy, keys):
    for path in copy.package.rglob("*.py"):
        tree = ast.parse(path.read_text())
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Expr)
                and isinstance(node.value, ast.Constant)
                and isinstance(node.value.value, str)
            ):
                node.value.value = "Other words."
        path.write_text(f"# A comment.\n{ast.unparse(tree)}\n")
    assert copy.keys() == keys


@pytest.mark.parametrize("edited", EDITED)
def test_an_edit_changes_the_keys_that_reach_it_and_no_other(copy, keys, reach, edited):
    path = copy.package / (edited if "/" in edited else f"{edited.replace('.', '/')}.py")
    path.write_text(path.read_text() + ("\n_edited = 1\n" if path.suffix == ".py" else "\n/* edited */\n"))
    after = copy.keys()
    readers = {f"cellarena.{module}" for module in EDITED[edited]}
    assert {key for key in keys if after[key] != keys[key]} == {key for key in keys if readers & reach(key)}
    assert after.keys() == keys.keys()


def test_of_every_file_that_is_no_code_somebody_reads_it(copy, keys):
    files = [
        p for p in copy.package.rglob("*") if p.is_file() and p.suffix not in {".py", ".pyc"} and p.name != "py.typed"
    ]
    assert files
    for path in files:
        path.write_bytes(path.read_bytes() + b"\n")
        assert copy.keys() != keys, path
        path.write_bytes(path.read_bytes()[:-1])


def test_a_key_reaches_its_own_entries_and_no_others(reach):
    assert {"cellarena.learning.fit", "cellarena.datasets.cropping.crops"} <= reach("train.unet")
    assert not any(".reporting" in name or ".synthesis.generators" in name for name in reach("train.unet"))
    entries = {m for key in ("train.unet", "train.maunet_wide") for m in reach(key)}
    assert {"cellarena.models.unet", "cellarena.targets.three_class"} <= reach("train.unet")
    assert {"cellarena.models.maunet", "cellarena.targets.class_and_distance"} <= reach("train.maunet_wide")
    assert not {"cellarena.models.sac", "cellarena.methods.otsu", "cellarena.models.nnunet"} & entries
    assert not {"cellarena.models.maunet", "cellarena.targets.class_and_distance"} & reach("train.unet")
    assert not {"cellarena.models.unet", "cellarena.models.maunet"} & reach("train.otsu")
    assert "cellarena.synthesis.generators.pix2pix.learner" not in reach("fit-generator.texture")
    assert "cellarena.datasets.sources.folder" not in reach("acquire.simulated")
    assert "cellarena.models.unet" not in reach("preprocess") | reach("split")


@pytest.mark.journey
def test_nothing_is_imported_that_a_key_does_not_reach(reproduction, keys, reach):
    """Of every command of the pipeline, and of every entry that it runs for in the small grid."""
    traces = [json.loads(path.read_text()) for path in reproduction.traces.iterdir()]
    leaks, seen = {}, set()
    for command, *arguments, modules in ((*trace["command"], trace["modules"]) for trace in traces):
        named = [f"{command}.{name}" for name in (*arguments[:1], "simulated", "unet")]
        if key := next((key for key in (*named, command) if key in keys), None):
            seen.add(command)
            leaks |= {key: unknown} if (unknown := set(modules) - reach(key)) else {}
    assert leaks == {}
    assert {key.partition(".")[0] for key in keys} - seen == {"ensemble"}


@pytest.mark.journey
def test_what_dvc_finds_stale_after_an_edit_is_what_imported_the_edited_module(reproduction, tmp_path):
    """In a clone, one module of each room; after a comment in it nothing is stale."""
    workspace = reproduction.workspace.copy(tmp_path)
    traces = [json.loads(path.read_text()) for path in reproduction.traces.iterdir()]
    lock = yaml.safe_load((workspace.root / "dvc.lock").read_text())["stages"]
    for module in LIVE:
        path = workspace.root / f"src/cellarena/{module.replace('.', '/')}.py"
        before = path.read_text()
        importers = {" ".join(t["command"]) for t in traces if f"cellarena.{module}" in t["modules"]}
        must = {name for name, stage in lock.items() if stage["cmd"].removeprefix("cellarena ") in importers} - {"code"}
        found = {}
        for edit in ("\n# A comment.\n", "\n_edited = 1\n"):
            path.write_text(before + edit)
            assert workspace.repro("code")[0] == ["code"]
            found[edit] = set(json.loads(workspace.run("dvc", "status", "--json")))
        commented, edited = found.values()
        assert commented == set(), module
        assert set() < must <= edited < lock.keys(), module
        path.write_text(before)
