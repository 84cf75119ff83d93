"""No module imports one that, over whatever others, imports it: not in a function either, nor for type checkers."""

from graphlib import CycleError, TopologicalSorter

import grimp
import pytest


def imports_of(package):
    """Return what each module of a package imports of it."""
    graph = grimp.build_graph(package, cache_dir=None)
    return {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}


def circle(imports):
    """Return the modules of a circle of imports, none if there is no circle."""
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        return error.args[1]
    return []


@pytest.fixture(scope="module")
def imports():
    return imports_of("cellarena")


def test_imports_have_no_circle(imports):
    assert circle(imports) == []


def test_what_paints_synthetic_images_imports_nothing_of_what_learns_to(imports):
    room = "cellarena.synthesis.generators"
    reached = [module for module in imports if module.startswith(room) and module.endswith(".painter")]
    assert len(reached) >= 4
    for module in reached:
        reached += sorted(imports[module] - set(reached))
    learning = [module for module in reached if module.endswith((".learner", ".fitting", ".crops", ".adversarial"))]
    assert learning == []


@pytest.mark.parametrize(
    "back", ["def late():\n    import circling_{0}.a\n", "if TYPE_CHECKING:\n    from circling_{0} import a\n"]
)
def test_a_circle_is_found(tmp_path, monkeypatch, back):
    name = f"circling_{len(back)}"
    package = tmp_path / name
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "a.py").write_text(f"from {name} import b\n")
    (package / "b.py").write_text(f"from typing import TYPE_CHECKING\n{back.format(len(back))}")
    monkeypatch.syspath_prepend(tmp_path)
    assert set(circle(imports_of(name))) == {f"{name}.a", f"{name}.b"}
