"""Numbers that the explorer shows: those of the figures, thinned and rounded.

A page holds them as JSON.  So long rows of numbers are arrays with few digits, curves have at most
`POINTS` points, and of a condition with very many neurons only the first seeds are points.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from neuroninfo.figures import wording
from neuroninfo.results import statistics
from neuroninfo.results.claims import SHARE, WHOLE, WITHIN
from neuroninfo.results.curves import added_up, curves, ordered_by, replacements
from neuroninfo.results.planes import TRUSTED, trust
from neuroninfo.vocabulary import CONDITION, LAYER_SEQUENCE, NETWORK, RANDOM

POINTS: Final = 101
"""Points of a curve at most (chosen): a step of the slider is one percent of the neurons."""
EPOCHS: Final = 40
"""Epochs of a plane at most (chosen)."""
NEURONS: Final = 4000
"""Neurons of a condition, over seeds, that are points at most (chosen)."""
PARTS: Final[Mapping[str, str]] = {
    WHOLE: "effect",
    SHARE: "share of the layers",
    WITHIN: "within layers",
}
"""Reading of a claim -> which part of the effect it is."""
MEASURES: Final = ("mutual_information", "class_selectivity", "active_fraction", "taylor")
"""Measures that are plotted against the damage of a neuron, in this order."""

Record = dict[str, Any]


def condition(names: Sequence[str], figures: Mapping[str, Sequence[str]]) -> Record:
    """Name of a condition on the page, and the files of its figures by section of the page."""
    about = dict(zip(CONDITION, names, strict=True))
    return {
        "name": wording.of_condition(about),
        "path": "/".join(names),
        "figures": {section: list(files) for section, files in figures.items()},
    }


def ablation(sets: Mapping[str, Mapping[str, xr.Dataset]]) -> list[Record]:
    """Curves of a condition: accuracy on test in percent against the number of removals.

    Parameters
    ----------
    sets
        Name of a set of orderings -> scope -> group of ``ablation-<set>.nc``; of the same order in
        several sets the first one is taken.

    Returns
    -------
    list
        One record for each scope, order, replacement, direction and control. ``removed`` are
        numbers of neurons, ``mean``, ``low`` and ``high`` the mean over seeds and the ends of its
        95 % interval (the mean itself with one seed).
    """
    records: list[Record] = []
    seen = set()
    for name, scopes in sets.items():
        for scope, whole in scopes.items():
            group = added_up(whole, _spread(whole.sizes["removed"], POINTS))
            where = {"set": name, "scope": wording.of_scope(scope)}
            for replacement in replacements(group):
                for measure, quantizer in ordered_by(group):
                    key = (scope, measure, quantizer, replacement)
                    if key in seen:
                        continue
                    seen.add(key)
                    about = where | {
                        "order": named_order(measure, quantizer),
                        "replacement": replacement,
                    }
                    by = (measure, quantizer, replacement)
                    records += _curves(group, about, curves(group, *by))
                    if scope == NETWORK:
                        shared = curves(group, *by, control=LAYER_SEQUENCE)
                        shared.pop(RANDOM, None)
                        records += _curves(group, about | {"control": True}, shared)
    return records


def _curves(
    group: xr.Dataset, about: Record, accuracies: Mapping[str, NDArray[np.float64]]
) -> list[Record]:
    """Records of the curves of one order; random ones are the same for all orders of a set."""
    n_test = int(group.attrs["n_test"])
    records = []
    for direction, accuracy in accuracies.items():
        percent = 100 * accuracy
        ends = (percent.mean(axis=0),) * 2
        if len(percent) > 1:
            ends = tuple(np.clip(statistics.band(percent), 0, 100))
        records.append(
            about
            | {
                "direction": wording.DIRECTIONS[direction],
                "seeds": len(percent),
                "chance": round(100 * int(group.attrs["chance_correct"]) / n_test, 2),
                "removed": group["removed"].values.tolist(),
                "mean": _rounded(percent.mean(axis=0), 2),
                "low": _rounded(ends[0], 2),
                "high": _rounded(ends[1], 2),
            }
        )
    return records


def parts(claims: pd.DataFrame) -> list[Record]:
    """Effects of C1, C1a and C1b in percentage points, in the share of the layers and the rest.

    Parameters
    ----------
    claims
        Of a study or a condition (`claims.COLUMNS`).

    Returns
    -------
    list
        One record for each condition, claim, order, replacement and part.
    """
    split = claims[
        (claims["scope"] == NETWORK)
        & claims["claim"].isin(["C1", "C1a", "C1b"])
        & claims["reading"].isin(list(PARTS))
        & claims["effect"].notna()
    ]
    return [
        {
            "condition": "/".join(getattr(row, name) for name in CONDITION),
            "claim": row.claim,
            "order": named_order(row.measure, row.quantizer),
            "replacement": row.replacement,
            "part": PARTS[row.reading],
            "seeds": row.n_seeds,
            **_points(row),
        }
        for row in split.itertuples()
    ]


def neurons(measured: xr.Dataset, damage: xr.Dataset) -> Record:
    """Information of each neuron, and the damage of removing it.

    Parameters
    ----------
    measured, damage
        ``neurons.nc`` and ``damage.nc`` of a condition.

    Returns
    -------
    dict
        ``seed``, ``layer`` and ``unit`` of each point; ``accuracy``, what test accuracy falls by
        when the neuron alone is set to zero, in percentage points; ``loss``, what the test
        cross-entropy rises by, in nat; and those `MEASURES` that are defined for the condition
        (class selectivity is not where outputs may be negative), at the first quantizer.
    """
    n_seeds = max(1, min(measured.sizes["seed"], NEURONS // measured.sizes["neuron"]))
    chosen = measured.isel(seed=slice(n_seeds), quantizer=0)
    test = damage.sel(seed=chosen["seed"], split="test")
    chosen, test = chosen.load(), test.load()
    lost = 100 * (test["correct_unablated"] - test["correct"]) / test["n_examples"]
    rise = test["loss"] - test["loss_unablated"]
    seeds, units = np.meshgrid(chosen["seed"].values, chosen["unit"].values, indexing="ij")
    return {
        "seeds": n_seeds,
        "of_seeds": measured.sizes["seed"],
        "seed": seeds.ravel().tolist(),
        "layer": np.tile(chosen["layer"].values, n_seeds).tolist(),
        "unit": units.ravel().tolist(),
        "accuracy": _flat(lost, 3),
        "loss": _flat(rise, 4),
        **{name: _flat(chosen[name], 3) for name in MEASURES if name in chosen},
    }


def planes(plane: xr.Dataset) -> list[Record]:
    """Information planes of a condition: mean over seeds, by estimator and layer.

    Parameters
    ----------
    plane
        ``plane.nc``.

    Returns
    -------
    list
        One record for each estimator and layer that has an estimate: ``epoch``, ``input`` and
        ``label`` (I(X;T) and I(T;Y) in bit), and ``trust``, empty or why what I(X;T) does says
        nothing.
    """
    plane = plane.sortby("epoch")
    means = {
        name: plane[f"mutual_information_{name}"].mean("seed", skipna=False)
        for name in ("input", "label")
    }
    records = []
    for estimator in map(str, plane["estimator"].values):
        for layer in map(str, plane["layer"].values):
            at = {"estimator": estimator, "layer": layer}
            coordinates = {name: mean.sel(at).values for name, mean in means.items()}
            there = np.flatnonzero(~np.isnan(sum(coordinates.values())))
            if not there.size:
                continue
            kept = there[_spread(len(there), EPOCHS)]
            trusted = trust(plane, estimator, layer)
            records.append(
                {
                    "estimator": wording.of_estimator(estimator),
                    "layer": layer if layer == "output" else f"layer {layer}",
                    "trust": "" if trusted == TRUSTED else trusted,
                    "epoch": plane["epoch"].values[kept].tolist(),
                    **{name: _rounded(values[kept], 3) for name, values in coordinates.items()},
                }
            )
    return records


def named_order(measure: str, quantizer: str) -> str:
    """The measure by which neurons are ordered, for people."""
    how = wording.of_quantizer(quantizer)
    return wording.short(measure) + (f" ({how})" if how else "")


def _points(row: Any) -> Record:  # noqa: ANN401
    """An effect with its interval in percentage points; None where there is no interval."""
    ends = {name: getattr(row, name) for name in ("effect", "low", "high")}
    return {
        name: None if np.isnan(value) else round(100 * value, 2) for name, value in ends.items()
    }


def _spread(n: int, most: int) -> NDArray[np.int64]:
    """Evenly spread positions among n, at most this number, with the first and the last."""
    return np.unique(np.round(np.linspace(0, n - 1, min(n, most))).astype(np.int64))


def _rounded(values: NDArray[np.float64], digits: int) -> list[float]:
    return np.round(values, digits).tolist()


def _flat(values: xr.DataArray, digits: int) -> list[float]:
    return _rounded(values.transpose("seed", "neuron").values.ravel(), digits)
