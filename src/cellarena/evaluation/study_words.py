"""The augmentation study in words: a sentence for every arm, and one for every model."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import pandas as pd

from cellarena.evaluation.comparing import Comparing
from cellarena.evaluation.verdicts import Finding, claim_of

_METRIC = "F1"


def arm_sentence(label: str, reference: str, line: Mapping[str, Any], settings: Comparing) -> str:
    """Return a sentence such as "R+S@25 is better than R by 0.021 F1 [0.010, 0.033]".

    Args:
        label: of the arm.
        reference: label of what it is compared with.
        line: of `statistics.compare_pairs`.
        settings: what the comparison rests on.
    """
    if line["verdict"] == "cannot tell":
        return f"{label} against {reference}: {line['words']}"
    finding = Finding(line["difference"], (line["low"], line["high"]), line["p_holm"], line["equivalence_p_holm"])
    return f"{label} is {claim_of(line['verdict'], finding, settings.smallest_effect, _METRIC, reference)}"


def model_sentence(table: pd.DataFrame, smallest_effect: float) -> str:
    """Return what the study says of one model, in one sentence.

    It is about the arms that add synthetic images to all real ones. If repeats of real images help as well, it says
    so, for then the gain is not that of synthetic images alone.

    Args:
        table: the model's lines of `study.study_table`.
        smallest_effect: a difference below it does not matter.
    """
    alone = table[table["reference"] == ""].iloc[0]
    others = table[table["reference"] == alone["arm"]]
    added = others[(others["n_synthetic"] > 0) & (others["n_real"] == alone["n_real"])]
    if added.empty:
        return f"No arm of this study adds synthetic images to all the real ones of {alone['model']}."
    repeats = others[(others["n_repeats"] > 0) & (others["n_synthetic"] == 0) & (others["verdict"] == "better")]
    return f"{_answer(str(alone['model']), added, smallest_effect)}{_also(repeats, added)}."


def _answer(model: str, added: pd.DataFrame, smallest_effect: float) -> str:
    better, worse = added[added["verdict"] == "better"], added[added["verdict"] == "worse"]
    if len(better) and len(worse):
        return f"Synthetic images help {model} or harm it: {_most(better, 'idxmax')}, but {_most(worse, 'idxmin')}"
    if len(better):
        return f"Synthetic images help {model}: {_most(better, 'idxmax')}{_rest(better, added)}"
    if len(worse):
        return f"Synthetic images harm {model}: {_most(worse, 'idxmin')}{_rest(worse, added)}"
    open_ = added[added["verdict"] == "cannot tell"]
    if open_.empty:
        return f"Synthetic images make no difference to {model} that matters (within {smallest_effect:g} {_METRIC})"
    return f"Cannot tell whether synthetic images help {model}: {_settled_by(open_)}"


def _most(lines: pd.DataFrame, furthest: str) -> str:
    """Return the words of the arm that is furthest from its reference."""
    return str(lines.loc[getattr(lines["difference"], furthest)(), "words"])


def _rest(told: pd.DataFrame, added: pd.DataFrame) -> str:
    """Return how many further arms come to which verdict."""
    counts = Counter(added["verdict"]) - Counter(told["verdict"][:1])
    names = {"better": "better", "equivalent": "equivalent", "cannot tell": "undecided", "worse": "worse"}
    named = [f"{counts[verdict]} {name}" for verdict, name in names.items() if counts[verdict]]
    return f"; of the other arms that add them {', '.join(named)}" if named else ""


def _settled_by(lines: pd.DataFrame) -> str:
    if (lines["n_seeds"] == 1).any():
        return "with 1 seed the spread between trainings is unknown"
    if lines["more_seeds"].isna().any():
        labels = ", ".join(lines.loc[lines["more_seeds"].isna(), "label"])
        return f"no number of seeds up to 100 would settle {labels}"
    most = int(lines["more_seeds"].max())
    return f"about {most} more seed{'s' * (most != 1)} of each arm would settle it"


def _also(repeats: pd.DataFrame, added: pd.DataFrame) -> str:
    if repeats.empty or not (added["verdict"] == "better").any():
        return ""
    return f"; but repeats of real images help as well ({repeats['words'].iloc[0]})"
