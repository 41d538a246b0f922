"""How much wider intervals become when every network has a split and batches of its own.

Seeds of a condition share the split into training and validation examples and the order of batches
(both come from the name of the data set), so their spread knows nothing of these.  Here the same
condition is there on several data sets that differ in nothing but that, each with other seeds.
The effect of a claim in seed j of split i is taken as

    effect_ij = mean + split_i + seed_ij,

all terms independent and normal, and seeds of the same variance in every split: a one-way
random-effects analysis of variance.  Split and order of batches vary together, so what is between
splits is of both.  Splits are drawn from the same examples: what other data would do is not in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import fdtri

from neuroninfo.files import tables
from neuroninfo.results.claims import KEY, judge
from neuroninfo.results.statistics import CONFIDENCE, mean_over_seeds, standard_errors, two_sided
from neuroninfo.vocabulary import CONDITION

_READING: Final = tuple(key for key in KEY if key != "dataset")
"""Columns that identify a row; rows are sorted by them."""
COLUMNS: Final[Mapping[str, type]] = {
    **dict.fromkeys((*_READING, "statement", "unit", "family"), str),
    "n_splits": int,
    "n_seeds": int,
    **dict.fromkeys(("effect", "within", "between", "half_one_split", "half_own_splits"), float),
    **dict.fromkeys(("factor", "factor_low", "factor_high", "low", "high"), float),
    "verdict": str,
    "n_same_verdict": int,
}
"""Columns of the table of splits."""


@dataclass(frozen=True)
class Components:
    """Parts of the variance of effects, (claims) each."""

    within: NDArray[np.float64]
    """Standard deviation over seeds of one split."""
    between: NDArray[np.float64]
    """Standard deviation over splits, of what all seeds of a split have in common."""
    factor: NDArray[np.float64]
    """sqrt(1 + between^2 / within^2): by how much an interval becomes wider."""
    factor_low: NDArray[np.float64]
    factor_high: NDArray[np.float64]
    """Ends of its 95 % interval."""


def components(
    means: NDArray[np.float64], deviations: NDArray[np.float64], n_seeds: int
) -> Components:
    """One-way random-effects analysis of variance of as many seeds in each split.

    ``between`` is sqrt(max(0, (MSB - MSW) / n)).  The interval of the factor follows from the exact
    one of the ratio of variances: (MSB / MSW) / (1 + n between^2 / within^2) has an F distribution
    (Searle, Casella and McCulloch, *Variance Components*, 1992, chapter 3).  Ends below 1, which no
    factor is, are 1.  Where nothing varies within splits the factor is 1 if they are all the same,
    else infinite.

    Parameters
    ----------
    means, deviations
        (claims, splits) means over seeds, and standard deviations (n - 1).
    n_seeds
        Of each split, two or more.
    """
    n_splits = means.shape[1]
    of_splits = n_seeds * means.var(axis=1, ddof=1)
    of_splits[np.ptp(means, axis=1) == 0] = 0.0  # a mean of equal values may differ from them
    of_seeds = (deviations**2).mean(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = of_splits / of_seeds
    ratio[(of_splits == 0) & (of_seeds == 0)] = 0.0
    freedom = (n_splits - 1, n_splits * (n_seeds - 1))
    tail = (1 - CONFIDENCE) / 2
    low, high = (ratio / fdtri(*freedom, p) for p in (1 - tail, tail))
    factor, factor_low, factor_high = (
        np.sqrt(1 + np.maximum(0.0, (f - 1) / n_seeds)) for f in (ratio, low, high)
    )
    return Components(
        within=np.sqrt(of_seeds),
        between=np.sqrt(np.maximum(0.0, (of_splits - of_seeds) / n_seeds)),
        factor=factor,
        factor_low=factor_low,
        factor_high=factor_high,
    )


def across_splits(claims: pd.DataFrame, conditions: Sequence[Sequence[str]]) -> pd.DataFrame:
    """Intervals of seeds of one split beside those of networks with a split each.

    Parameters
    ----------
    claims
        Of a study, `claims.STUDY_COLUMNS`.
    conditions
        Dataset, architecture, activation, regularizer: the same ones on each of the data sets,
        which are the splits.

    Returns
    -------
    DataFrame
        `COLUMNS`, one row a reading of a claim that has an interval on every split. ``effect`` is
        the mean over splits. An interval of ``n_seeds`` networks reaches ``half_one_split`` to
        either side if they are seeds of one split, and ``half_own_splits``, which is ``factor`` as
        far, if each has a split of its own. ``low`` and ``high`` are Student's interval of the
        means of the splits, ``verdict`` is of that, and ``n_same_verdict`` counts splits whose
        seeds alone give the same one.

    Raises
    ------
    ValueError
        A condition is not in the table; numbers of seeds differ; no claim has an interval on every
        split.
    """
    wanted = pd.DataFrame(conditions, columns=list(CONDITION))
    existing = set(claims[list(CONDITION)].itertuples(index=False, name=None))
    for names in wanted.itertuples(index=False, name=None):
        if names not in existing:
            raise ValueError(f"{'/'.join(names)}: not in the table of claims; run the study again")
    chosen = claims.merge(wanted, on=list(CONDITION), validate="m:1")
    chosen = chosen[chosen["low"].notna() & chosen["high"].notna()]
    n_splits = wanted["dataset"].nunique()
    on_splits = chosen.groupby(list(_READING))["dataset"].transform("nunique")
    chosen = chosen[on_splits == n_splits].sort_values([*_READING, "dataset"], ignore_index=True)
    if chosen.empty:
        raise ValueError(
            "no claim has an interval on every split: give the conditions common orderings and two "
            "seeds or more"
        )
    if len(numbers := sorted(set(chosen["n_seeds"]))) > 1:
        raise ValueError(
            f"splits have {' and '.join(map(str, numbers))} seeds; the analysis needs as many "
            "of each"
        )
    (n_seeds,) = map(int, numbers)

    def by_split(values: pd.Series) -> NDArray[np.float64]:
        array: NDArray[np.float64] = values.to_numpy().reshape(-1, n_splits)
        return array

    means = by_split(chosen["effect"])
    errors = by_split(pd.Series(standard_errors(chosen["low"], chosen["high"], n_seeds)))
    parts = components(means, errors * np.sqrt(n_seeds), n_seeds)
    reach = two_sided(n_seeds - 1) / np.sqrt(n_seeds)
    rows = chosen.iloc[::n_splits].reset_index(drop=True)
    intervals = [mean_over_seeds(of_claim) for of_claim in means]
    verdicts = [judge(*pair) for pair in zip(rows["claim"], intervals, strict=True)]
    return rows.assign(
        n_splits=n_splits,
        effect=[interval.mean for interval in intervals],
        half_one_split=reach * parts.within,
        half_own_splits=reach * np.hypot(parts.within, parts.between),
        **vars(parts),
        low=[interval.low for interval in intervals],
        high=[interval.high for interval in intervals],
        verdict=verdicts,
        n_same_verdict=(by_split(chosen["verdict"]) == np.array(verdicts)[:, None]).sum(axis=1),
    )[list(COLUMNS)]


def read(path: str | Path) -> pd.DataFrame:
    """Read what `across_splits` gave as written by `tables.write`."""
    return tables.read(path, COLUMNS)


def summary(table: pd.DataFrame) -> str:
    """One sentence for people, of the primary readings."""
    primary = table[table["family"] == "primary"]
    factors = primary["factor"]
    wider = int((primary["factor_low"] > 1).sum())
    return (
        f"If every network has a split of its own, the intervals of {len(primary)} effects become "
        f"wider by a factor of {factors.median():.1f} in the median and {factors.max():.1f} at "
        f"most. For {wider} of the effects the interval of this factor lies above 1."
    )
