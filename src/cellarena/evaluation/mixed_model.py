"""A check by other means: one linear mixed model of all values at once."""

import warnings
from collections.abc import Sequence

import numpy as np
import pandas as pd

from cellarena.evaluation.trials import Trials
from cellarena.tables import ROW, integers, numbers, schema, texts

FITTED = "fitted"
MIXED_MODEL = schema(
    "mixed model",
    "By how much every row differs from the first in one linear mixed model of all values: a check",
    ROW,
    texts("than", "the first row"),
    numbers("difference?", "from that row", "F1"),
    numbers("standard_error?", "of the difference", "F1"),
    numbers("sd_images?, sd_seeds?, sd_rest?", "between images, between trainings, and what is left", "F1"),
    integers("n_values", "that it is fitted to"),
    texts("status", f"{FITTED}, or why it is not"),
)  # fmt: skip
AT_MOST = 1200
"""Values: the time of the fit grows with their number cubed; that of 2400 took most of a minute on a busy CPU."""


def mixed_model(trials: Sequence[Trials]) -> pd.DataFrame:
    """Return by how much every row differs from the first in value ~ row + (1 | image) + (1 | seed of the row).

    A check of the pairwise table, not what its verdicts rest on: the model takes the luck of a row on an image for
    independent from seed to seed. Bates et al., "Fitting linear mixed-effects models using lme4", 2015,
    doi 10.18637/jss.v067.i01; fitted by REML in statsmodels.

    Args:
        trials: the rows, the first being the one that others are compared with.

    Returns:
        The columns of MIXED_MODEL, a line for each row but the first.
    """
    first, *others = trials
    status, numbers = _fit(trials)
    n_values = sum(int(np.isfinite(row.values).sum()) for row in trials)
    lines = [(row.row, first.row, *numbers.get(row.row, (np.nan,) * 5), n_values, status) for row in others]
    return pd.DataFrame(lines, columns=MIXED_MODEL.names)


def _fit(trials: Sequence[Trials]) -> tuple[str, dict[str, tuple[float, ...]]]:
    table = _long(trials)
    if reason := _reason_not_to(trials, table):
        return reason, {}
    from statsmodels.formula.api import mixedlm

    others = [row.row for row in trials[1:]]
    formula = "value ~ " + " + ".join(f"is{k}" for k in range(1, len(trials)))
    parts = {"image": "0 + C(image)", "training": "0 + C(training)"}
    with warnings.catch_warnings(record=True):
        warnings.simplefilter("always")
        try:
            model = mixedlm(formula, table, groups="all", re_formula="0", vc_formula=parts)
            found = model.fit(reml=True, method=["lbfgs", "powell"])
        except (np.linalg.LinAlgError, ValueError) as error:
            return f"not fitted: {' '.join(str(error).split())}", {}
    if not found.converged:
        return "not fitted: the optimisation did not converge", {}
    sds = tuple(float(np.sqrt(max(variance, 0.0))) for variance in (*found.vcomp, found.scale))
    effects, errors = np.asarray(found.fe_params)[1:], np.asarray(found.bse_fe)[1:]
    if not np.isfinite(errors).all():
        return "not fitted: the standard errors are undefined", {}
    return FITTED, {
        row: (float(effect), float(error), *sds) for row, effect, error in zip(others, effects, errors, strict=True)
    }


def _reason_not_to(trials: Sequence[Trials], table: pd.DataFrame) -> str:
    if single := [row.row for row in trials if row.learned and row.n_seeds < 2]:
        return f"not fitted: 1 seed of {', '.join(single)}; the spread between trainings is unknown"
    if all(not row.learned for row in trials):
        return "not fitted: no row is learned"
    if len(table) > AT_MOST:
        return f"not fitted: {len(table)} values, more than {AT_MOST}"
    if table["image"].nunique() < 2:
        return "not fitted: fewer than 2 images"
    return ""


def _long(trials: Sequence[Trials]) -> pd.DataFrame:
    """Return a line per defined value; a row is told by indicator columns, as its name may mean something in a formula.

    A row that is not learned has no training of its own: its one value per image carries no effect of a seed.
    """
    parts = []
    for k, row in enumerate(trials):
        n_seeds, n_images = row.values.shape
        part = {
            "value": row.values.ravel(),
            "image": np.tile(np.arange(n_images), n_seeds),
            "training": np.repeat([f"{k}-{seed}" for seed in range(n_seeds)], n_images),
        }
        parts.append(pd.DataFrame(part).assign(**{f"is{j}": float(j == k) for j in range(1, len(trials))}))
    return pd.concat(parts, ignore_index=True).dropna(subset=["value"]).assign(all=1)
