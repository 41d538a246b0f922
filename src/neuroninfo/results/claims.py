"""The talk's claims, judged by the measurements: an interval and a verdict for each reading.

With A_o(k) the accuracy on test after k removals in order o, G(o) is its mean over k = 0..n, or
over the first half or quarter of the removals (`curves.PART_OF_CURVE`).

- C1, whole network: neurons with high information seem not useful or hurting.
  C1: G(highest first) > G(lowest first).  C1a: G(highest first) > G(random).
  C1b: G(random) > G(lowest first).
- C2, each layer: neurons with high information are useful.
  C2a: G(random) > G(highest first).  C2b: G(lowest first) > G(random).
  The same over the whole network, with neurons ranked within their own layer.
- C3, each pair of layers: Cliff's delta of mutual information, neurons pooled within a seed.
- C4, layers 3 and 4 of the talk's CIFAR-10 network: the counts of neurons beside the talk's.
- C5, whole network: Spearman's correlation of class selectivity and the increase of the loss when
  a neuron alone is ablated is at most 0.1.

An effect over the whole network is the sum of two parts.  Its *layer share* is the effect of an
order with the same sequence of layers and the neurons permuted within layers; what is left is its
effect *within layers*.

The effect is a mean over seeds, its interval Student's.  Seeds share the split and the order of
batches, so intervals cover initialisation and dropout.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from neuroninfo.files import tables
from neuroninfo.files.seeds import slices
from neuroninfo.neurons.ties import DECIMALS
from neuroninfo.results import counts
from neuroninfo.results.curves import (
    ORDERINGS,
    PART_OF_CURVE,
    has_controls,
    mean_accuracy,
    ordered_by,
    replacements,
)
from neuroninfo.results.statistics import (
    CONFIDENCE,
    Interval,
    check_seeds,
    cliffs_delta,
    holm,
    interval_columns,
    interval_row,
    mean_over_seeds,
    rank_correlation,
)
from neuroninfo.vocabulary import (
    CONDITION,
    LAYER_RANK,
    LAYER_SEQUENCE,
    NETWORK,
    RANDOM,
    ZERO,
    condition_names,
)

KEY: Final = (*CONDITION, "claim", "scope", "reading", "measure", "quantizer", "replacement")
"""Columns that identify a row of the table of claims; rows are sorted by them."""
COLUMNS: Final[Mapping[str, type]] = {
    **dict.fromkeys(
        ("claim", "reading", "statement", *CONDITION, "orderings", "scope", "measure"), str
    ),
    **dict.fromkeys(("quantizer", "replacement"), str),
    **interval_columns(
        "effect",
        between={"threshold": float, "p": float, "unit": str},
        after={"verdict": str, "family": str},
    ),
}
"""Columns of the table of claims of a condition."""
STUDY_COLUMNS: Final[Mapping[str, type]] = {**COLUMNS, "p_holm": float, "verdict_holm": str}
"""Columns of the table of claims of a study."""
PAGE: Final = (
    *("claim", "reading", "verdict", "verdict_holm", "effect", "low", "high", *CONDITION),
    *("statement", "unit", "n_seeds", "quantizer", "replacement", "note"),
)
"""Columns for people, verdict and condition in sight; the statement says scope and measure."""
WHOLE: Final = "whole curve"
QUARTER: Final = "up to a quarter"
SHARE, WITHIN = f"{WHOLE}: layer share", f"{WHOLE}: within layers"
RANKED: Final = f"{WHOLE}, neurons ranked within their layer"
"""Readings; the first two are also in `curves.PART_OF_CURVE`."""
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
LEAST_DELTA: Final = 0.147
"""Cliff's delta below which a difference is called negligible (Romano et al. 2006)."""
LEAST_ACCURACY: Final = 0.01
"""Share of the test examples below which an effect on accuracy is equivalent to none (chosen)."""

# Claim -> orderings (a, b) of "G(a) - G(b) > 0", and its words.
_NETWORK_CLAIMS: Final = {
    "C1": (
        "descending",
        "ascending",
        "removing the highest {} first hurts less than removing the lowest first",
    ),
    "C1a": ("descending", RANDOM, "removing the highest {} first hurts less than random"),
    "C1b": (RANDOM, "ascending", "removing the lowest {} first hurts more than random"),
}
_LAYER_CLAIMS: Final = {
    "C2a": (RANDOM, "descending", "removing the highest {} first hurts more than random"),
    "C2b": ("ascending", RANDOM, "removing the lowest {} first hurts less than random"),
}


@dataclass(frozen=True)
class _Claim:
    """A statement, and its effect in each seed."""

    what: dict[str, str]
    """Values of `COLUMNS` that are text."""
    effects: NDArray[np.float64] | None
    """None where they cannot be; the note says why."""
    numbers: tuple[float, float] | None = None
    """Bounds for C4, which holds for effects between them."""
    threshold: float = 0.0
    """What the effect is tested against."""
    margin: float = 0.0
    """Effects within +-margin are equivalent to none."""
    one_network: bool = False
    """Whether it is about one network: it holds if one more seed may lie between the `numbers`."""


def claims(
    neurons: xr.Dataset,
    ablations: Mapping[str, Mapping[str, xr.Dataset]],
    damage: xr.Dataset,
    counted: xr.Dataset,
    condition: Mapping[str, Any],
) -> pd.DataFrame:
    """Judge C1 to C5 for one condition, one row per claim and reading.

    Parameters
    ----------
    neurons
        ``neurons.nc`` of all seeds.
    ablations
        Name of a set of orderings -> scope (``network``, ``layer-1``, ...) -> `curves.areas` of
        the group of ``ablation-<set>.nc``; of the same order in several sets the first one counts.
    damage, counted
        ``damage.nc`` and the counts (``reading.nc``), same seeds; C4 is judged at the first delta.
    condition
        Data set, architecture, activation and regularizer by name.

    Returns
    -------
    DataFrame
        `COLUMNS`. C1 and C2 for every measure, quantizer and replacement that neurons were
        ablated by; where orderings of the first set are missing the row is ``undecided`` and its
        note says which. C3 for every quantizer and pair of layers, effect above 0 if the later
        layer has more information; it holds beyond `LEAST_DELTA`. C4 where the talk gives counts
        (`TALK`): it holds if the interval lies within the talk's numbers, rounded (`ROUNDED`),
        fails if it excludes them. ``low`` and ``high`` are NaN with one seed. ``family`` is
        ``primary`` for the rows that are corrected together (`corrected`): the whole curve, the
        first measure and quantizer, ablation to zero, and C3 and C5.

    Raises
    ------
    ValueError
        Seeds of measures and curves differ, or a value is NaN.
    """
    about = condition_names(condition)
    judged = (
        *_ablation_claims(neurons, ablations),
        *_information_claims(neurons),
        *_count_claims(counted, about),
        *_selectivity_claims(neurons, damage),
    )
    rows = [_judged(claim, about) for claim in judged]
    return _sorted(pd.DataFrame(rows, columns=list(COLUMNS)))


def read(path: str | Path) -> pd.DataFrame:
    """Read claims as written by `tables.write`."""
    return tables.read(path, COLUMNS)


def gather(files: Sequence[str | Path], expected: Sequence[Sequence[str]]) -> pd.DataFrame:
    """Claims of all conditions of a study in one table, those of the family corrected.

    Parameters
    ----------
    files
        Tables of claims, in any order.
    expected
        The conditions that have to be there: dataset, architecture, activation, regularizer.

    Returns
    -------
    DataFrame
        `STUDY_COLUMNS`, sorted by condition, claim, scope, reading, measure and quantizer.

    Raises
    ------
    StorageError
        As `tables.gather`.
    """
    return corrected(_sorted(tables.gather(files, COLUMNS, KEY, expected)))


def read_study(path: str | Path) -> pd.DataFrame:
    """Read the claims of a study as written by `tables.write`."""
    return tables.read(path, STUDY_COLUMNS)


def summary(frame: pd.DataFrame) -> str:
    """A summary of the primary readings, such as "C1 holds in 2 of 5 cases and fails in 3; ..."."""
    primary = frame[frame["family"] == "primary"]
    said = []
    for claim, own in primary.groupby("claim", sort=True):
        holds, fails = ((own["verdict"] == verdict).sum() for verdict in ("holds", "fails"))
        said.append(f"{claim} holds in {holds} of {len(own)} cases and fails in {fails}")
    return f"{'; '.join(said)}."


def in_points(frame: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """A table for people, in which effects on accuracy are percentage points, as in figures.

    Parameters
    ----------
    frame
        With a column ``unit``.
    columns
        Those that are in that unit.
    """
    factor = np.where(frame["unit"] == "accuracy", 100.0, 1.0)
    return frame.assign(
        **{name: frame[name] * factor for name in columns},
        unit=frame["unit"].replace({"accuracy": "percentage points", "1": ""}),
    )


def page(frame: pd.DataFrame) -> pd.DataFrame:
    """The claims of a study for people: the columns `PAGE`, with the family ``primary`` first."""
    first = frame["family"] != "primary"
    frame = in_points(frame, ["effect", "low", "high"])
    return frame.assign(first=first).sort_values("first", kind="stable", ignore_index=True)[
        list(PAGE)
    ]


def corrected(frame: pd.DataFrame) -> pd.DataFrame:
    """Claims with Holm's correction over the family ``primary`` of the whole table.

    ``p_holm`` is NaN, and ``verdict_holm`` empty, outside of the family. A verdict that the
    correction takes away is ``undecided``.
    """
    primary = (frame["family"] == "primary").to_numpy()
    p_holm = holm(np.where(primary, frame["p"], np.nan))
    uncertain = ~(p_holm <= 1 - CONFIDENCE)
    verdict = np.where(uncertain, "undecided", frame["verdict"])
    return frame.assign(p_holm=p_holm, verdict_holm=np.where(primary, verdict, ""))[
        list(STUDY_COLUMNS)
    ]


def judge(claim: str, interval: Interval) -> str:
    """Verdict on the effect of C1, C2, C3 or C5 (C4 is of numbers that differ by layer)."""
    if claim == "C3":  # beyond the margin on either side it holds, within it it fails
        within = interval.verdict(-LEAST_DELTA, LEAST_DELTA)
        return {"holds": "fails", "fails": "holds"}.get(within, within)
    if claim == "C5":
        return interval.verdict(-np.inf, _SELECTIVITY)
    return interval.verdict(0.0)


def _ablation_claims(
    neurons: xr.Dataset, ablations: Mapping[str, Mapping[str, xr.Dataset]]
) -> Iterator[_Claim]:
    """C1 and C2, of each scope, measure, quantizer and replacement once."""
    n_layers = len(np.unique(neurons["layer"].values))
    first = next(iter(ablations))
    seen: set[tuple[str, ...]] = set()
    for name, ablation in ablations.items():
        by = ordered_by(*ablation.values())
        if name == first and not by:  # rows that name what is missing
            by = [("mutual_information", str(neurons["quantizer"].values[0]))]
        for scope, group in ablation.items():
            if name == first:
                check_seeds(f"ablation, scope {scope!r},", group, neurons)
            for replacement in replacements(group):
                for number, (measure, quantizer) in enumerate(by):
                    key = (scope, measure, quantizer, replacement)
                    if key in seen:
                        continue
                    seen.add(key)
                    primary = name == first and number == 0 and replacement == ZERO
                    yield from _of_order(name, group, n_layers, key, primary=primary)


def _of_order(
    orderings: str, group: xr.Dataset, n_layers: int, key: tuple[str, ...], *, primary: bool
) -> Iterator[_Claim]:
    """All readings of the claims on the order by one measure in one scope."""
    scope, measure, quantizer, replacement = key
    by = (measure, quantizer, replacement)
    place = "whole network" if scope == NETWORK else scope.replace("-", " ")
    of_network = scope == NETWORK
    note = "the network is one layer: C1 is the opposite of C2" * (of_network and n_layers == 1)
    whole = mean_accuracy(group, *by)

    def claim(
        name: str, reading: str, words: str, effects: NDArray[np.float64] | None, note: str
    ) -> _Claim:
        what = {
            "claim": name,
            "reading": reading,
            "statement": f"{place}: {words.format(measure.replace('_', ' '))}",
            "orderings": orderings,
            "scope": scope,
            "measure": measure,
            "quantizer": quantizer,
            "replacement": replacement,
            "unit": "accuracy",
            "family": "primary" if primary and reading == WHOLE else "",
            "note": note,
        }
        return _Claim(what, effects, margin=LEAST_ACCURACY)

    for name, (more, less, words) in (_NETWORK_CLAIMS if of_network else _LAYER_CLAIMS).items():
        if missing := [ORDERINGS[order] for order in (more, less) if order not in whole]:
            if primary:
                said = f"not in the configuration's `orderings`: {', '.join(missing)}"
                yield claim(name, WHOLE, words, None, said)
            continue
        for part in PART_OF_CURVE if of_network else (WHOLE,):
            g = mean_accuracy(group, *by, part=part)
            yield claim(name, part, words, g[more] - g[less], note)
        if of_network and has_controls(group):
            shared = whole | mean_accuracy(group, *by, control=LAYER_SEQUENCE)
            share = shared[more] - shared[less]
            yield claim(name, SHARE, words, share, note)
            yield claim(name, WITHIN, words, whole[more] - whole[less] - share, note)
    if of_network and has_controls(group):
        ranked = mean_accuracy(group, *by, control=LAYER_RANK)
        for name, (more, less, words) in _LAYER_CLAIMS.items():
            if {more, less} <= set(ranked):
                yield claim(name, RANKED, words, ranked[more] - ranked[less], note)


def _information_claims(neurons: xr.Dataset) -> Iterator[_Claim]:
    """C3: Cliff's delta by seed."""
    pairs = list(combinations(np.unique(neurons["layer"].values), 2))
    by_seed = np.concatenate(
        [_differences(part, pairs) for (part,) in slices(neurons[["mutual_information"]])]
    )
    for number, quantizer in enumerate(map(str, neurons["quantizer"].values)):
        for (earlier, later), deltas in zip(pairs, by_seed[:, number].T, strict=True):
            what = {
                "claim": "C3",
                "reading": f"difference of at least {LEAST_DELTA}",
                "statement": f"layers {earlier} and {later}: mutual information differs "
                f"(above 0: layer {later} has more)",
                "orderings": "",
                "scope": f"layer-{earlier}, layer-{later}",
                "measure": "mutual_information",
                "quantizer": quantizer,
                "replacement": "",
                "unit": "1",
                "family": "primary" if number == 0 else "",
                "note": "",
            }
            threshold = float(np.copysign(LEAST_DELTA, np.mean(deltas)))
            yield _Claim(what, deltas, threshold=threshold, margin=LEAST_DELTA)


def _differences(neurons: xr.Dataset, pairs: Sequence[tuple[int, int]]) -> NDArray[np.float64]:
    """Cliff's delta of mutual information, (seeds, quantizers, pairs of layers)."""
    measured = neurons["mutual_information"].transpose("seed", "quantizer", "neuron").values
    information = np.round(measured, DECIMALS)
    layers = neurons["layer"].values
    deltas = np.empty((*information.shape[:2], len(pairs)))
    for seed, quantizer in np.ndindex(information.shape[:2]):
        here = information[seed, quantizer]
        deltas[seed, quantizer] = [
            cliffs_delta(here[layers == later], here[layers == earlier]) for earlier, later in pairs
        ]
    return deltas


def _count_claims(counted: xr.Dataset, about: Mapping[str, str]) -> Iterator[_Claim]:
    """C4: counts by seed beside the talk's, as a mean over seeds and as those of one network."""
    for (dataset, architecture, layer), numbers in TALK.items():
        if (dataset, architecture) != (about["dataset"], about["architecture"]):
            continue
        for order in range(counted.sizes["order"]):
            here = counts.marked(counted).sel(layer=layer).isel(order=order)
            reasons = sorted({str(reason) for reason in here["reason"].values if reason})
            for name, (low, high) in numbers.items():
                values = here[name].values
                rounded = ROUNDED if low == high else 0.0
                least, most = (1 - rounded) * low, (1 + rounded) * high
                said = f"{low:g} to {high:g}"
                if rounded:
                    said = f"{low:g}, rounded ({least:g} to {most:g})"
                tolerance = ""
                if "delta" in counted[name].dims:
                    tolerance = f", tolerance {float(here['delta']):g}"
                for one_network in (False, True):
                    what = {
                        "claim": f"C4 {name}",
                        "reading": ("one network" if one_network else "mean of networks")
                        + tolerance,
                        "statement": f"layer {layer}: {name}, the talk's {said}",
                        "orderings": "",
                        "scope": f"layer-{layer}",
                        "measure": str(here["measure"].item()),
                        "quantizer": str(here["quantizer"].item()),
                        "replacement": ZERO,
                        "unit": "neurons",
                        "family": "",
                        "note": "; ".join(reasons),
                    }
                    yield _Claim(
                        what,
                        None if (values < 0).any() else values.astype(np.float64),
                        numbers=(least, most),
                        threshold=(low + high) / 2,
                        one_network=one_network,
                    )


def _selectivity_claims(neurons: xr.Dataset, damage: xr.Dataset) -> Iterator[_Claim]:
    """C5: rank correlation by seed of class selectivity and what a neuron costs alone on test."""
    test = damage.sel(split="test")
    check_seeds("damage", test, neurons)
    measured = "class_selectivity" in neurons
    by_seed = _selectivity(neurons, test) if measured else {}
    for reading in ("increase of the loss", "accuracy lost"):
        what = {
            "claim": "C5",
            "reading": reading,
            "statement": "whole network: class selectivity tells little of what a neuron costs "
            "alone",
            "orderings": "",
            "scope": NETWORK,
            "measure": "class_selectivity",
            "quantizer": "none",
            "replacement": ZERO,
            "unit": "1",
            "family": "primary" if reading == "increase of the loss" else "",
            "note": "",
        }
        correlations = None
        if measured:
            correlations = by_seed[reading]
            if (constant := np.isnan(correlations)).any():
                seeds = ", ".join(map(str, neurons["seed"].values[constant]))
                what["note"] = (
                    "no rank correlation: selectivity or cost is the same in all neurons "
                    f"(seed {seeds})"
                )
                correlations = None
        else:
            what["note"] = "class selectivity is not defined for outputs that may be negative"
        yield _Claim(what, correlations, threshold=_SELECTIVITY)


def _selectivity(neurons: xr.Dataset, test: xr.Dataset) -> dict[str, NDArray[np.float64]]:
    """Reading of C5 -> rank correlation by seed; NaN where one side is the same in all neurons."""
    names = ["loss", "loss_unablated", "correct", "correct_unablated"]
    found: dict[str, list[float]] = {}
    for measured, alone in slices(neurons[["class_selectivity"]], test[names]):
        selectivity = measured["class_selectivity"].transpose("seed", "neuron").values
        costs = {
            "increase of the loss": alone["loss"] - alone["loss_unablated"],
            "accuracy lost": alone["correct_unablated"] - alone["correct"],
        }
        for reading, cost in costs.items():
            pairs = zip(selectivity, cost.transpose("seed", "neuron").values, strict=True)
            found.setdefault(reading, []).extend(rank_correlation(a, b) for a, b in pairs)
    return {reading: np.array(correlations) for reading, correlations in found.items()}


def _judged(claim: _Claim, about: Mapping[str, str]) -> dict[str, Any]:
    """A row of the table."""
    effects = () if claim.effects is None else claim.effects
    interval = mean_over_seeds(effects)
    name, note = claim.what["claim"], ""
    if claim.numbers is None:
        verdict = judge(name, interval)
        if name != "C3" and interval.equivalent(claim.margin):
            note = f"equivalent to no effect: smaller than {claim.margin:g} in accuracy"
    elif claim.one_network:
        (least, most), (low, high) = claim.numbers, interval.predicted()
        verdict = "holds" if low <= most and high >= least else "fails"
        note = f"95 % of networks between {low:.0f} and {high:.0f}"
        if np.isnan(low):
            verdict, note = "undecided", ""
    else:
        verdict = interval.verdict(*claim.numbers)
    what = {**about, **claim.what}
    row = interval_row(what, "effect", interval, len(effects), what["note"], note)
    p = interval.p_value(claim.threshold)
    if name == "C3" and abs(interval.mean) < claim.margin:
        p = 1.0  # it is the margin that the effect has to exceed
    return row | {"threshold": claim.threshold, "p": p, "verdict": verdict}


def _sorted(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.sort_values(list(KEY), kind="stable", ignore_index=True)
