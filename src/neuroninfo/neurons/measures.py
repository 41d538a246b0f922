"""Measures of single neurons, such as their information about the class, for all neurons at once.

Sources: Amjad, Liu and Geiger, IEEE TNNLS 33(12), 2022 (entropy, mutual information, KL
selectivity of the quantized output); Morcos et al., ICLR 2018 (class selectivity); Miller
1955 (bias correction).  All information is plug-in, in bits.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import numpy as np
import xarray as xr

from neuroninfo.files.seeds import joined
from neuroninfo.files.storage import labelled
from neuroninfo.networks.activations import ACTIVATIONS, NON_NEGATIVE
from neuroninfo.networks.stack import Stack
from neuroninfo.neurons import sensitivity
from neuroninfo.neurons.quantization import Quantizer
from neuroninfo.neurons.settings import MeasureSettings
from neuroninfo.streams import Stream, generator

RARELY: Final = 0.01
"""A neuron that is on for a smaller share of the examples is rarely active."""
STATES: Final = ("typical", "never_active", "rarely_active", "always_on")

QUANTIZED: Final[Mapping[str, tuple[str, str]]] = {
    "entropy": ("entropy H(T) of the quantized output", "bit"),
    "mutual_information": ("mutual information I(T;Y) with the class, plug-in", "bit"),
    "mutual_information_shuffled": (
        "mutual information with shuffled classes, mean over the shuffles",
        "bit",
    ),
    "mutual_information_miller_madow": (
        "mutual information with the class, Miller-Madow corrected",
        "bit",
    ),
    "kl_selectivity": ("KL selectivity, max over classes of D(T|Y=y || T)", "bit"),
    "effective_bins": ("number of symbols that occur", "1"),
}
"""Measures of quantized outputs -> words and unit."""


def entropy(counts: np.ndarray) -> np.ndarray:
    """H(T) in bits from class counts (neurons, bins, classes)."""
    shares = counts.sum(axis=2) / counts.sum(axis=(1, 2))[:, None]
    return -_sum_log(shares, shares).sum(axis=1) + 0.0  # no -0


def mutual_information(counts: np.ndarray) -> np.ndarray:
    """I(T;Y) in bits from class counts (neurons, bins, classes).

    As sum_y p(y) D(P_{T|Y=y} || P_T), which is exactly 0 for a constant neuron.
    """
    total = counts.sum(axis=(1, 2))
    of_class = counts.sum(axis=1) / total[:, None]
    return np.maximum((divergences(counts) * of_class).sum(axis=1), 0.0)


def mutual_information_miller_madow(counts: np.ndarray) -> np.ndarray:
    """I(T;Y) in bits, each entropy corrected by (occupied cells - 1) / (2 n ln 2).

    Can be negative.
    """
    occupied_t = (counts.sum(axis=2) > 0).sum(axis=1)
    occupied_y = (counts.sum(axis=1) > 0).sum(axis=1)
    occupied = (counts > 0).sum(axis=(1, 2))
    correction = (occupied_t - 1) + (occupied_y - 1) - (occupied - 1)
    return mutual_information(counts) + correction / (2 * counts.sum(axis=(1, 2)) * np.log(2))


def kl_selectivity(counts: np.ndarray) -> np.ndarray:
    """Maximum over the classes that occur of D(P_{T|Y=y} || P_T), in bits."""
    return np.maximum(divergences(counts).max(axis=1), 0.0)


def of_counts(counts: np.ndarray, shuffled: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
    """All measures of `QUANTIZED`, (neurons) each.

    Parameters
    ----------
    counts
        (neurons, bins, classes).
    shuffled
        The same with shuffled classes.
    """
    baseline = [mutual_information(other) for other in shuffled]
    return {
        "entropy": entropy(counts),
        "mutual_information": mutual_information(counts),
        "mutual_information_shuffled": np.mean(baseline, axis=0),
        "mutual_information_miller_madow": mutual_information_miller_madow(counts),
        "kl_selectivity": kl_selectivity(counts),
        "effective_bins": (counts.sum(axis=2) > 0).sum(axis=1).astype(np.int16),
    }


def class_selectivity(values: np.ndarray, labels: np.ndarray, n_classes: int) -> np.ndarray:
    """(mu_max - mu_rest) / (mu_max + mu_rest) of the class-conditional mean outputs.

    mu_max is the highest class mean, mu_rest the mean of the other classes' means (classes
    that occur); 0 for a neuron that is never active (0/0), and where only one class occurs.
    Morcos et al. 2018, section 2.3.

    Parameters
    ----------
    values
        (n, neurons), not negative.
    labels
        (n).

    Raises
    ------
    ValueError
        A value is negative or not a number: the index is not defined then.
    """
    if not (valid := (values >= 0).all(axis=0)).all():
        raise ValueError(
            f"neuron {int(np.argmin(valid))}: class selectivity needs outputs that are not negative"
        )
    means = np.stack(
        [
            values[labels == y].mean(axis=0, dtype=np.float64)
            for y in range(n_classes)
            if (labels == y).any()
        ]
    )
    highest = means.max(axis=0)
    if len(means) == 1:
        return np.zeros_like(highest)
    rest = (means.sum(axis=0) - highest) / (len(means) - 1)
    rest = np.minimum(rest, highest)  # rounding of the subtraction
    total = highest + rest
    return np.divide(highest - rest, total, out=np.zeros_like(total), where=total > 0)


def states(active_fraction: np.ndarray, activation: str) -> np.ndarray:
    """Index into `STATES` of each neuron.

    Never and rarely active are said of relu only, whose off is zero; always on, of any.
    """
    state = np.zeros(active_fraction.shape, dtype=np.int8)
    if activation == "relu":
        state[active_fraction < RARELY] = STATES.index("rarely_active")
        state[active_fraction == 0] = STATES.index("never_active")
    state[active_fraction == 1] = STATES.index("always_on")
    return state


def measure(
    activations: Iterable[xr.Dataset], stack: Stack, settings: MeasureSettings
) -> xr.Dataset:
    """All measures of all neurons, in the layout of ``neurons.nc``.

    Parameters
    ----------
    activations
        One dataset per seed, in the layout of ``activations.nc``; its last epoch is measured.
    stack
        The networks, same seeds.
    settings
        What is measured.

    Raises
    ------
    ValueError
        Outputs and networks are of different seeds.
    """
    parts = []
    for position, part in enumerate(activations):
        of_seed, network = part.isel(seed=0, epoch=-1), stack.of(slice(position, position + 1))
        if (seeds := (int(of_seed["seed"]),)) != network.seeds:
            raise ValueError(f"outputs are of seed {seeds}, the network of {network.seeds}")
        measured = _measure_seed(of_seed, settings)
        parts.append(measured.assign(sensitivity.measures(network, of_seed)))
    return joined(parts)


def _measure_seed(activations: xr.Dataset, settings: MeasureSettings) -> xr.Dataset:
    seed = int(activations["seed"])
    activation = str(activations.attrs["activation_function"])
    n_classes = int(activations.attrs["n_classes"])
    values = activations["activation"].values
    labels = activations["label"].values.astype(np.intp)
    random = generator(settings.study_seed, Stream.LABEL_SHUFFLE, seed)
    shuffled = [random.permutation(labels) for _ in range(settings.shuffles)]
    rows = [
        _measure_quantized(Quantizer.named(name), values, labels, shuffled, activation, n_classes)
        for name in settings.quantizers
    ]
    variables: dict[str, Any] = {
        name: (
            ("seed", "quantizer", "neuron"),
            np.stack([row[name] for row in rows])[None],
            labelled(*QUANTIZED[name]),
        )
        for name in QUANTIZED
    }
    active = (values > ACTIVATIONS[activation].threshold).mean(axis=0)
    singles: dict[str, tuple[np.ndarray, dict[str, Any]]] = {
        "active_fraction": (
            active,
            labelled(f"share of examples with output > {ACTIVATIONS[activation].threshold}", "1"),
        ),
        "mean_activation": (
            values.mean(axis=0, dtype=np.float64),
            labelled("mean output", "1"),
        ),
        "state": (
            states(active, activation),
            labelled(
                "how often the neuron is on",
                "1",
                flag_values=np.arange(len(STATES), dtype=np.int8),
                flag_meanings=" ".join(STATES),
            ),
        ),
    }
    if activation in NON_NEGATIVE:
        singles["class_selectivity"] = (
            class_selectivity(values, labels, n_classes),
            labelled("class selectivity (Morcos et al. 2018); 0 where never active", "1"),
        )
    for name, (array, attributes) in singles.items():
        variables[name] = (("seed", "neuron"), array[None], attributes)
    # Bare variables: the epoch, which is an attribute here, would come along as a coordinate.
    coordinates = {name: activations[name].variable for name in ("neuron", "layer", "unit")}
    return xr.Dataset(
        variables,
        coords={
            "seed": ("seed", [seed], {"long_name": "seed"}),
            "quantizer": ("quantizer", list(settings.quantizers), {"long_name": "quantizer"}),
            **coordinates,
        },
        attrs={
            "n_examples": len(labels),
            "n_classes": n_classes,
            "activation_function": activation,
            "epoch": int(activations["epoch"]),
            "shuffles": settings.shuffles,
        },
    )


def _measure_quantized(
    quantizer: Quantizer,
    values: np.ndarray,
    labels: np.ndarray,
    shuffled: Sequence[np.ndarray],
    activation: str,
    n_classes: int,
) -> dict[str, np.ndarray]:
    counts, *others = quantizer.class_counts(
        values, np.stack([labels, *shuffled]), activation, n_classes
    )
    return of_counts(counts, others)


def divergences(counts: np.ndarray) -> np.ndarray:
    """D(P_{T|Y=y} || P_T) in bits from class counts (neurons, bins, classes).

    What a neuron says of one class: Williams and Beer's specific information.

    Returns
    -------
    ndarray
        (neurons, classes); 0 for a class that does not occur.
    """
    of_class = counts.sum(axis=1, keepdims=True)
    of_symbol = counts.sum(axis=2, keepdims=True)
    total = of_class.sum(axis=2, keepdims=True)
    conditional = counts / np.maximum(of_class, 1)
    # One quotient of integers: exactly 1 for a neuron that is constant.
    ratio = (counts * total) / np.maximum(of_class * of_symbol, 1)
    return _sum_log(conditional, ratio).sum(axis=1)


def _sum_log(weights: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Weights * log2(values), 0 where the weight is 0."""
    return weights * np.log2(np.where(weights > 0, values, 1.0))
