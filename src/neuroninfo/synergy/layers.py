"""Redundancy and synergy of hidden layers: pairs of neurons, sets, and the whole, by epoch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from neuroninfo.ablation.pairs import without_pairs
from neuroninfo.files.seeds import joined
from neuroninfo.files.storage import labelled
from neuroninfo.networks.stack import Stack
from neuroninfo.neurons.quantization import Quantizer
from neuroninfo.streams import Stream, generator
from neuroninfo.synergy import complexity
from neuroninfo.synergy.complexity import decompose_sets, sample_sets
from neuroninfo.synergy.invariants import Invariants, invariants
from neuroninfo.synergy.pairs import MEASURES, Pairs, decompose, varies
from neuroninfo.synergy.sets import gaussian_copula, most_counted, prefix
from neuroninfo.synergy.settings import NOT_REMOVED, QUANTIZER, SynergySettings

_SHUFFLED: Final = "_shuffled"
ESTIMATORS: Final = ("counts", "gaussian_copula")
"""How the information that sets of neurons share is estimated."""
_OF_PAIRS: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "joint_information": ("I(T1,T2;Y)", ()),
    "redundancy": ("redundant part of I(T1,T2;Y)", ("measure",)),
    "synergy": ("synergistic part of I(T1,T2;Y)", ("measure",)),
}
"""Quantities of which means over pairs of varying neurons are stored: words, dimensions."""
_OF_PAIRS_ACROSS: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    **_OF_PAIRS,
    "unique_first": ("what only the neuron of this layer says", ("measure",)),
    "unique_second": ("what only the neuron of the next layer says", ("measure",)),
}
"""The same of pairs of a neuron of this layer and one of the next layer."""
_WITHIN: Final = ("mean_", _OF_PAIRS, "mean over pairs of neurons that vary")
_ACROSS: Final = (
    "next_mean_",
    _OF_PAIRS_ACROSS,
    "mean over pairs of a neuron of this and one of the next layer that vary",
)
"""Beginning of the variables' names, the variables, and what they are means over."""
_OF_SETS: Final[Mapping[str, str]] = {
    "total_correlation": "total correlation of the neurons with the most information",
    "dual_total_correlation": "dual total correlation of the neurons with the most information",
}
"""By estimator and number of neurons, in bit."""
_OF_DECOMPOSED: Final[Mapping[str, tuple[str, tuple[str, ...], str]]] = {
    "information_by_degree": (
        "atoms of I(T1,..,Tn;Y) of this degree of synergy, mean over sets of neurons that vary",
        ("redundancy_measure", "degree"),
        "bit",
    ),
    "representational_complexity": (
        "mean degree of synergy of I(T1,..,Tn;Y), mean over sets of neurons that vary",
        ("redundancy_measure",),
        "1",
    ),
    "informative_by_degree": (
        "informative part of atoms by sx of this degree of synergy, mean over sets of neurons that "
        "vary",
        ("degree",),
        "bit",
    ),
    "misinformative_by_degree": (
        "misinformative part of atoms by sx of this degree of synergy, mean over sets of neurons "
        "that vary",
        ("degree",),
        "bit",
    ),
}
"""Words, dimensions and unit of means over sets of `SynergySettings.set_size` neurons."""
_OF_LAYER: Final[Mapping[str, tuple[str, str]]] = {
    "layer_information": ("I(T;Y) of all neurons of the layer together, plug-in", "bit"),
    "degree_of_redundancy": ("sum of the neurons' I(T;Y) over that of the layer", "1"),
    "degree_of_vulnerability": ("sum of I(T;Y|all other neurons) over that of the layer", "1"),
    "patterns_once": ("share of examples whose pattern of the layer no other example has", "1"),
}


def measure(
    activations: Iterable[xr.Dataset],
    stack: Stack,
    test: tuple[np.ndarray, np.ndarray],
    settings: SynergySettings,
    *,
    threads: int = 1,
) -> dict[str, xr.Dataset]:
    """Redundancy and synergy of all layers, in the layout of ``synergy.nc``.

    Parameters
    ----------
    activations
        One dataset per seed, in the layout of ``activations.nc``.
    stack
        The networks of these seeds.
    test
        Inputs (n, n_inputs) and labels (n), on which neurons are removed in pairs.
    settings
        What is measured.
    threads
        Of the removals; results do not depend on it.

    Returns
    -------
    dict
        ``layer-<l>`` -> what there is of it: single pairs and sets at the last epoch, means over
        pairs and numbers of the whole layer at every epoch that is kept.

    Raises
    ------
    ValueError
        Outputs are of other networks.
    """
    parts: dict[str, list[xr.Dataset]] = {}
    for position, of_seed in enumerate(activations):
        network = stack.of(slice(position, position + 1))
        if int(of_seed["seed"].item()) != network.seeds[0]:
            raise ValueError(f"outputs are of seed {of_seed['seed'].item()}, not {network.seeds}")
        layers = of_seed["layer"].values
        for layer in np.unique(layers).tolist():
            here, following = (
                of_seed.isel(seed=0, neuron=np.flatnonzero(layers == number))
                for number in (layer, layer + 1)
            )
            measured = _layer(here, following, settings)
            pairs = measured["first"].values, measured["second"].values
            removed = _removed(network, test, layer, pairs, settings, threads)
            largest = int(np.bincount(test[1]).max())
            of_test = {"n_test": len(test[1]), "largest_class_test": largest}
            whole = measured.assign(removed).assign_attrs(of_test)
            parts.setdefault(f"layer-{layer}", []).append(whole)
    return {name: joined(of_layer) for name, of_layer in parts.items()}


def _removed(
    network: Stack,
    test: tuple[np.ndarray, np.ndarray],
    layer: int,
    pairs: tuple[np.ndarray, np.ndarray],
    settings: SynergySettings,
    threads: int,
) -> dict[str, Any]:
    """Correct predictions of one network without single neurons and pairs of a layer."""
    first, second = pairs
    random = generator(settings.study_seed, Stream.REMOVED_PAIRS, network.seeds[0], layer)
    chosen = _sample(len(first), settings.removals, random)
    found = without_pairs(network, *test, layer, first[chosen], second[chosen], threads=threads)
    together = np.full(len(first), NOT_REMOVED, dtype=np.int32)
    together[chosen] = found.together
    return {
        name: (
            dims,
            np.expand_dims(values, 0),
            labelled(f"correct predictions on test {words}", "1"),
        )
        for name, dims, values, words in (
            ("correct_unablated", ("seed",), np.int32(found.whole), "of the whole network"),
            ("correct_alone", ("seed", "neuron"), np.int32(found.alone), "without this neuron"),
            (
                "correct_together",
                ("seed", "pair"),
                together,
                f"without both neurons; {NOT_REMOVED}: the pair is not in the sample",
            ),
        )
    }


def _sample(n_pairs: int, most: int, random: np.random.Generator) -> NDArray[np.intp]:
    """Numbers of the pairs that are removed together, ascending."""
    if n_pairs <= most:
        return np.arange(n_pairs)
    return np.sort(random.choice(n_pairs, most, replace=False))


def _layer(activations: xr.Dataset, following: xr.Dataset, settings: SynergySettings) -> xr.Dataset:
    """One layer of one seed; the one that follows it has no neurons if it is the last."""
    seed, activation = int(activations["seed"]), str(activations.attrs["activation_function"])
    labels = activations["label"].values.astype(np.intp)
    random = generator(settings.study_seed, Stream.LABEL_SHUFFLE, seed)
    shuffled = [random.permutation(labels) for _ in range(settings.shuffles)]
    quantizer = Quantizer.named(QUANTIZER)
    epochs = activations["epoch"].values
    rows = []
    for number in range(len(epochs)):
        values, next_values = (
            layer["activation"].isel(epoch=number).values for layer in (activations, following)
        )
        on = quantizer.symbols(values, activation).astype(bool)
        pairs, whole = decompose(on, labels), invariants(on, labels)
        varying = varies(on)
        baselines = [
            (_means(decompose(on, permuted), varying, _WITHIN), invariants(on, permuted))
            for permuted in shuffled
        ]
        row = _by_epoch(pairs, whole, varying, baselines)
        if following.sizes["neuron"]:
            next_on = quantizer.symbols(next_values, activation).astype(bool)
            row |= _across(on, next_on, labels, shuffled)
        keys = (seed, int(activations["layer"].values[0]), int(epochs[number]))
        drawing = generator(settings.study_seed, Stream.NEURON_SETS, *keys)
        sets = sample_sets(np.flatnonzero(varying), settings.set_size, settings.sets, drawing)
        row |= _decomposed(on, labels, shuffled, sets)
        rows.append(row)
    variables: dict[str, Any] = {
        name: (("seed", "epoch", *dims), np.stack([row[name] for row in rows])[None], attributes)
        for name, (dims, attributes) in _described().items()
        if name in rows[0]
    }
    order = np.argsort(-pairs.information, kind="stable")
    order = order[varying[order]]
    growing = _sets(values.T[order], on[order], labels, len(on))
    return xr.Dataset(
        variables | _single_pairs(pairs) | growing,
        coords={
            "seed": ("seed", [seed], {"long_name": "seed"}),
            "epoch": ("epoch", epochs, {"long_name": "epochs trained; 0 is before training"}),
            "measure": ("measure", list(MEASURES), {"long_name": "measure of the redundant part"}),
            "estimator": (
                "estimator",
                list(ESTIMATORS),
                {"long_name": "counts of patterns (on or off), or Gaussian copula of outputs"},
            ),
            "size": (
                "size",
                np.array(_set_sizes(len(on)), dtype=np.int32),
                {"long_name": "number of neurons of a set"},
            ),
            "redundancy_measure": (
                "redundancy_measure",
                list(complexity.MEASURES),
                {"long_name": "measure of redundancy on the lattice of a set's subsets"},
            ),
            "degree": (
                "degree",
                np.arange(1, settings.set_size + 1, dtype=np.int32),
                {"long_name": "degree of synergy: neurons of the smallest set of an atom"},
            ),
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
            "quantizer": QUANTIZER,
            "shuffles": settings.shuffles,
            "set_size": settings.set_size,
        },
    )


def _described() -> dict[str, tuple[tuple[str, ...], dict[str, Any]]]:
    """Dimensions, beside seed and epoch, and attributes of what there is at every epoch."""
    variables: dict[str, tuple[tuple[str, ...], dict[str, Any]]] = {
        "varying": ((), labelled("number of neurons that some examples switch on, not all", "1")),
        "largest_gap": (
            (),
            labelled("largest amount by which a redundant part of broja may be too small", "bit"),
        ),
    }
    for beginning, parts, of in (_WITHIN, _ACROSS):
        for part, (words, dims) in parts.items():
            name = beginning + part
            shuffled = labelled(f"{words}, {of}; shuffled classes", "bit")
            variables[name] = (dims, labelled(f"{words}, {of}", "bit"))
            variables[name + _SHUFFLED] = (dims, shuffled)
    for name, (words, dims, unit) in _OF_DECOMPOSED.items():
        variables[name] = (dims, labelled(words, unit))
        variables[name + _SHUFFLED] = (dims, labelled(f"{words}; shuffled classes", unit))
    variables["decomposed"] = ((), labelled("number of sets of neurons that are decomposed", "1"))
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
    varying: NDArray[np.bool_],
    baselines: Sequence[tuple[Mapping[str, NDArray[np.float64]], Invariants]],
) -> dict[str, Any]:
    """The variables of `_described` for one epoch."""
    return {
        "varying": varying.sum().astype(np.int32),
        "largest_gap": pairs.gap.max(initial=0.0),
        **_means(pairs, varying, _WITHIN),
        **_baseline([means for means, _ in baselines]),
        "layer_information": whole.information,
        "degree_of_redundancy": whole.redundancy,
        "degree_of_vulnerability": whole.vulnerability,
        "patterns_once": whole.once,
        "layer_information" + _SHUFFLED: np.mean([other.information for _, other in baselines]),
    }


_Means = dict[str, NDArray[np.float64]]


def _across(
    on: NDArray[np.bool_],
    next_on: NDArray[np.bool_],
    labels: NDArray[np.intp],
    shuffled: Sequence[NDArray[np.intp]],
) -> _Means:
    """Means over pairs of a neuron of a layer and one of the next."""
    both_layers = np.concatenate([on, next_on])
    varying = varies(both_layers)
    first, second = (side.ravel() for side in np.indices((len(on), len(next_on))))
    found, *baselines = (
        _means(decompose(both_layers, of, among=(first, second + len(on))), varying, _ACROSS)
        for of in (labels, *shuffled)
    )
    return found | _baseline(baselines)


def _decomposed(
    on: NDArray[np.bool_],
    labels: NDArray[np.intp],
    shuffled: Sequence[NDArray[np.intp]],
    sets: NDArray[np.intp],
) -> dict[str, Any]:
    """Means over sets of neurons."""
    found, *baselines = (
        {
            "information_by_degree": means.by_degree,
            "representational_complexity": means.complexity,
            "informative_by_degree": means.informative,
            "misinformative_by_degree": means.misinformative,
        }
        for means in (decompose_sets(on, of, sets) for of in (labels, *shuffled))
    )
    return found | _baseline(baselines) | {"decomposed": np.int32(len(sets))}


def _baseline(baselines: Sequence[Mapping[str, NDArray[np.float64]]]) -> _Means:
    """Means over the permutations of the classes."""
    return {
        name + _SHUFFLED: np.mean([means[name] for means in baselines], axis=0)
        for name in baselines[0]
    }


def _means(
    pairs: Pairs,
    varying: NDArray[np.bool_],
    of: tuple[str, Mapping[str, tuple[str, tuple[str, ...]]], str],
) -> _Means:
    """Means over pairs of neurons that vary (`_WITHIN` or `_ACROSS`); NaN where there are none."""
    beginning, parts, _ = of
    both = varying[pairs.first] & varying[pairs.second]
    if not both.any():
        return {
            beginning + part: np.full((len(MEASURES),) if dims else (), np.nan)
            for part, (_, dims) in parts.items()
        }
    of_measures: dict[str, Callable[[str], NDArray[np.float64]]] = {
        "redundancy": lambda name: pairs.redundant[name],
        "synergy": pairs.synergistic,
        "unique_first": lambda name: pairs.unique(name)[0],
        "unique_second": lambda name: pairs.unique(name)[1],
    }
    return {
        beginning + part: np.array([of_measures[part](name)[both].mean() for name in MEASURES])
        if dims
        else pairs.joint[both].mean()
        for part, (_, dims) in parts.items()
    }


def _set_sizes(width: int) -> list[int]:
    """2, 3, 4, 6, 8, 12, .. neurons, and the whole layer."""
    sizes = {width}
    for power in range(1, width.bit_length()):
        sizes |= {2**power, 3 * 2 ** (power - 1)}
    return sorted(size for size in sizes if 2 <= size <= width)


def _sets(
    values: NDArray[np.float32], on: NDArray[np.bool_], labels: NDArray[np.intp], width: int
) -> dict[str, Any]:
    """Measures of the first neurons; NaN if there are too few, or too many to count patterns.

    Parameters
    ----------
    values, on
        (neurons, n) outputs, and whether the neuron is on, in the order of their information;
        neurons that do not vary are left out.
    labels
        (n).
    width
        Neurons of the layer.
    """
    sizes = _set_sizes(width)
    shared = np.full((len(_OF_SETS), len(ESTIMATORS), len(sizes)), np.nan)
    index = np.full(len(sizes), np.nan)
    for place, size in enumerate(sizes):
        if size <= len(on):
            found = gaussian_copula(values[:size])
            shared[:, 1, place] = found.total_correlation, found.dual_total_correlation
        if size <= min(len(on), most_counted(len(labels))):
            counted = prefix(on[:size], labels)
            shared[:, 0, place] = counted.total_correlation, counted.dual_total_correlation
            index[place] = counted.redundancy_synergy_index
    return {
        "redundancy_synergy_index": (
            ("seed", "size"),
            index[None],
            labelled("I(T;Y) of the neurons with the most information less the sum of each", "bit"),
        ),
        **{
            name: (("seed", "estimator", "size"), of_name[None], labelled(words, "bit"))
            for (name, words), of_name in zip(_OF_SETS.items(), shared, strict=True)
        },
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
