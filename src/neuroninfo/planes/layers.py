"""Information planes: I(X;T) against I(Y;T) of every layer over the epochs of training (T4).

One epoch is in memory at a time.  The output layer is a layer too, as class probabilities.  An
estimator that fails for a layer leaves no number there, and its reason, and does not stop the
others.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any, Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.special import softmax

from neuroninfo.files.storage import labelled
from neuroninfo.planes.estimators.protocol import Estimate, EstimationError, Estimator
from neuroninfo.planes.estimators.sample_propagation import SamplePropagation

OUTPUT: Final = "output"
"""In place of a number: the output layer."""

SKIPPED: Final = "not asked at this epoch"
"""The reason of an estimate that was not tried."""


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
        layer, estimator), the first two NaN where ``success`` is 0 and ``reason`` says why; names
        with ``_low`` and ``_high`` are the bounds of estimators that have any;
        ``estimates`` (estimator) says which quantity is estimated.

    Raises
    ------
    ValueError
        No epochs, or two estimators of one name.
    """
    names(estimators)
    return joined([of_epoch(epoch, estimators) for epoch in activations], estimators)


def names(estimators: Sequence[Estimator]) -> list[str]:
    """Names of estimators.

    Raises
    ------
    ValueError
        There are none, or two of one name.
    """
    given = [estimator.name for estimator in estimators]
    if len(set(given)) < len(given) or not given:
        raise ValueError(f"estimators: {', '.join(given) or 'none'}; give each once")
    return given


def joined(parts: Sequence[xr.Dataset], estimators: Sequence[Estimator]) -> xr.Dataset:
    """Planes of single epochs (`of_epoch`) put together, in the layout of ``plane.nc``.

    Raises
    ------
    ValueError
        There are none.
    """
    if not parts:
        raise ValueError("no epochs are stored; add some to `activations.epochs`")
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
    ValueError
        They are not of the same networks and epochs, or an estimator is missing.
    """
    first, *others = parts
    for other in others:
        for name in ("seed", "epoch", "layer", "loss", "accuracy", "scatter_within"):
            if not first[name].equals(other[name]):
                raise ValueError(f"{name} differs between groups of estimators; run them again")
    whole = xr.concat(parts, "estimator", data_vars="minimal", coords="minimal", compat="override")
    by = list(map(str, whole["estimator"].values))
    if sorted(by) != sorted(order):
        raise ValueError(f"planes by {', '.join(by)}, not by {', '.join(order)}; run them again")
    return whole.sel(estimator=list(order))


def probabilities(logits: NDArray[Any]) -> NDArray[np.float64]:
    """Softmax over the last axis, in float64."""
    return np.asarray(softmax(logits.astype(np.float64), axis=-1))


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
    bounds = np.full((*shape, 2, 2), np.nan)  # low and high
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
                        ends = estimator.information(
                            centres[seed, 0][..., members == numbers[layer]],
                            labels,
                            activations.attrs["noise"],
                        )
                        bounds[seed, layer, number] = ends
                        estimate = ends.middle
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
            **{
                f"mutual_information_{of}_{end}": (
                    dims,
                    bounds[:, None, ..., row, column],
                    labelled(f"{words} bound on mutual_information_{of}", "bit"),
                )
                for column, of in enumerate(("input", "label"))
                for row, (end, words) in enumerate((("low", "lower"), ("high", "upper")))
            },
            "success": (
                dims,
                np.isfinite(information).all(axis=-1)[:, None].astype(np.int8),
                labelled("1 where there is an estimate", "1"),
            ),
            "reason": (
                dims,
                reason[:, None].astype(str),
                labelled("why there is no estimate", "1"),
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
