"""Every table keeps its contract: what is in git fits it, what is written is read, what is damaged is refused."""

import re
import sys
from pathlib import Path

import pandas as pd
import pytest

from cellarena.tables import BOOLEAN, INTEGER, NUMBER, TEXT, booleans, integers, numbers, schema, texts

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "docs"))

from write_tables import PAGE, PLACES, page, schemas  # noqa: E402 (a script of the documentation, not installed)

SCHEMAS = schemas()
COMMITTED = sorted(
    path.relative_to(ROOT).as_posix() for folder in ("metrics", "plots") for path in (ROOT / folder).rglob("*.csv")
)
SMALL = schema(
    "small", "For the tests",
    texts("image", "text"), texts("side", "one of two", "true", "pred"), numbers("f1_*?", "of a model"),
    integers("n", "whole"), integers("m?", "whole or empty"), booleans("cut?", "true or empty"),
)  # fmt: skip
CELLS = {
    TEXT: ("007", "NA"), INTEGER: ("0", "12345678"), NUMBER: ("0.123457", "-inf"), BOOLEAN: ("True", "False"),
}  # fmt: skip


def fitting(file):
    """Return the schemas whose places a path matches."""
    return [
        SCHEMAS[name]
        for places, name in PLACES.items()
        for place in places.split(", ")
        if re.fullmatch(re.sub(r"\b[A-Z]{2,}\b", "[^/.]+", place), file)
    ]


def lines_of(contract):
    """Return header and two rows of cells that fit a contract, by column."""
    cells = {}
    for column in contract.columns:
        known = column.values[:2] or CELLS[column.kind]
        cells[column.name.replace("*", "some") if "*" in column.name else column.name] = [
            "" if column.missing else known[0],
            known[-1],
        ]
    return cells


def text_of(cells):
    rows = zip(*cells.values(), strict=True)
    return "\n".join([",".join(cells), *(",".join(row) for row in rows)]) + "\n"


def refusal(contract, path, content):
    path.write_text(content, newline="")
    with pytest.raises(ValueError, match="damaged or edited") as refused:
        contract.read(path)
    said = str(refused.value)
    assert said.startswith(f"{path}: damaged or edited (")
    assert said.endswith("); run `dvc checkout` or `dvc repro`")
    assert "\n" not in said
    return said


def test_the_page_of_tables_is_that_of_the_schemas():
    assert PAGE.read_text(encoding="utf-8") == page(), "run `python docs/write_tables.py`"


def test_every_schema_has_its_place_and_a_meaning_for_every_column():
    assert sorted(PLACES.values()) == sorted(SCHEMAS)
    for name, contract in SCHEMAS.items():
        assert contract.about, name
        assert all(column.meaning for column in contract.columns), name
        assert len({column.name for column in contract.columns}) == len(contract.columns), name


@pytest.mark.parametrize("file", COMMITTED)
def test_every_table_in_git_fits_its_schema_and_is_written_with_the_same_bytes(file, tmp_path):
    (contract,) = fitting(file)
    contract.write(contract.read(ROOT / file), tmp_path / "again.csv")
    assert (tmp_path / "again.csv").read_bytes() == (ROOT / file).read_bytes()


@pytest.mark.parametrize("name", SCHEMAS)
def test_what_fits_is_read_and_written_with_the_same_bytes(name, tmp_path):
    contract, path = SCHEMAS[name], tmp_path / "table.csv"
    path.write_text(text_of(lines_of(contract)))
    table = contract.read(path)
    kinds = {TEXT: "str", INTEGER: "int64", NUMBER: "float64", BOOLEAN: "bool"}
    nullable = kinds | {INTEGER: "Int64", BOOLEAN: "boolean"}
    assert [str(kind) for kind in table.dtypes] == [
        (nullable if c.missing else kinds)[c.kind] for c in contract.columns
    ]
    contract.write(table, tmp_path / "again.csv")
    assert (tmp_path / "again.csv").read_bytes() == path.read_bytes()
    contract.write(table[:0], tmp_path / "empty.csv")
    assert contract.read(tmp_path / "empty.csv").dtypes.equals(table.dtypes)


@pytest.mark.parametrize("name", SCHEMAS)
def test_what_does_not_fit_is_refused_in_one_line(name, tmp_path):
    contract, path = SCHEMAS[name], tmp_path / "table.csv"
    cells = lines_of(contract)
    fixed = next(column for column in cells if column in contract.names)
    assert f"lacks the column {fixed}" in refusal(
        contract, path, text_of({k: v for k, v in cells.items() if k != fixed})
    )
    odd = refusal(contract, path, text_of({"odd": ["x", "y"], **cells}))
    assert "has an unknown column odd" in odd or "order" in odd or "column odd: 'x', expected number" in odd
    assert "order" in refusal(
        contract, path, text_of({**{k: v for k, v in cells.items() if k != fixed}, fixed: cells[fixed]})
    )
    for column in contract.columns:
        shown = column.name.replace("*", "some")
        if column.kind != TEXT:
            said = refusal(contract, path, text_of({**cells, shown: [cells[shown][1], "x7"]}))
            assert f"row 3, column {shown}: 'x7', expected {column.kind}" in said
        if not column.missing:
            assert f"row 2, column {shown}: ''" in refusal(
                contract, path, text_of({**cells, shown: ["", cells[shown][1]]})
            )


GOOD = "image,side,f1_unet,n,m,cut\nNA,true,0.5,3,,True\n"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "it is empty"),
        (GOOD[:-1], "it ends within a row"),
        (GOOD + "b,true,0.5,3\n", "row 3 has 4 cells, the header 6"),
        (GOOD + '"b,true,0.5,3,,True\n', "unexpected end of data"),
        (GOOD.replace(",3,", ",3.0,"), "row 2, column n: '3.0', expected integer"),
        (GOOD.replace("0.5", "nan"), "row 2, column f1_unet: 'nan', expected number"),
        (GOOD.replace("True", "1"), "row 2, column cut: '1', expected boolean"),
        (GOOD.replace("true", "both"), "row 2, column side: 'both', expected one of true, pred"),
        (GOOD.replace("f1_unet", "f2_unet"), "has an unknown column f2_unet"),
        (
            GOOD.replace("image,side", "side,image"),
            "its columns do not stand once each in the order image, side, f1_*, n",
        ),
        (GOOD.replace("image,side", "image,image"), "lacks the column side"),
        ("<<<<<<< HEAD\n" + GOOD, "lacks the column image; lacks the column side"),
    ],
)
def test_damage_is_named(tmp_path, content, said):
    assert said in refusal(SMALL, tmp_path / "t.csv", content)


def test_bytes_that_are_no_text_are_damage(tmp_path):
    (tmp_path / "t.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match=r"t\.csv: damaged or edited \(.*utf-8"):
        SMALL.read(tmp_path / "t.csv")


def test_a_missing_table_says_how_to_get_it(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"t\.csv: no such table of small; run `dvc repro` or `dvc pull`"):
        SMALL.read(tmp_path / "t.csv")


def test_columns_with_a_star_are_any_number_in_their_place(tmp_path):
    for middle, cells in (("", ""), ("f1_sac,f1_unet,", "0.5,,")):
        (tmp_path / "t.csv").write_text(f"image,side,{middle}n,m,cut\na,pred,{cells}3,,\n")
        assert list(SMALL.read(tmp_path / "t.csv")) == [
            "image",
            "side",
            *filter(None, middle.split(",")),
            "n",
            "m",
            "cut",
        ]


def test_whole_numbers_keep_all_digits_though_some_are_undefined(tmp_path):
    table = pd.DataFrame({
        "image": ["a", "b"], "side": "true", "n": [1.0, 2.0], "m": [12345678.0, None], "cut": [None, True],
    })  # fmt: skip
    SMALL.write(table, tmp_path / "t.csv")
    assert (tmp_path / "t.csv").read_text().splitlines()[1:] == ["a,true,1,12345678,", "b,true,2,,True"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"n": [0.5]}, "no table of small"),
        ({"n": [None]}, "row 2, column n: ''"),
        ({"side": ["left"]}, "one of true, pred"),
        ({"image": [""]}, "row 2, column image: ''"),
        ({"extra": [1]}, "unknown column extra"),
    ],
)
def test_a_table_that_could_not_be_read_is_not_written(tmp_path, change, said):
    table = pd.DataFrame({"image": ["a"], "side": ["true"], "n": [1], "m": [None], "cut": [None], **change})
    with pytest.raises(ValueError, match=said):
        SMALL.write(table, tmp_path / "t.csv")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.journey
def test_every_table_of_a_pipeline_has_one_contract_and_keeps_it(workspace):
    for folder in ("data", "metrics", "plots"):
        for path in (workspace.root / folder).rglob("*.csv"):
            file = path.relative_to(workspace.root).as_posix()
            found = fitting(file)
            assert len(found) == 1, file
            found[0].read(path)
