"""Information planes: I(X;T) against I(Y;T) of every layer over the epochs of training (T4).

One epoch is in memory at a time.  The output layer is a layer too, as class probabilities.  An
estimator that fails for a layer leaves no number there, and its reason, and does not stop the
others.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
import scipy.stats
import xarray as xr
from numpy.typing import NDArray

from neuroninfo.files.storage import labelled
from neuroninfo.planes.estimators.protocol import Estimate, EstimationError, Estimator
from neuroninfo.planes.estimators.sample_propagation import SamplePropagation
from neuroninfo.results.claims import CONDITION, Interval, bootstrap_mean
from neuroninfo.streams import Stream, generator

OUTPUT: Final = "output"
"""In place of a number: the output layer."""
SKIPPED: Final = "not asked at this epoch"
"""The reason of an estimate that was not tried."""
COLUMNS: Final[Mapping[str, type]] = {
    **dict.fromkeys(CONDITION, str),
    "estimator": str,
    "layer": str,
    "highest": float,
    "last": float,
    "drop": float,
    "low": float,
    "high": float,
    "n_seeds": int,
    "without": int,
    "verdict": str,
    "note": str,
}
"""Of the table of compression; information in bit."""
PAGE: Final = (
    *CONDITION,
    "estimator",
    "layer",
    "verdict",
    "drop",
    "low",
    "high",
    "highest",
    "last",
)
"""Columns for people, the verdict in sight."""
DROP: Final = 0.1
"""Fall of I(X;T) in bit from which a layer is said to compress (chosen)."""


class PlaneError(ValueError):
    """There is nothing to make a plane of."""


def plane(activations: Iterable[xr.Dataset], estimators: Sequence[Estimator]) -> xr.Dataset:
    """Information of every layer, in the layout of ``plane.nc``.

    Parameters
    ----------
    activations
        ``activations.nc``, epoch by epoch (`storage.each` along ``epoch``): ``activation``,
        ``output`` (before the softmax), ``label``.
    estimators
        Each with a name of its own.

    Returns
    -------
    Dataset
        ``mutual_information_input``, ``mutual_information_label`` and ``success`` (seed, epoch,
        layer, estimator), the first two NaN where ``success`` is 0 and ``reason`` says why;
        ``estimates`` (estimator) says which quantity is estimated.

    Raises
    ------
    PlaneError
        No epochs, or two estimators of one name.
    """
    names(estimators)
    return joined([of_epoch(epoch, estimators) for epoch in activations], estimators)


def names(estimators: Sequence[Estimator]) -> list[str]:
    """Names of estimators.

    Raises
    ------
    PlaneError
        There are none, or two of one name.
    """
    found = [estimator.name for estimator in estimators]
    if len(set(found)) < len(found) or not found:
        raise PlaneError(f"estimators: {', '.join(found) or 'none'}; give each once")
    return found


def joined(parts: Sequence[xr.Dataset], estimators: Sequence[Estimator]) -> xr.Dataset:
    """Planes of single epochs (`of_epoch`) put together, in the layout of ``plane.nc``.

    Raises
    ------
    PlaneError
        There are none.
    """
    if not parts:
        raise PlaneError("no epochs are stored; add some to `activations.epochs`")
    whole = xr.concat(parts, "epoch", data_vars="minimal", coords="minimal", compat="equals")
    return whole.assign_coords(
        estimator=("estimator", names(estimators), {"long_name": "estimator and its settings"}),
        estimates=(
            "estimator",
            [estimator.estimates for estimator in estimators],
            {"long_name": "quantity that is really estimated"},
        ),
    )


def of_groups(parts: Sequence[xr.Dataset], order: Sequence[str]) -> xr.Dataset:
    """Planes of the same networks by several groups of estimators as one.

    Parameters
    ----------
    parts
        Planes (``plane.nc``).
    order
        Names of all estimators.

    Raises
    ------
    PlaneError
        They are not of the same networks and epochs, or an estimator is missing.
    """
    first, *others = parts
    for other in others:
        for name in ("seed", "epoch", "layer", "loss", "accuracy", "scatter_within"):
            if not first[name].equals(other[name]):
                raise PlaneError(f"{name} differs between groups of estimators; run them again")
    whole = xr.concat(parts, "estimator", data_vars="minimal", coords="minimal", compat="override")
    found = list(map(str, whole["estimator"].values))
    if sorted(found) != sorted(order):
        raise PlaneError(f"planes by {', '.join(found)}, not by {', '.join(order)}; run them again")
    return whole.sel(estimator=list(order))


def probabilities(logits: NDArray[Any]) -> NDArray[np.float64]:
    """Softmax over the last axis."""
    shifted = np.exp(logits.astype(np.float64) - logits.max(axis=-1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=-1, keepdims=True))


def of_epoch(
    activations: xr.Dataset, estimators: Sequence[Estimator], skipped: Collection[str] = ()
) -> xr.Dataset:
    """The plane of one epoch, from activations of that epoch alone.

    Parameters
    ----------
    activations
        As of `plane`; of networks with noise also ``centre`` (draw, seed, epoch, sample, neuron),
        outputs before a layer's own noise, and the attribute ``noise``, its standard deviation.
    estimators
        Each with a name of its own.
    skipped
        Names of those that are not asked: `SKIPPED` is their reason.
    """
    labels = activations["label"].values
    members = activations["layer"].values
    numbers = np.unique(members)
    layers = [*map(str, numbers), OUTPUT]
    hidden = activations["activation"].transpose("seed", "epoch", "sample", "neuron").values
    logits = activations["output"].transpose("seed", "epoch", "sample", "class").values
    shape = (len(hidden), len(layers), len(estimators))
    information = np.full((*shape, 2), np.nan)
    reason = np.full(shape, "", dtype=object)
    within = np.empty(shape[:2])
    centres = None
    if "centre" in activations:
        centres = (
            activations["centre"].transpose("seed", "epoch", "draw", "sample", "neuron").values
        )
    for seed in range(shape[0]):
        outputs = [hidden[seed, 0][:, members == number] for number in numbers]
        outputs.append(probabilities(logits[seed, 0]))
        for layer, of_layer in enumerate(outputs):
            within[seed, layer] = scatter_within(of_layer, labels)
            for number, estimator in enumerate(estimators):
                if estimator.name in skipped:
                    reason[seed, layer, number] = SKIPPED
                    continue
                try:
                    if (
                        isinstance(estimator, SamplePropagation)
                        and centres is not None
                        and layer < len(numbers)
                    ):
                        estimate = estimator.information(
                            centres[seed, 0][..., members == numbers[layer]],
                            labels,
                            activations.attrs["noise"],
                        )
                    else:
                        estimate = estimator(of_layer, labels)
                    information[seed, layer, number] = _checked(estimate)
                except (EstimationError, np.linalg.LinAlgError) as error:
                    reason[seed, layer, number] = str(error)
    dims = ("seed", "epoch", "layer", "estimator")
    return xr.Dataset(
        {
            "mutual_information_input": (
                dims,
                information[:, None, ..., 0],
                labelled("mutual information I(X;T) of input and layer, as estimated", "bit"),
            ),
            "mutual_information_label": (
                dims,
                information[:, None, ..., 1],
                labelled("mutual information I(Y;T) of class and layer, as estimated", "bit"),
            ),
            "success": (
                dims,
                np.isfinite(information).all(axis=-1)[:, None].astype(np.int8),
                labelled("1 where there is an estimate", "1"),
            ),
            "reason": (
                dims,
                reason[:, None].astype(str),
                labelled("why there is none", "1"),
            ),
            "scatter_within": (
                dims[:3],
                within[:, None],
                labelled(
                    "mean squared distance of outputs of one class over that of all outputs", "1"
                ),
            ),
        },
        coords={
            "seed": activations["seed"],
            "epoch": activations["epoch"],
            "layer": ("layer", layers, {"long_name": "hidden layer, or output"}),
        },
    )


def _checked(estimate: Estimate) -> Estimate:
    if not np.isfinite(estimate).all():
        raise EstimationError(f"the estimate is {estimate.input}, {estimate.label}")
    return estimate


def _verdict(fall: Interval) -> str:
    """Whether a layer compresses: the interval of its fall lies on one side of `DROP`."""
    if np.isnan(fall.mean):
        return "no estimate"
    if np.isnan(fall.low):
        return "one seed"
    if fall.low > DROP:
        return "compresses"
    return "does not compress" if fall.high < DROP else "undecided"


def scatter_within(outputs: NDArray[Any], labels: NDArray[Any]) -> float:
    """Mean squared distance of two outputs of one class over that of any two.

    1: classes lie upon each other; 0: each is one point (Goldfeld et al. 2019, section 5: what
    binned information shows is such clustering).  NaN where all outputs are one point.
    """
    values = outputs.astype(np.float64)
    whole = ((values - values.mean(axis=0)) ** 2).sum()
    within = 0.0
    for label in np.unique(labels):
        own = values[labels == label]
        within += ((own - own.mean(axis=0)) ** 2).sum()
    return float(within / whole) if whole > 0 else float("nan")


def compression(plane: xr.Dataset, condition: Mapping[str, Any], study_seed: int) -> pd.DataFrame:
    """How far I(X;T) falls after its maximum over the epochs: the compression phase, if any.

    The maximum of a curve that only trembles lies above its end too: read small drops beside
    how much the curve moves from epoch to epoch.

    Parameters
    ----------
    plane
        ``plane.nc`` of all seeds.
    condition
        Data set, architecture, activation and regularizer by name.
    study_seed
        Of the random streams.

    Returns
    -------
    DataFrame
        `COLUMNS`, one row an estimator and layer. Seeds that lack an estimate at some epoch at
        which it was asked are left out and counted in ``without``.
    """
    about = {key: str(condition[key]) for key in CONDITION}
    rows = []
    plane = plane.sortby("epoch").sortby("seed")
    values, reasons = plane["mutual_information_input"], plane["reason"]
    for estimator in map(str, plane["estimator"].values):
        for layer in map(str, plane["layer"].values):
            of_layer = {"estimator": estimator, "layer": layer}
            curves = values.sel(of_layer).transpose("seed", "epoch").values
            asked = (reasons.sel(of_layer) != SKIPPED).transpose("seed", "epoch").values
            curves = curves[:, asked.all(axis=0)]
            there = curves[~np.isnan(curves).any(axis=1)]
            highest, last = there.max(axis=1), there[:, -1]
            interval = Interval(np.nan, np.nan, np.nan, "no seed has an estimate at all epochs")
            if len(there):
                key = "/".join([*about.values(), "compression", estimator, layer])
                rng = generator(study_seed, Stream.BOOTSTRAP, key)
                interval = bootstrap_mean(highest - last, rng)
            rows.append(
                about
                | {
                    "estimator": estimator,
                    "layer": layer,
                    "highest": float(highest.mean()) if len(there) else np.nan,
                    "last": float(last.mean()) if len(there) else np.nan,
                    "drop": interval.mean,
                    "low": interval.low,
                    "high": interval.high,
                    "n_seeds": len(curves),
                    "without": len(curves) - len(there),
                    "verdict": _verdict(interval),
                    "note": interval.note,
                }
            )
    return pd.DataFrame(rows, columns=list(COLUMNS))


def gaps(planes: Sequence[xr.Dataset], conditions: Sequence[Sequence[str]]) -> pd.DataFrame:
    """Coordinates of the last hidden layer and generalization gaps, at the last epoch.

    Parameters
    ----------
    planes
        ``plane.nc`` of several conditions.
    conditions
        Data set, architecture, activation and regularizer of each.

    Returns
    -------
    DataFrame
        One row a condition, seed and estimator: ``input`` and ``label``, I(X;T) and I(Y;T) in
        bits, and ``gap``, test less train cross-entropy in nats.
    """
    rows = []
    for plane, names in zip(planes, conditions, strict=True):
        last = plane.isel(epoch=int(plane["epoch"].values.argmax()))
        gap = last["loss"].sel(split="test") - last["loss"].sel(split="train")
        hidden = [layer for layer in map(str, plane["layer"].values) if layer != OUTPUT]
        here = last.sel(layer=hidden[-1])
        for seed in plane["seed"].values:
            for estimator in map(str, plane["estimator"].values):
                point = here.sel(seed=seed, estimator=estimator)
                rows.append(
                    dict(zip(CONDITION, names, strict=True))
                    | {
                        "estimator": estimator,
                        "seed": int(seed),
                        "input": float(point["mutual_information_input"]),
                        "label": float(point["mutual_information_label"]),
                        "gap": float(gap.sel(seed=seed)),
                    }
                )
    return pd.DataFrame(rows)


def gap_correlations(points: pd.DataFrame, study_seed: int) -> pd.DataFrame:
    """Spearman's correlation of each coordinate with the gap, over conditions and seeds.

    Parameters
    ----------
    points
        As `gaps` gives them.
    study_seed
        Of the random streams.

    Returns
    -------
    DataFrame
        One row a data set, estimator and coordinate, with a 95 % percentile bootstrap interval
        over networks; NaN where all coordinates are equal or fewer than 3 networks have one.
    """
    rows = []
    for (dataset, estimator), own in points.groupby(["dataset", "estimator"], sort=False):
        for coordinate in ("input", "label"):
            there = own[~own[coordinate].isna()]
            pairs = there[[coordinate, "gap"]].to_numpy()
            key = f"{dataset}/gap/{estimator}/{coordinate}"
            rng = generator(study_seed, Stream.BOOTSTRAP, key)
            mean, low, high = _spearman(pairs, rng)
            rows.append(
                {
                    "dataset": dataset,
                    "estimator": estimator,
                    "coordinate": coordinate,
                    "correlation": mean,
                    "low": low,
                    "high": high,
                    "n_networks": len(there),
                    "n_conditions": len(there.drop_duplicates(list(CONDITION))),
                }
            )
    return pd.DataFrame(rows)


def _spearman(
    pairs: NDArray[np.float64], rng: np.random.Generator, resamples: int = 2000
) -> tuple[float, float, float]:
    def correlation(sample: NDArray[np.float64]) -> float:
        ranks = np.apply_along_axis(scipy.stats.rankdata, 0, sample)
        centred = ranks - ranks.mean(axis=0)
        scale = np.sqrt((centred**2).sum(axis=0).prod())
        return float((centred[:, 0] * centred[:, 1]).sum() / scale) if scale > 0 else float("nan")

    if len(pairs) < 3 or np.isnan(found := correlation(pairs)):
        return float("nan"), float("nan"), float("nan")
    drawn = [
        correlation(pairs[rng.integers(len(pairs), size=len(pairs))]) for _ in range(resamples)
    ]
    low, high = np.nanpercentile(drawn, [2.5, 97.5])
    return found, float(low), float(high)
