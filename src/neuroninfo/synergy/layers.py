"""Redundancy and synergy of hidden layers: all pairs of neurons, and the whole, by epoch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from neuroninfo.files.storage import labelled
from neuroninfo.neurons.quantization import Quantizer
from neuroninfo.streams import Stream, generator
from neuroninfo.synergy.invariants import Invariants, invariants
from neuroninfo.synergy.pairs import MEASURES, Pairs, decompose
from neuroninfo.synergy.settings import SynergySettings

_QUANTIZER: Final = "threshold"
_SHUFFLED: Final = "_shuffled"
_OF_PAIRS: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "mean_joint_information": ("I(T1,T2;Y)", ()),
    "mean_redundancy": ("redundant part of I(T1,T2;Y)", ("measure",)),
    "mean_synergy": ("synergistic part of I(T1,T2;Y)", ("measure",)),
}
"""Means over pairs of neurons that vary."""
_OF_LAYER: Final[Mapping[str, tuple[str, str]]] = {
    "layer_information": ("I(T;Y) of all neurons of the layer together, plug-in", "bit"),
    "degree_of_redundancy": ("sum of the neurons' I(T;Y) over that of the layer", "1"),
    "degree_of_vulnerability": ("sum of I(T;Y|all other neurons) over that of the layer", "1"),
    "patterns_once": ("share of examples whose pattern of the layer no other example has", "1"),
}


def measure(activations: Iterable[xr.Dataset], settings: SynergySettings) -> dict[str, xr.Dataset]:
    """Redundancy and synergy of all layers, in the layout of ``synergy.nc``.

    Parameters
    ----------
    activations
        One dataset per seed, in the layout of ``activations.nc``.
    settings
        What is measured.

    Returns
    -------
    dict
        ``layer-<l>`` -> what there is of it: single pairs at the last epoch, means over them and
        numbers of the whole layer at every epoch that is kept.
    """
    parts: dict[str, list[xr.Dataset]] = {}
    for of_seed in activations:
        for layer in np.unique(of_seed["layer"].values).tolist():
            members = np.flatnonzero(of_seed["layer"].values == layer)
            measured = _layer(of_seed.isel(seed=0, neuron=members), settings)
            parts.setdefault(f"layer-{layer}", []).append(measured)
    return {
        name: xr.concat(
            of_layer,
            dim="seed",
            data_vars="minimal",
            coords="minimal",
            compat="equals",
            join="exact",
            combine_attrs="identical",
        )
        for name, of_layer in parts.items()
    }


def _layer(activations: xr.Dataset, settings: SynergySettings) -> xr.Dataset:
    """One layer of one seed."""
    seed, activation = int(activations["seed"]), str(activations.attrs["activation_function"])
    labels = activations["label"].values.astype(np.intp)
    random = generator(settings.study_seed, Stream.LABEL_SHUFFLE, seed)
    shuffled = [random.permutation(labels) for _ in range(settings.shuffles)]
    quantizer = Quantizer.named(_QUANTIZER)
    epochs = activations["epoch"].values
    rows = []
    for number in range(len(epochs)):
        values = activations["activation"].isel(epoch=number).values
        on = quantizer.symbols(values, activation).astype(bool)
        pairs, whole = decompose(on, labels), invariants(on, labels)
        varies = np.asarray(on.any(axis=1) & ~on.all(axis=1))
        baselines = [
            (_means(decompose(on, permuted), varies), invariants(on, permuted))
            for permuted in shuffled
        ]
        rows.append(_by_epoch(pairs, whole, varies, baselines))
    variables: dict[str, Any] = {
        name: (("seed", "epoch", *dims), np.stack([row[name] for row in rows])[None], attributes)
        for name, (dims, attributes) in _described().items()
    }
    return xr.Dataset(
        variables | _single_pairs(pairs),
        coords={
            "seed": ("seed", [seed], {"long_name": "seed"}),
            "epoch": ("epoch", epochs, {"long_name": "epochs trained; 0 is before training"}),
            "measure": ("measure", list(MEASURES), {"long_name": "measure of the redundant part"}),
            "neuron": (
                "neuron",
                activations["unit"].values,
                {"long_name": "number of the neuron in its layer, from 0"},
            ),
            "first": ("pair", pairs.first.astype(np.int16), {"long_name": "first neuron"}),
            "second": ("pair", pairs.second.astype(np.int16), {"long_name": "second neuron"}),
        },
        attrs={
            "n_examples": len(labels),
            "n_classes": int(activations.attrs["n_classes"]),
            "quantizer": _QUANTIZER,
            "shuffles": settings.shuffles,
        },
    )


def _described() -> dict[str, tuple[tuple[str, ...], dict[str, Any]]]:
    """Dimensions, beside seed and epoch, and attributes of what there is at every epoch."""
    variables: dict[str, tuple[tuple[str, ...], dict[str, Any]]] = {
        "varying": ((), labelled("number of neurons that some examples switch on, not all", "1")),
        "largest_gap": (
            (),
            labelled("by how much a redundant part of broja may be too small at most", "bit"),
        ),
    }
    for name, (words, dims) in _OF_PAIRS.items():
        of = "mean over pairs of neurons that vary"
        variables[name] = (dims, labelled(f"{words}, {of}", "bit"))
        variables[name + _SHUFFLED] = (dims, labelled(f"{words}, {of}; shuffled classes", "bit"))
    for name, (words, unit) in _OF_LAYER.items():
        variables[name] = ((), labelled(words, unit))
    variables["layer_information" + _SHUFFLED] = (
        (),
        labelled("I(T;Y) of all neurons of the layer together; shuffled classes", "bit"),
    )
    return variables


def _by_epoch(
    pairs: Pairs,
    whole: Invariants,
    varies: NDArray[np.bool_],
    baselines: Sequence[tuple[Mapping[str, NDArray[np.float64]], Invariants]],
) -> dict[str, Any]:
    """Of one epoch the variables of `_described`."""
    return {
        "varying": varies.sum().astype(np.int32),
        "largest_gap": pairs.gap.max(initial=0.0),
        **_means(pairs, varies),
        **{
            name + _SHUFFLED: np.mean([means[name] for means, _ in baselines], axis=0)
            for name in _OF_PAIRS
        },
        "layer_information": whole.information,
        "degree_of_redundancy": whole.redundancy,
        "degree_of_vulnerability": whole.vulnerability,
        "patterns_once": whole.once,
        "layer_information" + _SHUFFLED: np.mean([other.information for _, other in baselines]),
    }


def _means(pairs: Pairs, varies: NDArray[np.bool_]) -> dict[str, NDArray[np.float64]]:
    """Means over pairs of neurons that vary; NaN where there is no such pair."""
    both = varies[pairs.first] & varies[pairs.second]
    if not both.any():
        return {
            name: np.full((len(MEASURES),) if dims else (), np.nan)
            for name, (_, dims) in _OF_PAIRS.items()
        }
    return {
        "mean_joint_information": pairs.joint[both].mean(),
        "mean_redundancy": np.array([pairs.redundant[name][both].mean() for name in MEASURES]),
        "mean_synergy": np.array([pairs.synergistic(name)[both].mean() for name in MEASURES]),
    }


def _single_pairs(pairs: Pairs) -> dict[str, Any]:
    """What there is of every neuron and pair, at the last epoch."""
    redundant = np.stack([pairs.redundant[name] for name in MEASURES])
    return {
        "information": (
            ("seed", "neuron"),
            pairs.information[None],
            labelled("mutual information I(T;Y) with the class, plug-in", "bit"),
        ),
        "joint_information": (
            ("seed", "pair"),
            pairs.joint[None].astype(np.float32),
            labelled("I(T1,T2;Y) of two neurons, plug-in", "bit"),
        ),
        "redundancy": (
            ("seed", "measure", "pair"),
            redundant[None].astype(np.float32),
            labelled("redundant part of I(T1,T2;Y)", "bit"),
        ),
    }
