"""What the curves say of the talk's claims, each with an interval over seeds and a verdict.

With A_o(k) the accuracy on test after k removals in order o, G(o) is its mean over k = 0..n.

- C1, whole network: C1a G(highest first) > G(random); C1b G(random) > G(lowest first).
- C2, each layer: C2a G(random) > G(highest first); C2b G(lowest first) > G(random).
- C3, each pair of layers: Cliff's delta of mutual information, neurons pooled within a seed.
- C4, layers 3 and 4 of the talk's CIFAR-10 network: the counts of neurons beside the talk's.
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
from numpy.typing import NDArray

from neuroninfo.files import tables
from neuroninfo.neurons.measures import DECIMALS
from neuroninfo.results.curves import ORDERINGS, mean_accuracy, ordered_by
from neuroninfo.results.statistics import (
    check_seeds,
    cliffs_delta,
    interval_columns,
    interval_row,
    mean_over_seeds,
)
from neuroninfo.vocabulary import CONDITION, NETWORK, RANDOM, condition_names

KEY: Final = (*CONDITION, "claim", "scope", "measure", "quantizer")
"""What tells rows of the table of claims apart, and sorts them."""

COLUMNS: Final[Mapping[str, type]] = {
    **dict.fromkeys(("claim", "statement", *CONDITION, "scope", "measure", "quantizer"), str),
    **interval_columns("effect", between={"threshold": float, "unit": str}, after={"verdict": str}),
}
"""Of the table of claims."""

PAGE: Final = (
    *("claim", "verdict", "effect", "low", "high", *CONDITION, "statement"),
    *("unit", "n_seeds", "quantizer", "note"),
)
"""Columns for people, verdict and condition in sight; the statement says scope and measure."""

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

# Claim -> orderings (a, b) of "G(a) - G(b) > 0", and its words.
_NETWORK_CLAIMS: Final = {
    "C1a": ("descending", RANDOM, "removing the highest {} first hurts less than random"),
    "C1b": (RANDOM, "ascending", "removing the lowest {} first hurts more than random"),
}

_LAYER_CLAIMS: Final = {
    "C2a": (RANDOM, "descending", "removing the highest {} first hurts more than random"),
    "C2b": ("ascending", RANDOM, "removing the lowest {} first hurts less than random"),
}


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
    key: tuple[str, ...] = ()
    """Of its interval (`mean_over_seeds`); empty: that of its row."""


def claims(
    neurons: xr.Dataset,
    ablation: Mapping[str, xr.Dataset],
    damage: xr.Dataset,
    counted: xr.Dataset,
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
    damage, counted
        ``damage.nc`` and the counts (``reading.nc``), same seeds; C4 is judged at the first delta.
    condition, study_seed
        As of `counts.summary`.

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
    ValueError
        Seeds of measures and curves differ, or a value is NaN.
    """
    neurons = neurons.sortby("seed")
    about = condition_names(condition)
    judged = (
        *_ablation_claims(neurons, ablation),
        *_information_claims(neurons),
        *_count_claims(counted, about),
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
    StorageError
        As `tables.gather`.
    """
    return _sorted(tables.gather(files, COLUMNS, KEY, expected))


def _ablation_claims(neurons: xr.Dataset, ablation: Mapping[str, xr.Dataset]) -> Iterator[_Claim]:
    """C1 and C2."""
    n_layers = len(np.unique(neurons["layer"].values))
    by = ordered_by(*ablation.values()) or [
        ("mutual_information", str(neurons["quantizer"].values[0]))  # rows that say what is missing
    ]
    for scope, unsorted in ablation.items():
        group = unsorted.sortby("seed")
        check_seeds(f"ablation, scope {scope!r},", group, neurons)
        of_network = scope == NETWORK
        for measure, quantizer in by:
            g = mean_accuracy(group, measure, quantizer)
            for claim, (more, less, words) in (
                _NETWORK_CLAIMS if of_network else _LAYER_CLAIMS
            ).items():
                missing = [ORDERINGS[name] for name in (more, less) if name not in g]
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


def _count_claims(counted: xr.Dataset, about: Mapping[str, str]) -> Iterator[_Claim]:
    """C4: counts by seed beside the talk's."""
    for (dataset, architecture, layer), numbers in TALK.items():
        if (dataset, architecture) != (about["dataset"], about["architecture"]):
            continue
        for order in range(counted.sizes["order"]):
            here = counted.sel(layer=layer).isel(order=order, delta=0)
            of_order = {
                **about,
                "scope": f"layer-{layer}",
                "measure": str(here["measure"].item()),
                "quantizer": str(here["quantizer"].item()),
            }
            for name, (low, high) in numbers.items():
                values = here[name].values
                reasons = sorted({str(reason) for reason in here["reason"].values if reason})
                rounded = ROUNDED if low == high else 0.0
                least, most = (1 - rounded) * low, (1 + rounded) * high
                said = f"{low:g} to {high:g}"
                if rounded:
                    said = f"{low:g}, rounded ({least:g} to {most:g})"
                delta = "" if "delta" not in counted[name].dims else f"{float(here['delta']):g}"
                what = {
                    "claim": f"C4 {name}",
                    "statement": f"layer {layer}: {name}, the talk's {said}",
                    **of_order,
                    "unit": "neurons",
                    "note": "; ".join(reasons),
                }
                yield _Claim(
                    what,
                    None if (values < 0).any() else values.astype(np.float64),
                    least=least,
                    most=most,
                    threshold=(low + high) / 2,
                    # As in `counts.summary`: a count has one interval wherever it stands.
                    key=(*of_order.values(), name, delta),
                )


def _selectivity_claim(neurons: xr.Dataset, damage: xr.Dataset) -> _Claim:
    """C5: rank correlation by seed of class selectivity and accuracy lost on test."""
    test = damage.sel(split="test").sortby("seed")
    check_seeds("damage", test, neurons)
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
    """A row of the table."""
    what = {**about, **claim.what}
    effects = () if claim.effects is None else claim.effects
    key = claim.key or tuple(what[column] for column in KEY)
    interval = mean_over_seeds(effects, study_seed, *key)
    verdict = interval.verdict(claim.least, claim.most)
    if claim.two_sided and verdict == "fails":
        verdict = "holds"
    row = interval_row(what, "effect", interval, n_seeds, what["note"])
    return row | {"threshold": claim.threshold, "verdict": verdict}


def _sorted(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.sort_values(list(KEY), kind="stable", ignore_index=True)
