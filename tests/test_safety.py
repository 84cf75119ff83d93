"""What must never be in the code: deserialisation that runs code, shells, heavy imports at start-up."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = sorted((ROOT / "src").rglob("*.py"))
APART = ROOT / "src/cellarena/registry/foreign/unpickling.py"
"""The program that opens other people's pickles; nothing imports it."""

MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve"}
CALLS = {
    "eval",
    "exec",
    "os.system",
    "os.popen",
    "torch.load",
    "extractall",
    "unpack_archive",
    "unsafe_load",
    "full_load",
}
HEAVY = ("torch", "monai", "lightning", "matplotlib", "skimage")


def dotted(node):
    """Return a name as it is written, such as torch.load."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def real_names(tree):
    """Return what each imported name stands for: {"load": "torch.load", "t": "torch"}."""
    names = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update({alias.asname: alias.name for alias in node.names if alias.asname})
        if isinstance(node, ast.ImportFrom) and node.module:
            names.update({alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names})
    return names


def imported(node):
    if isinstance(node, ast.Import):
        return {alias.name.split(".")[0] for alias in node.names}
    return {(node.module or "").split(".")[0]} if isinstance(node, ast.ImportFrom) else set()


def is_set(call, name, value):
    return any(k.arg == name and isinstance(k.value, ast.Constant) and k.value.value == value for k in call.keywords)


def faults(code):
    """Return the lines of a source text that do what is never done here."""
    tree = ast.parse(code)
    names = real_names(tree)
    found = []
    for node in ast.walk(tree):
        if imported(node) & MODULES:
            found.append((node.lineno, f"imports {imported(node) & MODULES}"))
        if not isinstance(node, ast.Call):
            continue
        first, _, rest = dotted(node.func).partition(".")
        call = names.get(first, first) + (f".{rest}" if rest else "")
        last = call.rsplit(".", maxsplit=1)[-1]
        if call in CALLS or (last in CALLS and last not in {"eval", "exec"}):
            found.append((node.lineno, f"calls {call}"))
        if call == "yaml.load" or is_set(node, "shell", True) or is_set(node, "allow_pickle", True):
            found.append((node.lineno, f"calls {call} unsafely"))
        if is_set(node, "weights_only", False):
            found.append((node.lineno, f"calls {call} with weights_only=False"))
    return found


@pytest.mark.parametrize(
    "line",
    [
        "import pickle",
        "from pickle import loads",
        "import torch\ntorch.load('x')",
        "from torch import load\nload('x')",
        "import torch as t\nt.load('x', weights_only=True)",
        "import yaml\nyaml.load('x', Loader=yaml.SafeLoader)",
        "archive.extractall('x')",
        "import shutil\nshutil.unpack_archive('x')",
        "eval('1')",
        "exec('1')",
        "subprocess.run('ls', shell=True)",
        "import os\nos.system('ls')",
        "numpy.load('x', allow_pickle=True)",
        "trainer.fit(weights_only=False)",
    ],
)
def test_the_search_finds_what_it_is_for(line):
    assert faults(line)


@pytest.mark.parametrize(
    "line",
    [
        "network.eval()",
        "yaml.safe_load('x')",
        "safetensors.torch.load(b'')",
        "run(['ls'], shell=False)",
        "json.load(file)",
    ],
)
def test_the_search_leaves_the_rest_alone(line):
    assert not faults(line)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT / "src").as_posix())
def test_no_source_file_runs_what_it_reads(path):
    if path != APART:
        assert faults(path.read_text(encoding="utf-8")) == []


def test_pickles_are_opened_in_one_place_as_weights_only():
    code = APART.read_text(encoding="utf-8")
    found = [words for _, words in faults(code)]
    assert sorted(found) == ["calls torch.load", "imports {'pickle'}"]
    loads = [
        node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call) and dotted(node.func) == "torch.load"
    ]
    assert all(is_set(call, "weights_only", True) and is_set(call, "map_location", "cpu") for call in loads)
    # Of pickle itself nothing but the name of an error is used.
    assert re.findall(r"pickle\.(\w+)", code) == ["UnpicklingError"]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT / "src").as_posix())
def test_nothing_imports_the_program_that_opens_pickles(path):
    assert "foreign.unpickling" not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("module", ["cellarena.cli", "cellarena.params", "cellarena.layout"])
def test_the_start_is_light(module):
    code = f"import sys, {module}; print(*sorted(set({HEAVY}) & set(sys.modules)))"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.split() == []


def test_what_breaks_torch_is_not_locked():
    names = {
        re.split(r"[=<>~! \[@;]", line)[0].lower() for line in (ROOT / "requirements.lock").read_text().splitlines()
    }
    assert "torch" in names
    assert not names & {"torchvision", "timm"}
