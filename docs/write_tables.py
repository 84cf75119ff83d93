"""Write the contracts of all tables: python docs/write_tables.py writes docs/tables.md."""

from collections.abc import Iterator
from importlib import import_module
from itertools import groupby
from pathlib import Path

import cellarena
from cellarena.tables import Column, Schema

PACKAGE = Path(cellarena.__path__[0])
PAGE = Path(__file__).with_name("tables.md")
PLACES = {
    "data/raw/manifest.csv, data/preprocessed/manifest.csv, data/splits/SUBSET.csv, data/study/arms/ARM.csv, "
    "data/synthetic/GENERATOR/manifest.csv": "records.MANIFEST",
    "data/synthetic/GENERATOR/donors.csv": "synthesis.making.DONORS",
    "data/exploration/images.csv": "datasets.describing.tables.IMAGES",
    "data/exploration/channels.csv": "datasets.describing.tables.CHANNELS",
    "data/exploration/objects.csv": "datasets.describing.tables.OBJECTS",
    "data/predictions/RUN/failures.csv, data/study/predictions/RUN/failures.csv": "shell.predictions.FAILURES",
    "data/probabilities/RUN/failures.csv, data/study/probabilities/RUN/failures.csv": "shell.predictions.UNPREDICTED",
    "data/scores/RUN.csv, data/study_scores/RUN.csv": "evaluation.scores.SCORES",
    "data/scores/RUN.cells.csv, data/study_scores/RUN.cells.csv": "evaluation.coverage.CELLS",
    "data/errors/strata.csv": "evaluation.errors.strata.BOUNDS",
    "data/errors/RUN/objects.csv": "evaluation.errors.analysis.OBJECTS",
    "data/errors/RUN/counts.csv": "evaluation.errors.gains.COUNTS",
    "data/errors/RUN/gains.csv, metrics/anatomy/gains.csv": "evaluation.errors.gains.GAINS",
    "data/errors/RUN/strata.csv, metrics/anatomy/strata.csv": "evaluation.errors.strata.STRATA",
    "data/calibration/RUN/temperature.csv": "evaluation.calibration.tables.TEMPERATURE",
    "data/calibration/RUN/images.csv": "evaluation.calibration.tables.IMAGES",
    "data/calibration/RUN/objects.csv": "evaluation.calibration.tables.JUDGED_OBJECTS",
    "data/calibration/RUN/summary.csv": "evaluation.calibration.tables.SUMMARY",
    "data/calibration/RUN/reliability.csv": "evaluation.calibration.tables.RELIABILITY",
    "data/calibration/RUN/risk_coverage.csv": "evaluation.calibration.tables.RISK_COVERAGE",
    "data/packages/MODEL/scores.csv": "registry.packages.packing.PACKED_SCORES",
    "metrics/dataset/summary.csv": "datasets.describing.tables.SUMMARY",
    "metrics/dataset/formats.csv": "datasets.describing.tables.FORMATS",
    "metrics/dataset/subsets.csv": "datasets.describing.tables.SUBSET_MEMBERS",
    "metrics/dataset/intensities.csv": "datasets.describing.tables.INTENSITIES",
    "metrics/dataset/near_duplicates.csv": "datasets.describing.tables.NEAR_DUPLICATES",
    "metrics/quality/GENERATOR/measures.csv": "evaluation.quality.measures.MEASURED",
    "metrics/quality/GENERATOR/memorisation.csv": "evaluation.quality.measures.MEMORISATION",
    "metrics/quality/GENERATOR/spectrum.csv": "evaluation.quality.descriptions.SPECTRUM",
    "metrics/quality/GENERATOR/intensities.csv": "evaluation.quality.descriptions.INTENSITIES",
    "metrics/quality/GENERATOR/morphology.csv": "evaluation.quality.descriptions.MORPHOLOGY",
    "metrics/benchmark.csv": "evaluation.leaderboard.BENCHMARK",
    "metrics/coverage.csv": "evaluation.coverage.COVERAGE",
    "metrics/training.csv": "evaluation.trainings.TRAININGS",
    "metrics/pairwise.csv": "evaluation.statistics.PAIRS",
    "metrics/intervals.csv": "evaluation.statistics.INTERVALS",
    "metrics/ranks.csv": "evaluation.rank_tests.RANKS",
    "metrics/mixed_model.csv": "evaluation.mixed_model.MIXED_MODEL",
    "metrics/anatomy/categories.csv": "evaluation.errors.comparison.CATEGORY_TOTALS",
    "metrics/anatomy/grid.csv": "evaluation.errors.strata.GRID",
    "metrics/anatomy/difficulty.csv": "evaluation.errors.difficulty.DIFFICULTY",
    "metrics/calibration.csv": "evaluation.calibration.comparison.CALIBRATION",
    "metrics/study/arms.csv": "synthesis.arms.ARMS",
    "metrics/study.csv": "evaluation.study.STUDY",
    "metrics/study_by_modality.csv": "evaluation.study.STUDY_BY_MODALITY",
    "plots/curves/f1_over_thresholds.csv, plots/study/curves/f1_over_thresholds.csv": (
        "evaluation.curves.F1_OVER_THRESHOLDS"
    ),
    "plots/curves/validation_f1.csv, plots/study/curves/validation_f1.csv": "evaluation.curves.VALIDATION_F1",
    "plots/curves/training_loss.csv": "evaluation.curves.TRAINING_LOSS",
    "plots/generators/GENERATOR/losses.csv": "synthesis.generators.spec.LOSSES",
    "segmented/objects.csv": "segmenting.object_table.OBJECTS",
    "segmented/images.csv": "segmenting.outcomes.IMAGES",
}
HEAD = """# Tables

What every table that flows between stages, is kept in git or is packed with a release holds. Written from the schemas
beside the functions that make the tables (`python docs/write_tables.py`); a table that does not fit its schema is
neither written nor read.

All are CSV: UTF-8, comma, LF, one header, columns in this order, numbers with six significant digits (a manifest's with
all). Text is text: `NA` and `007` stay what they are. A cell may be empty only where the tables below say so: the
number is undefined, or there is no such text. A name with a `*` stands for any number of columns in its place, none
too: one for each model, modality, metric or loss.
"""


def schemas() -> dict[str, Schema]:
    """Return every schema of the package by module and name, as `evaluation.scores.SCORES`."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        if "from cellarena.tables import" not in text:
            continue
        module = ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
        for name, value in vars(import_module(f"cellarena.{module}")).items():
            # An imported one is entered where it is made.
            if isinstance(value, Schema) and not name.startswith("_") and f"\n{name} = " in text:
                found[f"{module}.{name}"] = value
    return found


def _row(columns: list[Column]) -> str:
    names, column = ", ".join(f"`{column.name}`" for column in columns), columns[0]
    kind = f"{column.kind}: {', '.join(column.values)}" if column.values else column.kind
    return f"| {names} | {kind} | {column.unit} | {'yes' if column.missing else ''} | {column.meaning} |"


def _alike(column: Column) -> tuple[object, ...]:
    return column.kind, column.unit, column.meaning, column.missing, column.values


def _section(places: str, name: str, schema: Schema) -> Iterator[str]:
    module, _, constant = name.rpartition(".")
    yield f"\n## {', '.join(f'`{place}`' for place in places.split(', '))}\n"
    yield f"{schema.about}. `{constant}` in `{module.replace('.', '/')}.py`.\n"
    yield "| column | holds | unit | may be empty | meaning |\n|---|---|---|---|---|"
    yield from (_row(list(columns)) for _, columns in groupby(schema.columns, _alike))


def page() -> str:
    """Return the text of docs/tables.md."""
    known = schemas()
    lines = [line for places, name in PLACES.items() for line in _section(places, name, known[name])]
    return "\n".join([HEAD.rstrip("\n"), *lines]) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
