"""Two rows of scores on four test images: a learned model that failed on one, and the classical floor."""

from dataclasses import replace

import numpy as np

from cellarena.evaluation.coverage import ImageStatus, coverage
from cellarena.evaluation.leaderboard import leaderboard
from cellarena.evaluation.scores import THRESHOLDS, score_image, score_table
from cellarena.evaluation.summary import summarize
from cellarena.records import Run
from test_records import RECORD

RECORDS = [
    replace(RECORD, id=name, modality=modality)
    for name, modality in (("a", "DIC"), ("b", "phase contrast"), ("c", "phase contrast"), ("d", "phase contrast"))
]
_TRUE = np.zeros((20, 20), np.int32)
_TRUE[4:8, 4:8], _TRUE[4:8, 12:16] = 1, 2
_HALF = np.where(_TRUE == 1, 1, 0)


def score(pairs, run, thresholds=THRESHOLDS, protocols=("strict", "official")):
    """Return the score table of ids, annotations and predictions."""
    return score_table({name: score_image(true, pred, thresholds, protocols) for name, true, pred in pairs}, run)


def scored():
    """Return runs with their score tables."""
    found = {"a": _TRUE, "b": None, "c": _HALF, "d": _TRUE}
    run, floor = Run("unet", "real", 0), Run("otsu", "real", 0)
    return [
        (run, score([(name, _TRUE, pred) for name, pred in found.items()], run, protocols=["strict"])),
        (floor, score([(name, _TRUE, _HALF) for name in found], floor, protocols=["strict"])),
    ]


def board():
    """Return the leaderboard of these rows, every cell of them covered."""
    images = [record.id for record in RECORDS]
    cells = {run: [ImageStatus(image, "ok", "t", "p", "") for image in images] for run, _ in scored()}
    covered = coverage(images, cells, {(run, image): ("t", "p") for run in cells for image in images})
    return leaderboard(summarize(scored(), RECORDS), covered)
