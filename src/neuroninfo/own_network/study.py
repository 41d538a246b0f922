"""Networks of your own: any torch `nn.Sequential` of Linear and activation, studied in memory.

`study` makes a network of the library's of it (`modules.stack`), measures its neurons, ablates
them and draws the figures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final, cast

import torch
import xarray as xr
from torch import nn

from neuroninfo.ablation.ablate import ablate
from neuroninfo.ablation.settings import BY_INFORMATION, AblationSettings, OrderBy
from neuroninfo.figures import ablation as figures_ablation
from neuroninfo.figures import information
from neuroninfo.networks.forward import evaluated
from neuroninfo.networks.modules import stack
from neuroninfo.networks.stack import Architecture
from neuroninfo.neurons.measures import measure
from neuroninfo.neurons.settings import MeasureSettings
from neuroninfo.own_network.evaluation import all_logits, check_agreement, plain
from neuroninfo.own_network.examples import Examples, check_classes
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
        The model cannot be studied, the data do not fit it, or its layers one after another are
        not what it computes (hooks, a `forward` of its own).
    """
    module = plain(model)
    examples = Examples("validation", validation, module)
    given = all_logits(module, examples)  # first: some weights are made anew by every pass
    network = stack(cast("nn.Sequential", module), seed=seed)
    inputs, labels = _flat(examples, network.architecture)
    test_inputs, test_labels = _flat(Examples("test", test, module), network.architecture)
    ours = torch.cat([outputs[-1][0] for _, _, outputs in evaluated(network, inputs, 1)])
    check_agreement(ours, given.cpu(), "take hooks and a forward of its own away")
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


def _flat(examples: Examples, architecture: Architecture) -> tuple[torch.Tensor, torch.Tensor]:
    """Flat float32 inputs and int64 classes of all examples, checked against the network."""
    batches = [(inputs.cpu().float().flatten(1), labels) for inputs, labels in examples]
    inputs, labels = (torch.cat(parts) for parts in zip(*batches, strict=True))
    if inputs.shape[1] != architecture.n_inputs:
        raise ValueError(
            f"{examples.which}: inputs have {inputs.shape[1]} features, the network takes "
            f"{architecture.n_inputs}"
        )
    check_classes(examples.which, labels, architecture.n_classes)
    return inputs, labels
