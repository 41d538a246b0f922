"""Measures of the units of any model, in the layout of ``neurons.nc``.

Outputs are kept for as many units as fit the memory, and the data are read again for others: the
numbers are those of all outputs at once.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import numpy as np
import torch
import xarray as xr
from torch import Tensor, nn

from neuroninfo.files.storage import labelled
from neuroninfo.networks.stack import neuron_coordinates
from neuroninfo.neurons import measures
from neuroninfo.neurons.counting import class_counts
from neuroninfo.neurons.quantization import Quantizer
from neuroninfo.own_network.evaluation import check_agreement
from neuroninfo.own_network.examples import Examples, check_classes
from neuroninfo.own_network.layers import Layer, Passes
from neuroninfo.streams import Stream, generator

LOOPS: Final = "compiled loops"
PASSES: Final = "passes of the model"
"""What measures and curves are computed by, as their attribute ``computed_by`` says."""
MEMORY: Final = 2**30
"""Bytes of outputs that are kept at a time."""
SUMMARIES: Final = ("mean", "maximum", "active")
"""What a unit with many positions puts out for an example: the mean over them, the maximum, or the
share that is above the layer's threshold."""

_WORDS: Final = {
    "active_fraction": "share of examples with an output above the threshold",
    "mean_activation": "mean output",
    "mean_output": "mean over examples and positions",
    "class_selectivity": "class selectivity (Morcos et al. 2018); not a number where an output is "
    "negative",
    "state": "how often the unit is on",
}


def summarized(layer: Layer, values: Tensor, summary: str) -> Tensor:
    """Outputs of a layer, (rows, ...), as one number per unit and example, (rows, units)."""
    by_unit = layer.by_unit(values)
    if layer.positions == 1:
        return by_unit[..., 0]
    if summary == "maximum":
        return by_unit.amax(dim=2)
    if summary == "active":
        return (by_unit > layer.threshold).float().mean(dim=2)
    return by_unit.float().mean(dim=2)


def read(
    model: nn.Module,
    layers: Sequence[Layer],
    examples: Examples,
    visit: Callable[[int, slice, Tensor], Any],
) -> tuple[np.ndarray, Tensor]:
    """Pass all examples through a model.

    Parameters
    ----------
    model
        To be used in `evaluating`.
    layers
        Of it.
    examples
        What is passed.
    visit
        Called with the number of a layer, the rows and the layer's outputs (rows, ...), which may
        not be kept: models compute in place.

    Returns
    -------
    ndarray, Tensor
        The classes of the examples, and the model's logits (n, classes).

    Raises
    ------
    ValueError
        A pass does not reach a layer, or a class is not one of the model's.
    """
    at = {
        (layer.call.module, layer.call.number, layer.taken): number
        for number, layer in enumerate(layers)
    }
    passes, labels, outputs = Passes(model), [], []
    rows = slice(0, 0)
    reached: set[int] = set()

    def seen(module: nn.Module, number: int, values: Any, taken: bool = False) -> None:  # noqa: ANN401
        layer = at.get((module, number, taken))
        if layer is not None:
            reached.add(layer)
            visit(layer, rows, values[0] if isinstance(values, tuple) else values)

    for inputs, of_batch in examples:
        rows = slice(rows.stop, rows.stop + len(inputs))
        reached.clear()
        given = passes.run(inputs, before=functools.partial(seen, taken=True), after=seen)
        if missing := sorted(set(range(len(layers))) - reached):
            raise ValueError(f"forward does not call {layers[missing[0]].name!r} in every pass")
        check_classes(examples.which, of_batch, given.shape[1])
        labels.append(of_batch.numpy())
        outputs.append(given)
    return np.concatenate(labels), torch.cat(outputs)


def measured(
    model: nn.Module,
    layers: Sequence[Layer],
    examples: Examples,
    unablated: Tensor,
    *,
    quantizers: Sequence[str],
    summary: str = "mean",
    shuffles: int = 10,
    seed: int = 0,
    memory: int = MEMORY,
    done: Callable[[int], Any] = lambda number: None,
) -> xr.Dataset:
    """Measures of all units, in the layout of ``neurons.nc``.

    Parameters
    ----------
    model, layers, examples
        As of `read`.
    unablated
        (n, classes), logits of ``model.eval()``, which those of the passes are compared with.
    quantizers
        Names, as `quantization.Quantizer.named` takes them; the threshold is the layer's.
    summary
        One of `SUMMARIES`: what a unit with many positions puts out.
    shuffles
        Permutations of the classes behind the baseline of mutual information.
    seed
        Of the random streams.
    memory
        Bytes of outputs that are kept at a time; the data are read again for what exceeds it.
    done
        Called with the number of units that were measured since.

    Raises
    ------
    ValueError
        There is no such summary or quantizer, an output is not finite, or the logits differ.
    """
    if summary not in SUMMARIES:
        raise ValueError(f"summary: {summary!r} is unknown; there are {', '.join(SUMMARIES)}")
    of_name = {name: Quantizer.named(name) for name in quantizers}
    widths = [layer.width for layer in layers]
    edges = np.cumsum([0, *widths])
    # Of the share of active positions, any is on.
    counted = [summary == "active" and layer.positions > 1 for layer in layers]
    on = [0.0 if c else layer.threshold for c, layer in zip(counted, layers, strict=True)]
    thresholds = np.repeat(on, widths)
    n = examples.count()
    at_once = max(1, memory // (4 * n))
    parts, n_classes = [], unablated.shape[1]
    for start in range(0, int(edges[-1]), at_once):
        units = slice(start, min(start + at_once, int(edges[-1])))
        values = np.empty((n, units.stop - start), dtype=np.float32)
        means = np.zeros(units.stop - start)

        def keep(
            layer: int,
            rows: slice,
            given: Tensor,
            units: slice = units,
            values: np.ndarray = values,
            means: np.ndarray = means,
        ) -> None:
            a, b = max(edges[layer], units.start), min(edges[layer + 1], units.stop)
            if a < b:
                within = slice(a - edges[layer], b - edges[layer])
                here = slice(a - units.start, b - units.start)
                kept = summarized(layers[layer], given, summary)[:, within]
                values[rows, here] = kept.float().cpu().numpy()
                all_of = layers[layer].by_unit(given).double().mean(dim=2).sum(dim=0)
                means[here] += all_of[within].cpu().numpy()

        labels, given = read(model, layers, examples, keep)
        check_agreement(given, unablated, "its modules do not compute alike in every pass")
        of_units = of_outputs(
            values, labels, n_classes, of_name.values(), thresholds[units], shuffles, seed
        )
        parts.append({**of_units, "mean_output": means / n})
        done(units.stop - start)
    joined = {name: np.concatenate([part[name] for part in parts], axis=-1) for name in parts[0]}
    return neurons_dataset(
        joined,
        [layer.name for layer in layers],
        widths,
        np.repeat([layer.activation == "ReLU" for layer in layers], widths),
        quantizers,
        seed,
        {"n_examples": n, "n_classes": n_classes, "summary": summary, "shuffles": shuffles},
    )


def neurons_dataset(
    measured: dict[str, np.ndarray],
    names: Sequence[str],
    widths: Sequence[int],
    rectified: np.ndarray | bool,
    quantizers: Sequence[str],
    seed: int,
    attrs: dict[str, Any],
) -> xr.Dataset:
    """Measures of the units of one network, in the layout of ``neurons.nc``.

    Parameters
    ----------
    measured
        As of `of_outputs`, perhaps with ``mean_output``.
    names, widths
        Of the layers: modules, and numbers of units.
    rectified
        Whether a unit is off at zero (ReLU), of each or of all.
    quantizers, seed, attrs
        Coordinates and attributes of the dataset.
    """
    active = measured["active_fraction"]
    state = np.where(rectified, measures.states(active, "relu"), measures.states(active, ""))
    attributes = {name: labelled(words, "1") for name, words in _WORDS.items()}
    attributes |= {name: labelled(*words) for name, words in measures.QUANTIZED.items()}
    attributes["state"] |= {
        "flag_values": np.arange(len(measures.STATES), dtype=np.int8),
        "flag_meanings": " ".join(measures.STATES),
    }
    return xr.Dataset(
        {
            name: (
                ("seed", "quantizer", "neuron") if array.ndim == 2 else ("seed", "neuron"),
                array[None],
                attributes[name],
            )
            for name, array in {**measured, "state": state.astype(np.int8)}.items()
        },
        coords={
            "seed": ("seed", [seed], {"long_name": "seed"}),
            "quantizer": ("quantizer", list(quantizers), {"long_name": "quantizer"}),
            **unit_coordinates(names, widths),
        },
        attrs=attrs,
    )


def unit_coordinates(names: Sequence[str], widths: Sequence[int]) -> dict[str, tuple[Any, ...]]:
    """Coordinates of the dimension ``neuron``: where units are, and whose outputs they are."""
    words = {"long_name": "module whose output the unit is"}
    modules = np.repeat(list(names), widths).astype(object)
    return {**neuron_coordinates(widths), "module": ("neuron", modules, words)}


def layers_of(neurons: xr.Dataset) -> tuple[list[str], list[int]]:
    """Names of the modules of measured units, and their numbers of units."""
    numbers = neurons["layer"].values
    first = np.unique(numbers, return_index=True)[1]
    return neurons["module"].values[first].tolist(), np.bincount(numbers)[1:].tolist()


def of_outputs(
    values: np.ndarray,
    labels: np.ndarray,
    n_classes: int,
    quantizers: Iterable[Quantizer],
    thresholds: np.ndarray,
    shuffles: int,
    seed: int,
    study_seed: int | None = None,
) -> dict[str, np.ndarray]:
    """Measures of some units: (quantizers, units), or (units) of those of outputs as they are.

    Parameters
    ----------
    values, labels
        (n, units), one number a unit and example, and (n).
    n_classes
        Of the network.
    quantizers
        What information is measured with.
    thresholds
        (units), above which each is on.
    shuffles
        Permutations of the classes behind the baseline of mutual information.
    seed, study_seed
        Of the network, and of the random streams: by default the same.
    """
    random = generator(seed if study_seed is None else study_seed, Stream.LABEL_SHUFFLE, seed)
    labelings = np.stack([labels, *(random.permutation(labels) for _ in range(shuffles))])
    rows = []
    for quantizer in quantizers:
        equal = quantizer.kind == "uniform"
        edges = (
            thresholds[:, None] if quantizer.kind == "threshold" else quantizer.edges(values, "")
        )
        counts, *others = class_counts(values, edges, labelings, n_classes, equal=equal)
        rows.append(measures.of_counts(counts, others))
    selectivity = np.full(len(thresholds), np.nan)
    if (valid := (values >= 0).all(axis=0)).any():
        selectivity[valid] = measures.class_selectivity(values[:, valid], labels, n_classes)
    return {
        **{name: np.stack([row[name] for row in rows]) for name in measures.QUANTIZED},
        "active_fraction": (values > thresholds).mean(axis=0),
        "mean_activation": values.mean(axis=0, dtype=np.float64),
        "class_selectivity": selectivity,
    }
