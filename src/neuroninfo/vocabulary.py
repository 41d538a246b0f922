"""Words that occur in the files of a study and that several packages use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

CONDITION: Final = ("dataset", "architecture", "activation", "regularizer")
"""Names that make a condition: columns of every table, folders of every file."""
SPLITS: Final = ("train", "validation", "test")
"""Parts of a data set; the position in this list is the flag in ``datasets/<name>.nc``."""
NETWORK: Final = "network"
"""Scope of ``ablation.nc``: all hidden layers together."""
LAYERS: Final = "layers"
"""Each hidden layer by itself, as scopes to ablate in; the other choice is `NETWORK`."""
RANDOM: Final = "random"
"""In place of a measure in ``ablation.nc``: an order by chance."""
MAGNITUDE_NEURONS: Final = "magnitude_neurons"
"""In place of a measure in ``pruned.nc``: the norm of the weights into a neuron."""
MAGNITUDE: Final = (MAGNITUDE_NEURONS, "magnitude_weights")
"""In place of a measure in ``pruned.nc``: methods of torch.nn.utils.prune."""
OWN: Final = "own"
"""In place of a quantizer in ``precision.nc``: the values that a quantized neuron puts out."""
LAYER_SEQUENCE: Final = "layer-sequence"
"""Control of an order over the whole network: its sequence of layers, with the neurons permuted
within their layers."""
LAYER_RANK: Final = "layer-rank"
"""Control of an order over the whole network: neurons by their rank within their own layer."""
JOINT: Final = ("cmim", "jmi")
"""Measures whose orders are found jointly, on threshold-quantized outputs."""
REFERENCE: Final = ("damage", "greedy")
"""Orders by the accuracy that removing a neuron costs."""
ZERO: Final = "zero"
"""Replacement of ablated neurons: they put out zero."""
MEAN: Final = "mean"
"""Replacement of ablated neurons: each puts out its mean on the train split."""
NOISE, BLUR, SHIFT = "noise", "blur", "shift"
CORRUPTIONS: Final = (NOISE, BLUR, SHIFT)
"""Corruptions of inputs in ``robustness.nc``."""
UNCORRUPTED: Final = "none"
"""In place of a corruption in ``robustness.nc``: inputs as they are."""
UNQUANTIZED: Final = 32
"""Bits of outputs that are not rounded: float32; in ``precision.nc`` of the network as trained."""


def condition_names(condition: Mapping[str, Any]) -> dict[str, str]:
    """The names that make a condition (`CONDITION`), without what else is known of it."""
    return {key: str(condition[key]) for key in CONDITION}
