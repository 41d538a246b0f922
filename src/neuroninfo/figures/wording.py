"""Names of conditions and measures for people."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import pandas as pd

from neuroninfo.vocabulary import NETWORK, UNQUANTIZED

MARKERS: Final[Mapping[str, str]] = {"o": "●", "s": "■", "^": "▲", "D": "◆", "v": "▼", "P": "✚"}
"""Markers of things that stand side by side, one per colour: matplotlib's name, and a letter for
texts outside of the axes. Inside them a letter would look like a data point."""

_DATASETS: Final = {
    "mnist": "MNIST",
    "fashion_mnist": "FashionMNIST",
    "cifar10": "CIFAR-10",
    "digits": "digits (scikit-learn)",
    "icosahedron": "12 bits (icosahedron)",
    "szt": "12 bits (Shwartz-Ziv and Tishby)",
}

_CLASSES: Final = {
    "fashion_mnist": (
        *("T-shirt", "trouser", "pullover", "dress", "coat"),
        *("sandal", "shirt", "sneaker", "bag", "boot"),
    ),
    "cifar10": (
        *("airplane", "car", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"),
    ),
}
"""Names of classes in the order of their numbers, for data sets that have such names."""

_ACTIVATIONS: Final = {"relu": "ReLU", "leaky_relu": "leaky ReLU", "silu": "SiLU"}

_REGULARIZERS: Final = {
    "none": "no regularizer",
    "l1": "L1",
    "l2": "L2",
    "batchnorm": "batch norm",
    "qat": "output bits",
    "real": "real weights",
    "binary": "binary weights",
}

_MEASURES: Final = {
    "mutual_information": "mutual information with the class",
    "mutual_information_miller_madow": "mutual information with the class (Miller-Madow)",
    "kl_selectivity": "KL selectivity",
    "active_fraction": "share of examples that switch it on",
    "mean_activation": "mean output",
}

_SHORT: Final = {
    "mutual_information": "mutual information",
    "mutual_information_miller_madow": "Miller-Madow",
    "kl_selectivity": "KL selectivity",
    "active_fraction": "share active",
    "mean_activation": "mean output",
    "incoming_weight_norm": "incoming weights",
    "outgoing_weight_norm": "outgoing weights",
    "taylor": "Taylor",
    "cmim": "CMIM",
    "jmi": "JMI",
    "damage": "damage alone",
    "magnitude_neurons": "magnitude, neurons",
    "magnitude_weights": "magnitude, weights",
}

_ESTIMATORS: Final = {
    "edges": ("binned, {} edges", "Shwartz-Ziv and Tishby"),
    "width": ("binned, width {}", "Saxe et al."),
    "mass": ("{} bins of equal mass", ""),
    "kde-upper": ("kernels, upper, {}", "Kolchinsky, Tracey"),
    "kde-lower": ("kernels, lower, {}", "Kolchinsky, Tracey"),
    "kozachenko": ("neighbours, {}", "Kozachenko, Leonenko"),
    "kraskov": ("neighbours, {}", "Kraskov et al."),
    "renyi": ("Renyi entropy, order {}", "Wickstrom et al."),
    "infonce": ("InfoNCE, {}", "van den Oord et al."),
    "smile": ("SMILE, {}", "Song, Ermon"),
    "sliced": ("sliced, {}", "Goldfeld, Greenewald"),
    "latent": ("learned numbers, {}", "Gowri et al."),
    "propagation": ("the noisy network's own", "Goldfeld et al."),
    "exact": ("outputs as they are", "Lorenzen et al."),
}
"""What an estimator does, and its authors."""

_FAMILIES: Final = {"conv": "convolutional", "resnet": "residual"}
"""Words for the families of convolutional networks."""

DIRECTIONS: Final[Mapping[str, str]] = {
    "ascending": "lowest first",
    "descending": "highest first",
    "random": "random",
}

REPLACEMENTS: Final[Mapping[str, str]] = {
    "zero": "zero",
    "mean": "the mean",
    "mode": "the mode",
    "optimal": "the optimal constant",
    "resample": "another example",
}
"""What ablated neurons put out, to follow the words "ablated to"."""

SEEDS_SHARE: Final = "Seeds share the split and the order of batches."
"""What intervals over seeds do not cover, for captions."""

ARROWS: Final[Mapping[str, str]] = {"ascending": "^", "descending": "v", "random": ""}
"""Markers of the directions."""


def of_estimator(name: str, *, whose: bool = True) -> str:
    """An estimator for people, such as "binned, 30 edges (Shwartz-Ziv and Tishby)"."""
    kind = next(kind for kind in _ESTIMATORS if name.startswith(kind))
    number = name.removeprefix(kind).removeprefix("-")
    what, people = _ESTIMATORS[kind]
    if not whose and kind in ("kozachenko", "kraskov"):
        what += f" ({kind.capitalize()})"
    what = what.format(number)
    return f"{what} ({people})" if whose and people else what


def of_dataset(name: str) -> str:
    """A data set for people, such as "FashionMNIST", "MNIST standardized"."""
    parts = name.split("-")
    return " ".join(_DATASETS.get(part, part.replace("_", " ")) for part in parts)


def of_class(dataset: str, number: int) -> str:
    """A class of a data set for people, such as "cat", or its number."""
    names = _CLASSES.get(dataset.split("-")[0])
    return names[number] if names else str(number)


def of_condition(condition: Mapping[str, Any]) -> str:
    """A condition for people, such as "MNIST, hidden layers 100\N{EN DASH}100, ReLU, dropout"."""
    dataset, activation = of_dataset(condition["dataset"]), condition["activation"]
    activation = _ACTIVATIONS.get(activation, activation.replace("_", " "))
    regularizer = of_regularizer(condition["regularizer"])
    architecture = condition["architecture"]
    if re.fullmatch(r"\d+", architecture):
        architecture = f"one hidden layer {architecture}"
    else:
        architecture = of_layers(architecture)
    return f"{dataset}, {architecture}, {activation}, {regularizer}"


def of_layers(architecture: str) -> str:
    """Layers for people, such as "hidden layers 100\N{EN DASH}100", "residual 8\N{EN DASH}16"."""
    family, _, widths = architecture.partition("-")
    if family in _FAMILIES:
        architecture = f"{_FAMILIES[family]} {widths}"
    elif re.fullmatch(r"\d+(-\d+)*", architecture):
        architecture = f"hidden layers {architecture}"
    else:  # a class of a module
        return architecture
    return architecture.replace("-", "\N{EN DASH}")


def of_conditions(table: pd.DataFrame) -> pd.DataFrame:
    """A table whose columns of conditions have the names that figures give them."""
    words = {
        "dataset": of_dataset,
        "architecture": lambda name: of_layers(name).removeprefix("hidden layers "),
        "activation": of_regularizer,
        "regularizer": of_regularizer,
    }
    return table.assign(
        **{key: table[key].map(word) for key, word in words.items() if key in table}
    )


def of_networks(condition: Mapping[str, Any], n_seeds: int) -> str:
    """Networks of a condition for people, such as "digits (scikit-learn), ...; 20 seeds"."""
    return f"{of_condition(condition)}; {counted(n_seeds, 'seed')}"


def of_trained(
    conditions: Sequence[Mapping[str, Any]], settings: Sequence[Mapping[str, Any]]
) -> list[str]:
    """Conditions of the bounds for people, such as "64, ReLU, label noise 0.2, SGLD".

    A name has the widths of the hidden layers, the activation and whatever is not usual. Further
    settings are named only if conditions would otherwise have the same name.

    Parameters
    ----------
    conditions
        Data set, architecture, activation and regularizer of each one, and its ``name``.
    settings
        Its ``label_noise`` and ``training``, as files of the bounds have them.
    """
    several = len({condition["dataset"] for condition in conditions}) > 1
    parts = []
    for condition, own in zip(conditions, settings, strict=True):
        optimizer = own.get("training", {}).get("optimizer", "adam")
        named = [
            of_dataset(condition["dataset"]) if several else "",
            of_layers(condition["architecture"]).removeprefix("hidden layers "),
            of_regularizer(condition["activation"]),
            "" if condition["regularizer"] == "none" else of_regularizer(condition["regularizer"]),
            f"label noise {own['label_noise']:g}" if own.get("label_noise") else "",
            "" if optimizer == "adam" else optimizer.upper(),
        ]
        parts.append(", ".join(filter(None, named)))
    details = [_of_details(own.get("training", {})) for own in settings]
    for key in dict.fromkeys(key for detail in details for key in detail):
        for words in {words for words in parts if parts.count(words) > 1}:
            alike = [number for number, other in enumerate(parts) if other == words]
            if len({details[number].get(key) for number in alike}) > 1:
                for number in alike:
                    parts[number] = ", ".join(filter(None, [words, details[number].get(key)]))
    return [
        words if parts.count(words) == 1 else f"{words} ({condition['name']})"
        for words, condition in zip(parts, conditions, strict=True)
    ]


def _of_details(training: Mapping[str, Any]) -> dict[str, str]:
    """Settings of training that tell conditions of the bounds apart if nothing else does."""
    noisy = training.get("sgld") or {}
    words = {
        "clipping_norm": "clipped to {:g}",
        "noise": "noise {:g}",
        "noise_decay": "decay of the noise {:g}",
        "learning_rate": "learning rate {:g}",
        "batch_size": "batches of {:g}",
    }
    values = {**training, **noisy}
    return {key: word.format(values[key]) for key, word in words.items() if key in values}


def distinct(names: Sequence[str]) -> list[str]:
    """Names as `of_trained` gives them, without the words that all names have in common."""
    parts = [name.split(", ") for name in names]
    common = set(parts[0]).intersection(*parts) if len(parts) > 1 else set()
    return [
        ", ".join([first, *(word for word in rest if word not in common)]) for first, *rest in parts
    ]


def of_regularizer(name: str) -> str:
    """A regularizer (or an activation) for people, such as "L2 1e-4"."""
    if name in _ACTIVATIONS:
        return _ACTIVATIONS[name]
    parts = re.split(r"(?<!\de)-", name)  # not within 1e-4
    return " ".join(_REGULARIZERS.get(part, part) for part in parts).replace("_", " ")


def of_kind(kind: Mapping[str, Any]) -> str:
    """What networks of a kind (`Study.kind`) learn and compute with, for people."""
    weights = "binary" if kind["binary_weights"] else "real"
    bits = kind["output_bits"]
    outputs = "real outputs" if bits == UNQUANTIZED else f"outputs of {counted(bits, 'bit')}"
    return f"{of_dataset(kind['source'])}, {weights} weights, {outputs}"


def of_settings(settings: Mapping[str, Any]) -> str:
    """Settings of data, training and ablation for people, such as "L2 1e-4, 40 epochs".

    A data set that differs in nothing but its name is split in another way.
    """
    known = dict(settings)
    if known.keys() & {"source", "inputs", "validation", "test", "label_noise"}:
        known.pop("dataset", None)
    words = [word for key, value in known.items() if (word := _of_setting(key, value))]
    return ", ".join(words) or "no difference"


def of_reference(settings: Mapping[str, Any]) -> str:
    """All settings of a reference for people, without those that are absent or usual."""
    of_networks = of_condition({**settings, "regularizer": ""}).removesuffix(", ")
    unsaid = {"architecture", "activation", "dataset", "source", "validation", "test"}
    usual = {
        "decay": "coupled",
        "decay_biases": True,
        "binary_weights": False,
        "initialization": "default",
        "measured_split": "validation",
    }
    chosen = {
        key: value
        for key, value in settings.items()
        if key not in unsaid and usual.get(key) != value and (value or value is False)
    }
    return f"{of_networks}; {of_settings(chosen)}"


def _of_setting(key: str, value: Any) -> str:  # noqa: ANN401
    """One setting for people; empty where the value says that there is nothing."""
    strength = of_strength(value) if isinstance(value, float) else str(value)
    words = {
        "l1": f"L1 {strength}" if value else "no L1",
        "l2": f"L2 {strength}" if value else "no L2",
        "decay": f"{value} decay",
        "decay_biases": "biases decay" if value else "biases do not decay",
        "dropout": f"dropout {value}" if value else "no dropout",
        "input_dropout": f"dropout of inputs {value}" if value else "no dropout of inputs",
        "label_smoothing": f"label smoothing {value}" if value else "no label smoothing",
        "noise": f"noise {value}" if value else "no noise",
        "batch_norm_momentum": "no batch norm" if value is None else "batch norm",
        "output_bits": "outputs not rounded" if value is None else f"outputs of {value} bits",
        "binary_weights": "binary weights" if value else "real weights",
        "early_stopping": "no early stopping" if value is None else "early stopping",
        "optimizer": str(value).upper() if value != "adam" else "Adam",
        "momentum": "" if value is None else f"momentum {value}",
        "learning_rate": f"learning rate {value}",
        "batch_size": f"batches of {value}",
        "epochs": f"{value} epochs",
        "initialization": f"{str(value).capitalize()} initialization",
        "measured_split": f"measured on the {value} split",
        "dataset": "another split",
        "source": of_dataset(str(value)),
        "validation": f"{value} validation examples",
        "test": f"{value} test examples",
        "inputs": "standardized inputs" if value == "standardized" else "inputs from 0 to 1",
        "label_noise": f"label noise {value}" if value else "no label noise",
        "architecture": of_layers(str(value)),
        "activation": _ACTIVATIONS.get(str(value), str(value)),
        "quantizer": of_quantizer(str(value)),
        "replacement": f"ablated to {REPLACEMENTS.get(str(value))}",
    }
    return words[key]


def in_common(condition: Mapping[str, Any], varies: str) -> str:
    """A condition for people without the part in which conditions differ."""
    words = of_condition(condition).split(", ")
    place = {"activation": -2, "regularizer": -1}[varies]
    return ", ".join(words[:place] + words[len(words) + place + 1 :])


def of_measure(measure: str) -> str:
    """A variable of ``neurons.nc`` for people."""
    return _MEASURES.get(measure, measure.replace("_", " "))


def short(measure: str) -> str:
    """A measure in few words, to stand beside an axis."""
    return _SHORT.get(measure, measure.replace("_", " "))


def of_quantizer(quantizer: str) -> str:
    """A quantizer for people; empty for ``none``."""
    kind, _, bins = quantizer.partition("-")
    if kind == "none":
        return ""
    return "1-bit threshold" if kind == "threshold" else f"{bins} {kind} bins"


def of_scope(scope: str) -> str:
    """A scope of ``ablation.nc`` for people: "layer 1", or "whole network"."""
    return "whole network" if scope == NETWORK else scope.replace("-", " ")


def unit(condition: Mapping[str, Any]) -> str:
    """What is ablated in the networks of a condition: "neuron", or "channel" of a convolution."""
    dense = re.fullmatch(r"\d+(-\d+)*", condition["architecture"])
    return "neuron" if dense else "channel"


def of_strength(value: float) -> str:
    """A number for people; below 0.1 by its power of ten, such as "1e-4", as names have it."""
    if not 0 < value < 0.1:
        return f"{value:g}"
    mantissa, exponent = f"{value:e}".split("e")
    return f"{float(mantissa):g}e{int(exponent)}"


def of_seeds(numbers: Iterable[int]) -> str:
    """Such as "20 seeds", or "5 to 20 seeds" where conditions differ in them."""
    numbers = set(numbers)
    most = counted(max(numbers), "seed")
    return most if len(numbers) == 1 else f"{min(numbers):,} to {most}"


def counted(number: int, what: str) -> str:
    """Such as "1 seed", "20 seeds"."""
    return f"{number:,} {what}" + ("" if number == 1 else "s")
