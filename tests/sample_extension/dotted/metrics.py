"""How many objects too many there are."""

import numpy as np

from cellarena.evaluation.metrics import on_pairs


@on_pairs(failed=np.nan)
def excess(pairs):
    """Return the number of predicted objects less that of annotated ones."""
    return float(pairs.n_pred - pairs.n_true)
