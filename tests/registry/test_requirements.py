import importlib.metadata

import pytest

from cellarena.registry import requirements
from cellarena.registry.requirements import installed_otherwise, used_otherwise

LOCK = """# pip freeze
--extra-index-url https://example.org
numpy==2.4.6
Torch==2.13.0 \\
    --hash=sha256:abc
tool @ git+https://example.org/tool
none==1.0; sys_platform == "plan9"
click>=8
"""


@pytest.mark.parametrize(
    ("used", "named"),
    [
        ({"torch": "2.13.0", "numpy": "2.4.6"}, []),
        ({"torch": "2.13.0+cpu"}, []),
        ({"torch": "2.12.1"}, ["torch 2.12.1 (requirements.lock: 2.13.0)"]),
        ({"numpy": "2.5", "torch": "nightly"}, [f"{name} (requirements.lock: {locked})" for name, locked in
                                                {"numpy 2.5": "2.4.6", "torch nightly": "2.13.0"}.items()]),
        ({"none": "2.0", "unknown": "1", "tool": "1"}, []),
        ({"click": "7.1"}, ["click 7.1 (requirements.lock: >=8)"]),
    ],
)  # fmt: skip
def test_versions_that_the_lock_does_not_ask_for_are_named(used, named):
    assert list(map(str, used_otherwise(used, LOCK))) == named


def test_what_is_not_installed_made_nothing(monkeypatch):
    installed = {"numpy": "2.4.6", "Torch": "2.12.1"}

    def version(name):
        if name not in installed:
            raise importlib.metadata.PackageNotFoundError(name)
        return installed[name]

    monkeypatch.setattr(requirements, "version", version)
    assert [(other.name, other.found) for other in installed_otherwise(LOCK)] == [("Torch", "2.12.1")]
