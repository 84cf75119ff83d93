"""The table of donors of a folder of synthetic images."""

from collections.abc import Iterable
from dataclasses import astuple
from pathlib import Path

import pandas as pd

from cellarena.evaluation.tables import write_table
from cellarena.synthesis.making import SHAPE, TEXTURE, Donor

_COLUMNS = ["record", "role", "donor", "donor_sha256"]


def write_donors(donors: Iterable[Donor], path: Path) -> None:
    """Write donors.csv, sorted by record, role and donor."""
    write_table(pd.DataFrame([astuple(donor) for donor in sorted(donors)], columns=_COLUMNS), path)


def read_donors(path: Path) -> list[Donor]:
    """Return the rows of a donors.csv.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is no table of donors.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no table of donors; run `dvc repro` or `dvc pull`")
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8")
        if sorted(table.columns) != sorted(_COLUMNS):
            raise ValueError(f"columns are {list(table.columns)}, expected {_COLUMNS}")
        if strange := sorted(set(table["role"]) - {SHAPE, TEXTURE}):
            raise ValueError(f"role {strange[0]!r} is none of {SHAPE}, {TEXTURE}")
    except ValueError as error:
        reason = " ".join(str(error).split())
        raise ValueError(f"{path}: damaged or edited ({reason}); run `dvc repro` or `dvc checkout`") from error
    return [Donor(*row) for row in table[_COLUMNS].itertuples(index=False)]
