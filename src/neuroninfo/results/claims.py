"""What the curves say of the talk's claims, each with an interval over seeds and a verdict.

With A_o(k) the accuracy on test after k removals in order o, G(o) is its mean over k = 0..n.

- C1, whole network: C1a G(highest first) > G(random); C1b G(random) > G(lowest first).
- C2, each layer: C2a G(random) > G(highest first); C2b G(lowest first) > G(random).
- C3, each pair of layers: Cliff's delta of mutual information, neurons pooled within a seed.
- C4, layers 3 and 4 of the talk's CIFAR-10 network: the counts of `reading` beside the talk's.
- C5, whole network: Spearman's correlation of class selectivity and the accuracy that a neuron
  costs alone is at most 0.1.

The effect is a mean over seeds, its interval the 95 % percentile bootstrap.  Seeds share the
split and the order of batches, so intervals cover initialisation and dropout.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import scipy.stats
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from neuroninfo.files import tables
from neuroninfo.neurons.measures import DECIMALS
from neuroninfo.files.storage import NETWORK, RANDOM
from neuroninfo.streams import Stream, generator

CONFIDENCE: Final = 0.95
RESAMPLES: Final = 10_000
FEW_SEEDS: Final = 10
"""Below this the percentile bootstrap is said to be approximate."""
CONDITION: Final = ("dataset", "architecture", "activation", "regularizer")
COLUMNS: Final[Mapping[str, type]] = {
    "claim": str,
    "statement": str,
    **dict.fromkeys(CONDITION, str),
    "scope": str,
    "measure": str,
    "quantizer": str,
    "effect": float,
    "low": float,
    "high": float,
    "threshold": float,
    "unit": str,
    "n_seeds": int,
    "verdict": str,
    "note": str,
}
"""Of the table of claims."""
PAGE: Final = (
    *("claim", "verdict", "effect", "low", "high", *CONDITION, "statement"),
    *("unit", "n_seeds", "quantizer", "note"),
)
"""Columns for people, verdict and condition in sight; the statement says scope and measure."""
_KEY: Final = (*CONDITION, "claim", "scope", "measure", "quantizer")
TALK: Final[Mapping[tuple[str, str, int], Mapping[str, tuple[float, float]]]] = {
    ("cifar10", "250-500-250-500", 3): {  # slide T13
        "suffice": (40, 40),
        "destroy": (60, 60),
        "inactive": (200, 200),
    },
    ("cifar10", "250-500-250-500", 4): {  # slide T14
        "suffice": (100, 100),
        "destroy": (250, 250),
        "inactive": (250, 250),
        "redundant": (50, 150),
    },
}
"""Data set, architecture, layer -> count -> from, to as the talk reads them off its curves."""
ROUNDED: Final = 0.1
"""Chosen: the talk's single numbers are round, so they are taken as plus or minus this share."""
_SELECTIVITY: Final = 0.1
"""Correlation from which on class selectivity would be a good indicator."""
ZERO: Final = "zero"
"""Ablated neurons put out zero; what claims are about."""
_ORDERINGS: Final[Mapping[str, str]] = {
    "ascending": "lowest first (ascending)",
    "descending": "highest first (descending)",
    RANDOM: "random",
}

# Claim -> orderings (a, b) of "G(a) - G(b) > 0", and its words.
_NETWORK_CLAIMS: Final = {
    "C1a": ("descending", RANDOM, "removing the highest {} first hurts less than random"),
    "C1b": (RANDOM, "ascending", "removing the lowest {} first hurts more than random"),
}
_LAYER_CLAIMS: Final = {
    "C2a": (RANDOM, "descending", "removing the highest {} first hurts more than random"),
    "C2b": ("ascending", RANDOM, "removing the lowest {} first hurts less than random"),
}


class ClaimError(ValueError):
    """What the claims are read from is incomplete or does not fit together."""


@dataclass(frozen=True)
class Interval:
    """A mean with its confidence interval; ends are NaN if there is none, the note says why."""

    mean: float
    low: float
    high: float
    note: str = ""

    def verdict(self, least: float, most: float = np.inf) -> str:
        """Whether the truth lies between two numbers.

        ``holds`` if all of the interval does, ``fails`` if nothing of it does, else
        ``undecided``.
        """
        if least < self.low and self.high < most:
            return "holds"
        return "fails" if self.high < least or self.low > most else "undecided"


@dataclass(frozen=True)
class _Claim:
    """What is said, and its effect in each seed."""

    what: dict[str, str]
    """Values of `COLUMNS` that are text."""
    effects: NDArray[np.float64] | None
    """None where they cannot be; the note says why."""
    least: float = 0.0
    most: float = np.inf
    """It holds for effects between them."""
    threshold: float = 0.0
    two_sided: bool = False
    """It holds below `least` too."""
    stream: str = ""
    """Key of its bootstrap's stream; empty: that of its row."""


def count_stream(
    condition: Mapping[str, str], scope: str, measure: str, quantizer: str, name: str, delta: str
) -> str:
    """Key of the bootstrap's stream of a count: it has one interval wherever it stands."""
    return "/".join(
        [*(condition[key] for key in CONDITION), scope, measure, quantizer, name, delta]
    )


def ordered_by(*groups: xr.Dataset) -> list[tuple[str, str]]:
    """Measures and quantizers that neurons were ordered by in groups of ``ablation.nc``."""
    pairs = [
        (str(measure), str(quantizer))
        for group in groups
        for measure, quantizer in zip(
            group["measure"].values, group["quantizer"].values, strict=True
        )
    ]
    return [pair for pair in dict.fromkeys(pairs) if pair[0] != RANDOM]


def curves(
    group: xr.Dataset, measure: str, quantizer: str, replacement: str = ZERO
) -> dict[str, NDArray[np.float64]]:
    """Accuracy on test after each removal, by ordering.

    Parameters
    ----------
    group
        One scope of ``ablation.nc``.
    measure, quantizer
        What the orders are made by.
    replacement
        What ablated neurons put out: ``zero`` or ``mean``.

    Returns
    -------
    dict
        Those that there are of ``ascending``, ``descending`` and ``random`` ->
        (seeds, n + 1) shares of correct predictions; random orders are averaged over their
        repeats within a seed.

    Raises
    ------
    ClaimError
        The group lacks the attribute ``n_test``.
    """
    n_test = _n_test(group)
    return {
        name: correct.sum(axis=1) / (correct.shape[1] * n_test)
        for name, correct in _counts(group, measure, quantizer, replacement).items()
    }


def mean_accuracy(
    group: xr.Dataset, measure: str, quantizer: str, replacement: str = ZERO
) -> dict[str, NDArray[Any]]:
    """G(o), the mean of A_o(k) over k = 0..n, by ordering.

    Parameters and errors as `curves`. All counts are added up before the only division, so
    that orders that agree have exactly the same G.

    Returns
    -------
    dict
        As of `curves`, with (seeds) values.
    """
    n_test = _n_test(group)
    return {
        name: correct.sum(axis=(1, 2)) / (correct.shape[1] * correct.shape[2] * n_test)
        for name, correct in _counts(group, measure, quantizer, replacement).items()
    }


def bootstrap_mean(
    values: ArrayLike,
    rng: np.random.Generator,
    confidence: float = CONFIDENCE,
    n_resamples: int = RESAMPLES,
) -> Interval:
    """Mean with its percentile bootstrap interval (`scipy.stats.bootstrap`).

    Parameters
    ----------
    values
        (n) one value a seed; their order does not matter.
    rng
        A fresh generator of the bootstrap's stream, keyed by what is resampled.

    Raises
    ------
    ClaimError
        No values, or one that is not finite.
    """
    array = np.sort(np.asarray(values, dtype=np.float64))
    if array.ndim != 1 or len(array) == 0 or not np.isfinite(array).all():
        raise ClaimError(f"the bootstrap needs finite values of at least one seed, got {array}")
    if len(array) == 1:
        return Interval(float(array[0]), np.nan, np.nan, "one seed: no interval")
    note = ""
    if len(array) < FEW_SEEDS:
        note = f"fewer than {FEW_SEEDS} seeds: the interval is approximate"
    if array[0] == array[-1]:
        value = float(array[0])  # a mean of equal values may differ in the last digit
        return Interval(value, value, value, note)
    result = scipy.stats.bootstrap(
        (array,),
        np.mean,
        n_resamples=n_resamples,
        confidence_level=confidence,
        method="percentile",
        vectorized=True,
        rng=rng,
    )
    low, high = result.confidence_interval
    return Interval(float(array.mean()), float(low), float(high), note)


def bootstrap_curve(
    values: NDArray[np.float64],
    rng: np.random.Generator,
    confidence: float = CONFIDENCE,
    n_resamples: int = RESAMPLES,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Pointwise percentile bootstrap interval of the mean curve; whole curves are resampled.

    Parameters
    ----------
    values
        (seeds, points), at least two seeds.
    rng
        As of `bootstrap_mean`.

    Returns
    -------
    low, high : ndarray
        (points) each.
    """
    n_seeds = len(values)
    weights = rng.multinomial(n_seeds, np.full(n_seeds, 1 / n_seeds), size=n_resamples) / n_seeds
    tail = (1 - confidence) / 2
    parts = [  # a few points at a time: all resamples of a long curve would take 100s of MB
        np.quantile(weights @ values[:, start : start + 64], (tail, 1 - tail), axis=0)
        for start in range(0, values.shape[1], 64)
    ]
    low, high = np.concatenate(parts, axis=1)
    return low, high


def cliffs_delta(a: ArrayLike, b: ArrayLike) -> float:
    """Share of pairs with a > b minus share of pairs with a < b; ties count 0.

    Exact, in O((n + m) log m): pairs are counted by position in the sorted `b`.
    Cliff, Psychological Bulletin 114(3), 1993.

    Parameters
    ----------
    a, b
        (n) and (m).

    Raises
    ------
    ClaimError
        One of them is empty or has a NaN.
    """
    first, second = np.asarray(a).ravel(), np.sort(np.asarray(b).ravel())
    if not (len(first) and len(second)) or np.isnan(first).any() or np.isnan(second).any():
        raise ClaimError("Cliff's delta needs values on both sides, none of them NaN")
    above = int(np.searchsorted(second, first, side="left").sum())
    not_below = int(np.searchsorted(second, first, side="right").sum())
    pairs = len(first) * len(second)
    return (above - (pairs - not_below)) / pairs


def claims(
    neurons: xr.Dataset,
    ablation: Mapping[str, xr.Dataset],
    damage: xr.Dataset,
    reading: xr.Dataset,
    condition: Mapping[str, Any],
    *,
    study_seed: int,
) -> pd.DataFrame:
    """Judge C1 to C5 for one condition, one row a claim.

    Parameters
    ----------
    neurons
        ``neurons.nc`` of all seeds.
    ablation
        Scope (``network``, ``layer-1``, ...) -> group of ``ablation.nc``, same seeds.
    damage, reading
        ``damage.nc`` and ``reading.nc``, same seeds; C4 is judged at the first delta.
    condition
        Data set, architecture, activation and regularizer by name.
    study_seed
        Of the random streams.

    Returns
    -------
    DataFrame
        `COLUMNS`. C1 and C2 for every measure and quantizer that neurons were ordered by;
        where orderings are missing the row is ``undecided`` and its note says which. C3 for
        every quantizer and pair of layers, effect above 0 if the later layer has more
        information. C4 where the talk gives counts (`TALK`): it holds if the interval lies
        within the talk's numbers, rounded (`ROUNDED`), fails if it excludes them. ``low`` and
        ``high`` are NaN with one seed.

    Raises
    ------
    ClaimError
        Seeds of measures and curves differ, or a value is NaN.
    """
    neurons = neurons.sortby("seed")
    about = {key: str(condition[key]) for key in CONDITION}
    judged = (
        *_ablation_claims(neurons, ablation),
        *_information_claims(neurons),
        *_count_claims(reading, about),
        _selectivity_claim(neurons, damage),
    )
    n_seeds = neurons.sizes["seed"]
    rows = [_judged(claim, about, n_seeds, study_seed) for claim in judged]
    return _sorted(pd.DataFrame(rows, columns=list(COLUMNS)))


def read(path: str | Path) -> pd.DataFrame:
    """Read claims as written by `tables.write`."""
    return tables.read(path, COLUMNS)


def gather(files: Sequence[str | Path], expected: Sequence[Sequence[str]]) -> pd.DataFrame:
    """Claims of all conditions of a study in one table.

    Parameters
    ----------
    files
        Tables of claims, in any order.
    expected
        The conditions that have to be there: dataset, architecture, activation, regularizer.

    Returns
    -------
    DataFrame
        `COLUMNS`, sorted by condition, claim, scope, measure and quantizer.

    Raises
    ------
    ClaimError
        A file has other columns; a condition is missing or not expected; a row is doubled.
    """
    frame = _sorted(pd.concat([read(file) for file in files], ignore_index=True))
    found = set(frame[list(CONDITION)].itertuples(index=False, name=None))
    wanted = {tuple(condition) for condition in expected}
    for what, conditions in (("no claims of", wanted - found), ("not asked for:", found - wanted)):
        if conditions:
            names = ", ".join(sorted("/".join(condition) for condition in conditions))
            raise ClaimError(f"claims: {what} {names}; run the rule `claims` for these conditions")
    doubled = frame[frame.duplicated(list(_KEY))]
    if len(doubled):
        first = "/".join(doubled.iloc[0][list(_KEY)])
        raise ClaimError(f"claims: doubled: {first}; give the file of a condition once")
    return frame


def _ablation_claims(neurons: xr.Dataset, ablation: Mapping[str, xr.Dataset]) -> Iterator[_Claim]:
    """C1 and C2."""
    seeds = neurons["seed"].values.tolist()
    n_layers = len(np.unique(neurons["layer"].values))
    by = ordered_by(*ablation.values()) or [
        ("mutual_information", str(neurons["quantizer"].values[0]))  # rows that say what is missing
    ]
    for scope, unsorted in ablation.items():
        group = unsorted.sortby("seed")
        if (found := group["seed"].values.tolist()) != seeds:
            raise ClaimError(
                f"ablation, scope {scope!r}, has seeds {found}, the measures {seeds}: "
                "make both from the same blocks"
            )
        of_network = scope == NETWORK
        for measure, quantizer in by:
            g = mean_accuracy(group, measure, quantizer)
            for claim, (more, less, words) in (
                _NETWORK_CLAIMS if of_network else _LAYER_CLAIMS
            ).items():
                missing = [_ORDERINGS[name] for name in (more, less) if name not in g]
                note = ""
                if missing:
                    note = f"not in the configuration's `orderings`: {', '.join(missing)}"
                elif of_network and n_layers == 1:
                    note = "the network is one layer: C1 is the opposite of C2"
                place = "whole network" if of_network else scope.replace("-", " ")
                what = {
                    "claim": claim,
                    "statement": f"{place}: {words.format(measure.replace('_', ' '))}",
                    "scope": scope,
                    "measure": measure,
                    "quantizer": quantizer,
                    "unit": "accuracy",
                    "note": note,
                }
                yield _Claim(what, None if missing else g[more] - g[less])


def _information_claims(neurons: xr.Dataset) -> Iterator[_Claim]:
    """C3: Cliff's delta by seed."""
    layers = neurons["layer"].values
    for quantizer in map(str, neurons["quantizer"].values):
        measured = neurons["mutual_information"].sel(quantizer=quantizer)
        information = np.round(measured.transpose("seed", "neuron").values, DECIMALS)
        for earlier, later in combinations(np.unique(layers), 2):
            what = {
                "claim": "C3",
                "statement": f"layers {earlier} and {later}: mutual information differs "
                f"(above 0: layer {later} has more)",
                "scope": f"layer-{earlier}, layer-{later}",
                "measure": "mutual_information",
                "quantizer": quantizer,
                "unit": "1",
                "note": "",
            }
            deltas = [cliffs_delta(i[layers == later], i[layers == earlier]) for i in information]
            yield _Claim(what, np.array(deltas), two_sided=True)


def _count_claims(reading: xr.Dataset, about: Mapping[str, str]) -> Iterator[_Claim]:
    """C4: counts by seed beside the talk's."""
    for (dataset, architecture, layer), counts in TALK.items():
        if (dataset, architecture) != (about["dataset"], about["architecture"]):
            continue
        for order in range(reading.sizes["order"]):
            here = reading.sel(layer=layer).isel(order=order, delta=0)
            for name, (low, high) in counts.items():
                values = here[name].values
                reasons = sorted({str(reason) for reason in here["reason"].values if reason})
                rounded = ROUNDED if low == high else 0.0
                least, most = (1 - rounded) * low, (1 + rounded) * high
                said = f"{low:g} to {high:g}"
                if rounded:
                    said = f"{low:g}, rounded ({least:g} to {most:g})"
                delta = "" if "delta" not in reading[name].dims else f"{float(here['delta']):g}"
                what = {
                    "claim": f"C4 {name}",
                    "statement": f"layer {layer}: {name}, the talk's {said}",
                    "scope": f"layer-{layer}",
                    "measure": str(here["measure"].item()),
                    "quantizer": str(here["quantizer"].item()),
                    "unit": "neurons",
                    "note": "; ".join(reasons),
                }
                yield _Claim(
                    what,
                    None if (values < 0).any() else values.astype(np.float64),
                    least=least,
                    most=most,
                    threshold=(low + high) / 2,
                    stream=count_stream(
                        about, what["scope"], what["measure"], what["quantizer"], name, delta
                    ),
                )


def _selectivity_claim(neurons: xr.Dataset, damage: xr.Dataset) -> _Claim:
    """C5: rank correlation by seed of class selectivity and accuracy lost on test."""
    test = damage.sel(split="test").sortby("seed")
    if (found := test["seed"].values.tolist()) != neurons["seed"].values.tolist():
        raise ClaimError(
            f"damage has seeds {found}, the measures {neurons['seed'].values.tolist()}: "
            "make both from the same blocks"
        )
    what = {
        "claim": "C5",
        "statement": "whole network: class selectivity tells little of what a neuron costs alone",
        "scope": NETWORK,
        "measure": "class_selectivity",
        "quantizer": "none",
        "unit": "1",
        "note": "",
    }
    claim = _Claim(what, None, least=-np.inf, most=_SELECTIVITY, threshold=_SELECTIVITY)
    if "class_selectivity" not in neurons:
        what["note"] = "class selectivity is not defined for outputs that may be negative"
        return claim
    selectivity = neurons["class_selectivity"].transpose("seed", "neuron").values
    lost = test["correct_unablated"] - test["correct"].transpose("seed", "neuron")
    for values, name in ((selectivity, "class selectivity"), (lost.values, "damage")):
        if (constant := np.ptp(values, axis=1) == 0).any():
            seeds = ", ".join(map(str, neurons["seed"].values[constant]))
            what["note"] = f"no rank correlation: {name} is the same in all neurons (seed {seeds})"
            return claim
    pairs = zip(selectivity, lost.values, strict=True)
    correlations = [float(scipy.stats.spearmanr(a, b).statistic) for a, b in pairs]
    return dataclasses.replace(claim, effects=np.array(correlations))


def _judged(
    claim: _Claim, about: Mapping[str, str], n_seeds: int, study_seed: int
) -> dict[str, Any]:
    """A row of the table; its key is what the stream of its bootstrap depends on."""
    what = {**about, **claim.what}
    interval = Interval(np.nan, np.nan, np.nan)
    if claim.effects is not None:
        key = claim.stream or "/".join(what[column] for column in _KEY)
        interval = bootstrap_mean(claim.effects, generator(study_seed, Stream.BOOTSTRAP, key))
    verdict = interval.verdict(claim.least, claim.most)
    if claim.two_sided and verdict == "fails":
        verdict = "holds"
    return what | {
        "effect": interval.mean,
        "low": interval.low,
        "high": interval.high,
        "threshold": claim.threshold,
        "n_seeds": n_seeds,
        "verdict": verdict,
        "note": "; ".join(filter(None, (what["note"], interval.note))),
    }


def _sorted(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.sort_values(list(_KEY), kind="stable", ignore_index=True)


def _n_test(group: xr.Dataset) -> int:
    if "n_test" not in group.attrs:
        raise ClaimError("ablation: a group lacks the attribute `n_test`; run the ablation again")
    return int(group.attrs["n_test"])


def _counts(
    group: xr.Dataset, measure: str, quantizer: str, replacement: str
) -> dict[str, NDArray[np.int64]]:
    """Ordering -> (seeds, repeats, n + 1) numbers of correct predictions."""
    correct = group["correct"].transpose("seed", "ordering", "removed").values.astype(np.int64)
    replaced = group["replacement"].values == replacement
    is_random = (group["measure"].values == RANDOM) & replaced
    is_measure = (group["measure"].values == measure) & (group["quantizer"].values == quantizer)
    is_measure &= replaced
    chosen = {
        name: is_random if name == RANDOM else is_measure & (group["direction"].values == name)
        for name in _ORDERINGS
    }
    return {name: correct[:, which] for name, which in chosen.items() if which.any()}
