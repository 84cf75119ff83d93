import pytest

from cellarena.code.reach import Code

CATALOG = "from cellarena.catalog import Catalog\nTHINGS: Catalog[int] = Catalog('thing', 'made.things')\n"


@pytest.fixture
def made(tmp_path, monkeypatch):
    """Write the modules of a package `made`, by their paths in it; return its code."""
    monkeypatch.syspath_prepend(tmp_path)

    def write(**files):
        (tmp_path / "made").mkdir()
        for name, content in {"__init__": "", **files}.items():
            path = tmp_path / "made" / name.replace("__of__", "/")
            path.parent.mkdir(exist_ok=True)
            (path.parent / "__init__.py").touch()
            path.with_suffix(path.suffix or ".py").write_text(content)
        return Code(frozenset({"made"}))

    return write


def modules(code, *roots, **chosen):
    reached = code.reached([f"made.{root}" for root in roots], chosen).modules
    return {name.removeprefix("made.") for name in reached - {"made"}}


@pytest.mark.parametrize(
    "statement",
    [
        "import made.b",
        "from made import b",
        "from made.b import x",
        "from . import b",
        "from .b import x as y",
        "def f():\n    from made.b import x",
        "class A:\n    import made.b as c",
        "try:\n    import made.b\nexcept ImportError:\n    pass",
        "if x:\n    pass\nelse:\n    import made.b",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import made.c\nelse:\n    import made.b",
    ],
)
def test_an_import_is_followed_wherever_it_stands(made, statement):
    code = made(a=statement, b="x = 1", c="")
    assert modules(code, "a") == {"a", "b"}


@pytest.mark.parametrize("test", ["TYPE_CHECKING", "typing.TYPE_CHECKING"])
def test_what_type_checkers_import_is_not_reached(made, test):
    code = made(a=f"if {test}:\n    from made.b import x", b="x = 1")
    assert modules(code, "a") == {"a"}


def test_every_package_above_a_module_runs(made):
    code = made(a="from made.deep.inner import x", deep__of____init__="import made.b", deep__of__inner="x = 1", b="")
    assert modules(code, "a") == {"a", "deep", "deep.inner", "b"}


def test_modules_that_import_each_other_reach_each_other(made):
    code = made(a="import made.b", b="def f():\n    import made.a", c="import made.a")
    assert modules(code, "a") == modules(code, "b") == {"a", "b"}


def test_libraries_are_not_followed(made):
    assert modules(made(a="import json, numpy, made_of_something_else"), "a") == {"a"}


@pytest.mark.parametrize(
    ("use", "expected"),
    [
        ("from made.spec import THINGS\nTHINGS[name]", {"things.one"}),
        ("from made.spec import THINGS as T\ndef f(name):\n    return T[name].x", {"things.one"}),
        ("from made.passed_on import THINGS\nTHINGS[name]", {"passed_on", "things.one"}),
        ("from made.spec import THINGS\n[THINGS[name] for name in THINGS]", {"things.one", "things.two"}),
        ("from made.spec import THINGS\nname in THINGS", {"things.one", "things.two"}),
        ("from made import spec\nspec.THINGS[name]", {"things.one", "things.two"}),
        ("import made.spec\nmade.spec.THINGS[name]", {"things.one", "things.two"}),
        ("from made.spec import THINGS\nTHINGS.entry('two')", set()),
        ("from made.spec import other", set()),
    ],
)
def test_a_catalog_counts_by_the_entries_that_are_asked_for(made, use, expected):
    code = made(
        a=use, spec=CATALOG, passed_on="from made.spec import THINGS",
        things__of__one="import made.spec", things__of__two="import made.spec",
    )  # fmt: skip
    # The package itself is imported with any module in it.
    package = {"things"} if expected & {"things.one"} else set()
    assert modules(code, "a", thing=["one"]) == {"a", "spec"} | expected | package


def test_of_a_catalog_of_which_nothing_is_chosen_every_entry_counts(made):
    code = made(a="from made.spec import THINGS\nTHINGS[x]", spec=CATALOG, things__of__one="", things__of__two="")
    assert modules(code, "a") == {"a", "spec", "things", "things.one", "things.two"}


def test_an_entry_without_a_module_of_its_name_may_lie_in_any(made):
    code = made(a="from made.spec import THINGS\nTHINGS[x]", spec=CATALOG, things__of__many="", things__of__two="")
    assert modules(code, "a", thing=["three"]) == {"a", "spec", "things", "things.many", "things.two"}


def test_a_module_is_known_by_its_statements(made, tmp_path):
    code = made(a="def f(x: int) -> int:\n    return x + 1\n")
    known = code.fingerprint(code.reached(["made.a"], {}))

    def after(content):
        (tmp_path / "made/a.py").write_text(content)
        edited = Code(code.packages)
        return edited.fingerprint(edited.reached(["made.a"], {}))

    assert known == after(
        '"""A module."""\n\n\ndef f(\n    x: int,\n) -> int:\n    """Add."""\n    # One.\n    return (x + 1)\n'
    )
    assert len(known) == 16
    others = [
        after(f"def f(x: int) -> int:\n    return x {rest}\n")
        for rest in ("+ 2", "- 1", "+ True", "+ 1.0", "+ '1'", "+ x", "+ 1\nf(1)")
    ]
    assert len({known, *others}) == 8


@pytest.mark.parametrize("named", ["page.css", "folder/page.css", "other.js"])
def test_a_file_counts_for_a_module_that_names_it_or_one_beside_it(made, tmp_path, named):
    code = made(a=f"style = {named!r}", b="")
    (tmp_path / "made/templates").mkdir()
    for name in ("page.css", "other.js"):
        (tmp_path / "made/templates" / name).write_text("a")
    before = [code.fingerprint(code.reached([f"made.{name}"], {})) for name in "ab"]
    (tmp_path / "made/templates/page.css").write_text("b")
    edited = Code(code.packages)
    after = [edited.fingerprint(edited.reached([f"made.{name}"], {})) for name in "ab"]
    assert [a == b for a, b in zip(before, after, strict=True)] == [False, True]


def test_a_module_that_is_no_python_is_named(made):
    with pytest.raises(ValueError, match=r"made\.a: no Python that could be read"):
        modules(made(a="def"), "a")
