"""Counts of neurons from ablation curves within a layer, as the talk reads slides T13 and T14.

With n neurons, A(k) the accuracy on test after k removals, A0 = A(0), c the largest class
share on test and a tolerance delta:

- *suffice*: smallest k such that keeping the k' highest leaves at least A0 - delta (A0 - c),
  for every k' >= k.
- *destroy*: smallest k such that removing the k highest leaves at most c + delta (A0 - c).
- *inactive*: largest k such that removing the k' lowest changes at most a share of the predictions
  (criterion `CHANGED`; `UNCHANGED` is the share of claims and of marks in figures), or costs at
  most a share of the accuracy (criterion `LOST`), for every k' <= k.  An always-on neuron that
  others replace counts; *never active* (no validation example switches it on) and *rarely active*
  (fewer than 1 % do) stand beside it for ReLU.
- *redundant*: max(0, n - inactive - suffice).
- *jointly needed*: neurons, inactive ones excluded, whose own removal costs at most 0.1 % of
  A0 - c, in the smallest lowest-first prefix whose joint removal costs more than
  delta (A0 - c); 0 if there is no such prefix.  Each can be spared because others say the same:
  this is redundancy, and says nothing of synergy.

The talk read single curves and names no tolerance, so all are counted over a grid of them
(`CountSettings`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from neuroninfo.files import tables
from neuroninfo.files.seeds import joined, slices
from neuroninfo.files.storage import labelled
from neuroninfo.results.curves import layer_number, ordered_by
from neuroninfo.results.settings import CountSettings
from neuroninfo.results.statistics import (
    check_seeds,
    interval_columns,
    interval_row,
    mean_over_seeds,
)
from neuroninfo.vocabulary import CONDITION, NETWORK, ZERO, condition_names

COUNTS: Final[Mapping[str, str]] = {
    "suffice": "highest neurons that suffice",
    "destroy": "highest neurons whose removal destroys",
    "inactive": "lowest neurons whose removal changes hardly any prediction",
    "redundant": "neurons neither inactive nor among those that suffice",
    "jointly_needed": "neurons each of which can be spared, but not all together",
    "never_active": "neurons that no validation example switches on",
    "rarely_active": "neurons that fewer than 1 % of validation examples switch on",
}
"""Name -> words."""
NONE: Final = -1
"""There is no such number; the variable ``reason`` says why."""
TOLERANCES: Final = ("delta", "criterion", "share")
"""Dimensions of the counts; the last two together say which neurons are inactive."""
KEY: Final = (*CONDITION, "scope", "measure", "quantizer", "quantity", *TOLERANCES)
"""Columns that identify a row of the summary."""
COLUMNS: Final[Mapping[str, type]] = {
    **dict.fromkeys(KEY, str),
    "marked": bool,
    **interval_columns("mean", between={"n_neurons": int}, after={"without": int}),
}
"""Columns of the summary. ``marked``: at the tolerances of claims and of marks in figures."""
CHANGED, LOST = "changed", "lost"
"""Criteria of inactivity."""
UNCHANGED: Final = 0.001
"""Share of predictions that may change; also, of A0 - c, what a removal alone may cost."""
_MARKED: Final = "of_claims"
"""Attribute of the coordinate ``delta``: the tolerance of claims and of marks in figures."""
_RARELY: Final = 0.01
_ROUNDING: Final = 1e-9
"""Rounding of delta (A0 - c), in examples: 0.1 x 9,000 has to be 900."""
_BY_DELTA: Final = ("suffice", "destroy", "jointly_needed")
_OF_NEURONS: Final = ("never_active", "rarely_active")


def suffice(correct_ascending: NDArray[np.int64], chance: int, delta: float) -> int:
    """Smallest number of highest neurons that suffice, whatever is kept beside them.

    Parameters
    ----------
    correct_ascending
        (n + 1) correct predictions after removing the 0..n lowest.
    chance
        Examples of the largest class.
    delta
        Tolerance as a share of the accuracy above chance.
    """
    lost = correct_ascending[0] - correct_ascending
    enough = lost <= delta * (correct_ascending[0] - chance) + _ROUNDING
    n_neurons = len(correct_ascending) - 1
    return n_neurons - _leading(enough)


def destroy(correct_descending: NDArray[np.int64], chance: int, delta: float) -> int:
    """Smallest number of highest neurons whose removal leaves chance; `NONE` if none does.

    Parameters as of `suffice`, of removing the 0..n highest.
    """
    left = correct_descending - chance
    ruined = left <= delta * (correct_descending[0] - chance) + _ROUNDING
    return int(np.argmax(ruined)) if ruined.any() else NONE


def inactive(ascending: NDArray[np.int64], n_test: int, share: float = UNCHANGED) -> int:
    """Largest number of lowest neurons whose removal has hardly any effect.

    Parameters
    ----------
    ascending
        (n + 1) predictions that are changed by removing the 0..n lowest, or correct ones that are
        lost.
    n_test
        Examples.
    share
        Of them, what counts as hardly anything.
    """
    return _leading(ascending <= share * n_test + _ROUNDING)


def jointly_needed(
    correct_ascending: NDArray[np.int64],
    correct_alone: NDArray[np.int64],
    n_inactive: int,
    chance: int,
    delta: float,
) -> int:
    """Neurons that can be spared one by one and lie in the first prefix that costs much.

    Parameters
    ----------
    correct_ascending, chance, delta
        As of `suffice`.
    correct_alone
        (n) correct predictions without one neuron, lowest first.
    n_inactive
        Number of neurons, from the first on, that are no candidates.
    """
    above = correct_ascending[0] - chance
    cost = correct_ascending[0] - correct_ascending > delta * above + _ROUNDING
    if not cost.any():
        return 0
    alone = correct_ascending[0] - correct_alone[n_inactive : int(np.argmax(cost))]
    return int((alone <= UNCHANGED * above + _ROUNDING).sum())


def _leading(true: NDArray[np.bool_]) -> int:
    """Index of the last value of the run of True with which `true` begins."""
    return (len(true) if true.all() else int(np.argmin(true))) - 1


def count_neurons(
    neurons: xr.Dataset,
    damage: xr.Dataset,
    ablation: Mapping[str, xr.Dataset],
    settings: CountSettings,
) -> xr.Dataset:
    """Counts of every seed and layer, in the layout of ``reading.nc``.

    Parameters
    ----------
    neurons, damage
        ``neurons.nc`` and ``damage.nc``.
    ablation
        Scope -> group of ``ablation-<set>.nc``, same seeds; read are the layers, ablated to
        zero, in the order of each measure and quantizer that has both directions.
    settings
        Tolerances, and whether a neuron can be off (ReLU): else there is no never and rarely
        active one.

    Returns
    -------
    Dataset
        `COUNTS`, (seed, layer), by ``order`` (coordinates measure, quantizer) where they are
        read off a curve, by ``delta`` and by ``inactivity`` (coordinates criterion, share) where
        they depend on these tolerances; `NONE` where there is no such number, for which
        ``reason`` (seed, order, layer) says why. `marked` gives those of claims and figures.

    Raises
    ------
    ValueError
        Seeds or counts without ablation differ, or no layer was ablated in both directions.
    """
    layers = [scope for scope in ablation if scope != NETWORK]
    orders = [pair for pair in ordered_by(*ablation.values()) if _both(ablation, layers, *pair)]
    if not orders:
        raise ValueError(
            "no layer was ablated to zero both lowest and highest first by one measure; the first "
            "set of `orderings` needs both directions and the scope `layers`"
        )
    test = damage.sel(split="test")
    for name, data in {"damage": test, **{scope: ablation[scope] for scope in layers}}.items():
        check_seeds(name, data, neurons)
    of_neurons = ["mutual_information", *(["active_fraction"] if settings.rectified else [])]
    used = (
        neurons[of_neurons],
        test[["correct", "correct_unablated"]],
        *(ablation[scope][["correct", "changed", "order"]] for scope in layers),
    )
    return joined(
        [
            _count(measured, alone, dict(zip(layers, groups, strict=True)), orders, settings)
            for measured, alone, *groups in slices(*used)
        ]
    )


def _count(
    neurons: xr.Dataset,
    test: xr.Dataset,
    ablation: Mapping[str, xr.Dataset],
    orders: Sequence[tuple[str, str]],
    settings: CountSettings,
) -> xr.Dataset:
    """The counts of some seeds, which are in memory."""
    seeds, layers = neurons["seed"].values, list(ablation)
    shape = (len(seeds), len(orders), len(layers))
    deltas = sorted({settings.delta, *settings.deltas})
    inactivity = _inactivity(settings)
    cell = ("seed", "order", "layer")
    by_delta = {name: np.full((*shape, len(deltas)), NONE, np.int32) for name in _BY_DELTA}
    unused = np.empty((*shape, len(inactivity)), np.int32)
    reason = np.full(shape, "", dtype=object)
    unablated = test["correct_unablated"].values
    for (order, by), (layer, (scope, group)) in product(
        enumerate(orders), enumerate(ablation.items())
    ):
        low, high = (_position(group, *by, way) for way in ("ascending", "descending"))
        correct = group["correct"].values.astype(np.int64)
        chance, n_test = int(group.attrs["chance_correct"]), int(group.attrs["n_test"])
        members = neurons["layer"].values == layer_number(scope)
        for i, seed in enumerate(seeds):
            place = (i, order, layer)
            rising, falling = correct[i, low], correct[i, high]
            if (before := int(unablated[i])) != rising[0]:
                raise ValueError(
                    f"seed {seed}: without ablation {rising[0]} predictions are correct in "
                    f"ablation, {before} in damage; run both again"
                )
            ascending = {CHANGED: group["changed"].values[i, low], LOST: rising[0] - rising}
            unused[place] = [
                inactive(ascending[criterion], n_test, share) for criterion, share in inactivity
            ]
            if before <= chance:
                reason[place] = f"accuracy {before / n_test:.3f} is no better than chance"
                continue
            alone = test["correct"].values[i, members][group["order"].values[i, low]]
            n_inactive = int(unused[place][inactivity.index((CHANGED, UNCHANGED))])
            for number, delta in enumerate(deltas):
                at = (*place, number)
                by_delta["suffice"][at] = suffice(rising, chance, delta)
                by_delta["destroy"][at] = destroy(falling, chance, delta)
                by_delta["jointly_needed"][at] = jointly_needed(
                    rising, alone, n_inactive, chance, delta
                )
    widths = np.array([ablation[scope].sizes["removed"] - 1 for scope in layers])
    enough = by_delta["suffice"][..., None]
    rest = widths[:, None, None] - unused[..., None, :] - enough
    counted: dict[str, tuple[tuple[str, ...], NDArray[np.int32]]] = {
        "inactive": ((*cell, "inactivity"), unused),
        **{name: ((*cell, "delta"), values) for name, values in by_delta.items()},
        "redundant": (
            (*cell, "delta", "inactivity"),
            np.where(enough == NONE, NONE, np.maximum(rest, 0)).astype(np.int32),
        ),
    }
    if settings.rectified:
        counted |= _by_activity(neurons, layers)
    n_test = int(ablation[layers[0]].attrs["n_test"])
    quantizers = [str(name) for name in neurons["quantizer"].values]
    quantized = next((name for _, name in orders if name in quantizers), quantizers[0])
    return xr.Dataset(
        {
            **{
                name: (dims, values, labelled(f"number of {COUNTS[name]}", "1"))
                for name, (dims, values) in counted.items()
            },
            "reason": (
                ("seed", "order", "layer"),
                reason.astype(str),
                labelled("why there are no numbers (-1)", "1"),
            ),
            "mutual_information": (
                ("seed", "layer"),
                _mean_information(neurons, layers, quantized),
                labelled(
                    "mutual information with the class, mean over neurons",
                    "bit",
                    quantizer=quantized,
                ),
            ),
            "accuracy": (
                ("seed",),
                test["correct_unablated"].values / n_test,
                labelled("accuracy on test without ablation", "1"),
            ),
        },
        coords={
            "seed": ("seed", seeds, {"long_name": "seed"}),
            "layer": (
                "layer",
                [layer_number(scope) for scope in layers],
                {"long_name": "hidden layer"},
            ),
            "width": (
                "layer",
                widths,
                {"long_name": "neurons of the layer"},
            ),
            "delta": (
                "delta",
                deltas,
                {"long_name": "tolerance", _MARKED: settings.delta},
            ),
            "criterion": (
                "inactivity",
                [criterion for criterion, _ in inactivity],
                {"long_name": "what is counted for inactive neurons: predictions changed, or lost"},
            ),
            "share": (
                "inactivity",
                [share for _, share in inactivity],
                {"long_name": "tolerance of inactive neurons, of all test examples"},
            ),
            "measure": (
                "order",
                [measure for measure, _ in orders],
                {"long_name": "what neurons are ordered by"},
            ),
            "quantizer": (
                "order",
                [quantizer for _, quantizer in orders],
                {"long_name": "quantizer of the measure"},
            ),
        },
    )


def _inactivity(settings: CountSettings) -> list[tuple[str, float]]:
    """Criteria and tolerances of inactive neurons, each once."""
    return [
        *((CHANGED, share) for share in sorted({UNCHANGED, *settings.changed})),
        *((LOST, share) for share in sorted(set(settings.lost))),
    ]


def marked(counted: xr.Dataset) -> xr.Dataset:
    """Counts at the tolerances of claims and of marks in figures.

    Parameters
    ----------
    counted
        ``reading.nc``, as `count_neurons` gives it.

    Returns
    -------
    Dataset
        Without the dimensions ``delta`` and ``inactivity``; ``delta``, ``criterion`` and ``share``
        are scalars.
    """
    of_claims = (counted["criterion"] == CHANGED) & (counted["share"] == UNCHANGED)
    return counted.sel(delta=counted["delta"].attrs[_MARKED]).isel(
        inactivity=int(np.argmax(of_claims.values))
    )


def _by_activity(
    neurons: xr.Dataset, layers: Sequence[str]
) -> dict[str, tuple[tuple[str, ...], NDArray[np.int32]]]:
    """Never and rarely active neurons of each seed and layer."""
    active = neurons["active_fraction"].transpose("seed", "neuron").values
    counts = []
    for scope in layers:
        of_layer = active[:, neurons["layer"].values == layer_number(scope)]
        counts.append([(of_layer == 0).sum(axis=1), (of_layer < _RARELY).sum(axis=1)])
    stacked = np.array(counts, dtype=np.int32).transpose(1, 2, 0)
    return {
        name: (("seed", "layer"), values) for name, values in zip(_OF_NEURONS, stacked, strict=True)
    }


def _mean_information(
    neurons: xr.Dataset, layers: Sequence[str], quantizer: str
) -> NDArray[np.float64]:
    """(seeds, layers) mean over a layer's neurons."""
    values = neurons["mutual_information"].sel(quantizer=quantizer)
    return np.stack(
        [
            values.isel(neuron=np.flatnonzero(neurons["layer"].values == layer_number(scope)))
            .mean("neuron")
            .values
            for scope in layers
        ],
        axis=1,
    )


def _both(
    ablation: Mapping[str, xr.Dataset], layers: Sequence[str], measure: str, quantizer: str
) -> bool:
    return all(
        _position(ablation[scope], measure, quantizer, direction) >= 0
        for scope in layers
        for direction in ("ascending", "descending")
    ) and bool(layers)


def _position(group: xr.Dataset, measure: str, quantizer: str, direction: str) -> int:
    """Position of the ordering with ablation to zero; -1 if there is none."""
    matching = (
        (group["measure"].values == measure)
        & (group["quantizer"].values == quantizer)
        & (group["direction"].values == direction)
        & (group["replacement"].values == ZERO)
    )
    return int(np.argmax(matching)) if matching.any() else -1


def summary(counted: xr.Dataset, condition: Mapping[str, Any]) -> pd.DataFrame:
    """Counts with intervals over seeds, one row per layer, order, count and tolerance.

    Mean mutual information by layer and accuracy without ablation stand there too.

    Parameters
    ----------
    counted
        ``reading.nc``, as `count_neurons` gives it.
    condition
        Data set, architecture, activation and regularizer by name.

    Returns
    -------
    DataFrame
        `COLUMNS`. ``delta``, ``criterion`` and ``share`` are empty where the count does not depend
        on them; where it depends on both tolerances, one of them is that of claims. ``without`` is
        the number of seeds that have no such number, over which the mean is not taken; the note
        says why. Measure and quantizer are those of the order that was read, or of the mean
        information, else empty.
    """
    about = condition_names(condition)
    of_claims = marked(counted)
    rows = []
    for name in (*COUNTS, "mutual_information", "accuracy"):
        if name not in counted:
            continue
        others = [dim for dim in counted[name].dims if dim != "seed"]
        for place in np.ndindex(*(counted.sizes[dim] for dim in others)):
            cell = counted[name].isel(dict(zip(others, place, strict=True)))
            tolerances = [key for key in TOLERANCES if key in cell.coords]
            differing = [key for key in tolerances if cell[key].item() != of_claims[key].item()]
            if "delta" in differing and len(differing) > 1:
                continue
            scope, width = NETWORK, int(counted["width"].sum())
            if "layer" in counted[name].dims:
                of_layer = counted.sel(layer=int(cell["layer"]))
                scope, width = f"layer-{int(cell['layer'])}", int(of_layer["width"])
            quantizer = str(counted[name].attrs.get("quantizer", ""))
            measure = name if quantizer else ""
            reasons: set[str] = set()
            if "order" in counted[name].dims:
                order = place[others.index("order")]
                measure, quantizer = str(cell["measure"].item()), str(cell["quantizer"].item())
                given = of_layer["reason"].isel(order=order).values
                reasons = {str(reason) for reason in given if reason}
            there = cell.values[cell.values != NONE]
            at = [_written(cell[key].item()) if key in tolerances else "" for key in TOLERANCES]
            key = (*about.values(), scope, measure, quantizer, name, *at)
            interval = mean_over_seeds(there, none="no seed has such a number")
            what = dict(zip(KEY, key, strict=True)) | {"marked": not differing}
            row = interval_row(what, "mean", interval, cell.size, *sorted(reasons))
            rows.append(row | {"n_neurons": width, "without": cell.size - there.size})
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _written(tolerance: str | float) -> str:
    """A tolerance as text."""
    return tolerance if isinstance(tolerance, str) else f"{tolerance:g}"


def read(path: str | Path) -> pd.DataFrame:
    """Read a summary as written by `tables.write`."""
    return tables.read(path, COLUMNS)
