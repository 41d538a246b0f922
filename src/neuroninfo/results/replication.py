"""Whether a study agrees with another one of the same conditions and other seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from neuroninfo.files import tables
from neuroninfo.results.claims import KEY
from neuroninfo.results.statistics import standard_errors, two_sided

COLUMNS: Final[Mapping[str, type]] = {
    **dict.fromkeys((*KEY, "statement", "unit"), str),
    "effect": float,
    "n_seeds": int,
    "effect_replicated": float,
    "n_seeds_replicated": int,
    "difference": float,
    "low": float,
    "high": float,
    "verdict": str,
    "verdict_replicated": str,
    "agrees": bool,
}
"""Columns of the table of a replication."""


def read(path: str | Path) -> pd.DataFrame:
    """Read what `agreement` gave as written by `tables.write`."""
    return tables.read(path, COLUMNS)


def agreement(claims: pd.DataFrame, replicated: pd.DataFrame) -> pd.DataFrame:
    """Effects of two studies side by side, one row per claim that both have judged.

    The difference of two means gets Welch's interval (1947), with the standard errors that the
    studies' intervals are made of: it says what two samples of these sizes would differ by.  Of
    independent studies with the same truth, 5 % of the intervals exclude 0.

    Parameters
    ----------
    claims
        Of the study at hand, `claims.COLUMNS`.
    replicated
        Of the study that it replicates.

    Returns
    -------
    DataFrame
        `COLUMNS`; ``difference`` is the effect here minus the one there, ``agrees`` whether its
        interval from ``low`` to ``high`` contains 0.

    Raises
    ------
    ValueError
        No claim was judged with an interval by both.
    """
    both = claims.merge(replicated, on=list(KEY), suffixes=("", "_replicated"), validate="1:1")
    both = both[both[["low", "high", "low_replicated", "high_replicated"]].notna().all(axis=1)]
    if both.empty:
        raise ValueError(
            "no claim has an interval in both studies: give them common conditions and more "
            "than one seed each"
        )
    errors, seeds = zip(*(_errors(both, suffix) for suffix in ("", "_replicated")), strict=True)
    variance = sum(error**2 for error in errors)
    with np.errstate(divide="ignore", invalid="ignore"):
        freedom = variance**2 / sum(e**4 / (n - 1) for e, n in zip(errors, seeds, strict=True))
    # No spread on either side: the means are compared as they are.
    freedom = np.where(variance > 0, freedom, 1.0)
    half = two_sided(freedom) * np.sqrt(variance)
    difference = (both["effect"] - both["effect_replicated"]).to_numpy()
    return both.assign(
        difference=difference,
        low=difference - half,
        high=difference + half,
        agrees=np.abs(difference) <= half,
    )[list(COLUMNS)].reset_index(drop=True)


def summary(agreed: pd.DataFrame) -> str:
    """One line for people, such as "41 of 42 effects of all claims agree"."""
    opposite = _opposite(agreed["verdict"], agreed["verdict_replicated"])
    return (
        f"{int(agreed['agrees'].sum())} of {len(agreed)} effects of all claims agree "
        f"(95 % are expected to); "
        f"{opposite} opposite verdicts"
    )


def _errors(both: pd.DataFrame, suffix: str) -> tuple[np.ndarray, np.ndarray]:
    """Standard errors of the mean effects, and the numbers of seeds."""
    low, high, n_seeds = (both[f"{key}{suffix}"].to_numpy() for key in ("low", "high", "n_seeds"))
    return standard_errors(low, high, n_seeds), n_seeds


def _opposite(here: Sequence[str], there: Sequence[str]) -> int:
    """How often one holds and the other fails."""
    return sum({a, b} == {"holds", "fails"} for a, b in zip(here, there, strict=True))
