"""Networks of your own: any torch `nn.Sequential` of Linear and activation, studied in memory.

`study` makes a network of the library's of it (`modules.stack`), measures its neurons, ablates
them and draws the figures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

import torch
import xarray as xr
from torch import nn

from neuroninfo.ablation.ablate import ablate
from neuroninfo.ablation.settings import BY_INFORMATION, AblationSettings, OrderBy
from neuroninfo.figures import ablation as figures_ablation
from neuroninfo.figures import information
from neuroninfo.networks.modules import stack
from neuroninfo.networks.stack import Architecture
from neuroninfo.neurons.measures import measure
from neuroninfo.neurons.settings import MeasureSettings
from neuroninfo.training.layouts import outputs_dataset
from neuroninfo.training.splits import Split
from neuroninfo.vocabulary import LAYERS, NETWORK, ZERO

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_ROWS: Final = 2048
"""Examples that are ablated at a time."""


@dataclass(frozen=True)
class StudiedNetwork:
    """What is known of one network; everything can be stored by `storage.write`."""

    neurons: xr.Dataset
    """As ``neurons.nc``: measures of every hidden neuron on validation data."""
    ablation: dict[str, xr.Dataset]
    """As ``ablation.nc``: scope (``layer-1``, ..., ``network``) -> curves on test data."""
    figures: dict[str, Figure]
    """``ablation-network``, ``ablation-layers``, ``information``; see `figures.canvas.save`."""
    condition: dict[str, Any]
    configuration: dict[str, Any]
    """What `storage.write` asks for."""


def study(
    model: nn.Sequential,
    validation: tuple[Any, Any],
    test: tuple[Any, Any],
    *,
    name: str = "own data",
    quantizers: Sequence[str] = ("threshold",),
    orderings: Sequence[OrderBy] = (BY_INFORMATION,),
    random: int = 5,
    controls: int = 2,
    shuffles: int = 10,
    seed: int = 0,
) -> StudiedNetwork:
    """Measure the neurons of a network, ablate them in the order of a measure, draw figures.

    Parameters
    ----------
    model
        As of `modules.stack`.
    validation
        Inputs (n, ...) and classes (n) from 0, arrays or tensors: neurons are measured on them.
    test
        Likewise: accuracy under ablation is counted on them.
    name
        Of the data, for people.
    quantizers
        Outputs are measured with each: ``threshold``, ``uniform-<bins>``, ``quantile-<bins>``.
    orderings
        What neurons are ordered by; measures are variables of ``neurons.nc``.
    random
        Number of random orders.
    controls
        Draws of the control orders, which tell the share of the layers in an effect; 0: none.
    shuffles
        Permutations of the classes behind the baseline of mutual information.
    seed
        Of all random streams. The same seed gives the same numbers.

    Raises
    ------
    ValueError
        The model cannot be studied, or the data do not fit it.
    """
    network = stack(model, seed=seed)
    (inputs, labels), (test_inputs, test_labels) = (
        _examples(which, network.architecture, *examples)
        for which, examples in (("validation", validation), ("test", test))
    )
    measured = measure(
        [outputs_dataset(network, Split(inputs, labels), 0)],
        network,
        MeasureSettings(seed, tuple(quantizers), shuffles),
    )
    curves = ablate(
        network,
        measured,
        test_inputs.numpy(),
        test_labels.numpy(),
        AblationSettings(
            study_seed=seed,
            orderings=tuple(orderings),
            random=random,
            controls=controls,
            replacements=(ZERO,),
            scopes=(LAYERS, NETWORK),
            rows=_ROWS,
        ),
    )
    condition = {
        "dataset": name,
        "architecture": "-".join(map(str, network.architecture.hidden)),
        "activation": network.architecture.activation,
        "regularizer": "own training",
        "seeds": [seed],
    }
    return StudiedNetwork(
        measured,
        curves,
        {
            "ablation-network": figures_ablation.ablation_network(curves[NETWORK], condition),
            "ablation-layers": figures_ablation.ablation_layers(curves, condition),
            "information": information.information(measured, condition),
        },
        condition,
        {
            "study_seed": seed,
            "quantizers": list(quantizers),
            "shuffles": shuffles,
            "orderings": [asdict(by) for by in orderings],
            "random": random,
            "controls": controls,
        },
    )


def _examples(
    which: str,
    architecture: Architecture,
    inputs: Any,  # noqa: ANN401
    labels: Any,  # noqa: ANN401
) -> tuple[torch.Tensor, torch.Tensor]:
    """Flat float32 inputs and int64 classes, checked against the network."""
    inputs = torch.as_tensor(inputs).detach().cpu().to(torch.float32).flatten(1).contiguous()
    labels = torch.as_tensor(labels).detach().cpu().to(torch.int64)
    if inputs.shape[1] != architecture.n_inputs:
        raise ValueError(
            f"{which}: inputs have {inputs.shape[1]} features, the network takes "
            f"{architecture.n_inputs}"
        )
    if labels.shape != inputs.shape[:1] or len(labels) == 0:
        raise ValueError(
            f"{which}: {len(inputs)} inputs and labels of shape {tuple(labels.shape)}; give one "
            "class an example, and at least one example"
        )
    if int(labels.min()) < 0 or int(labels.max()) >= architecture.n_classes:
        raise ValueError(
            f"{which}: classes from {int(labels.min())} to {int(labels.max())}; the network's "
            f"{architecture.n_classes} outputs are classes 0 to {architecture.n_classes - 1}"
        )
    return inputs, labels
