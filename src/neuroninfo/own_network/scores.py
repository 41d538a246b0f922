"""Scores of units by other libraries: attribution (captum), importance for pruning (torch-pruning).

Both are optional: ``pip install 'neuroninfo[scores]'``.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from types import ModuleType
from typing import Any, Final

import numpy as np
import torch
import xarray as xr
from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd

from neuroninfo.files.storage import labelled
from neuroninfo.own_network.curves import check_measured, found
from neuroninfo.own_network.evaluation import evaluating, plain
from neuroninfo.own_network.examples import Examples, check_classes
from neuroninfo.own_network.layers import Layer, Watched
from neuroninfo.own_network.reading import layers_of

_CAPTUM: Final = {
    "conductance": ("LayerConductance", "conductance (Dhamdhere et al. 2019)"),
    "internal_influence": ("InternalInfluence", "internal influence (Leino et al. 2018)"),
}
_PRUNING: Final = {
    "group_magnitude": ("GroupMagnitudeImportance", "magnitude of its group's weights"),
    "group_taylor": ("GroupTaylorImportance", "first-order Taylor term of its group's weights"),
}
"""Name of a score -> class of captum or torch-pruning, words; groups: Fang et al. 2023."""
SCORES: Final = (*_CAPTUM, *_PRUNING)


def scores(
    model: nn.Module,
    neurons: xr.Dataset,
    validation: Any,  # noqa: ANN401
    which: Sequence[str] = SCORES,
    *,
    steps: int = 20,
) -> xr.Dataset:
    """Add scores of captum and of torch-pruning to the measures of a network's units.

    Parameters
    ----------
    model, neurons
        A network, and what `measure` gave of it.
    validation
        As of `measure`; some hundred examples are enough.
    which
        ``conductance``, ``internal_influence``: the mean over examples of the absolute value of a
        unit's attribution to the output of the example's class, summed over positions, on the
        straight path from inputs of zero. ``group_magnitude``, ``group_taylor``: importance of the
        weights that are removed with the unit, relative to the mean of its layer.
    steps
        Of the path.

    Returns
    -------
    Dataset
        `neurons` with a variable a score, so that units can be ordered by it.

    Raises
    ------
    ImportError
        The library of a score is not installed.
    ValueError
        There is no such score, the measures are of another network, or the library cannot tell
        the units.

    Examples
    --------
    >>> import neuroninfo, torch
    >>> model = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.ReLU(), torch.nn.Linear(3, 2))
    >>> data = (torch.randn(50, 4), torch.arange(50) % 2)
    >>> neurons = neuroninfo.scores(model, neuroninfo.measure(model, data), data)
    >>> curves = neuroninfo.ablate(model, neurons, data, orderings=["conductance"])
    """
    check_measured(neurons)
    if unknown := [name for name in which if name not in SCORES]:
        raise ValueError(f"which: {unknown[0]!r} is unknown; there are {', '.join(SCORES)}")
    module = plain(model)
    examples = Examples("validation", validation, module)
    names, widths = layers_of(neurons)
    channels = str(neurons.attrs.get("channels", "auto"))
    with evaluating(module):
        layers, watched = found(module, examples, names, widths, channels)
        with torch.enable_grad(), _gradients_put_back(module):
            values = {}
            for name in which:
                if name in _CAPTUM:
                    values[name] = _attributed(module, layers, examples, name, steps)
                else:
                    values[name] = _important(module, layers, watched, examples, name)
    words = {name: text for name, (_, text) in (*_CAPTUM.items(), *_PRUNING.items())}
    return neurons.assign(
        {
            name: (("seed", "neuron"), array[None], labelled(words[name], "1"))
            for name, array in values.items()
        }
    )


def _library(name: str, score: str) -> ModuleType:
    try:
        return import_module(name)
    except ImportError as error:
        package = name.partition(".")[0].replace("_", "-")
        raise ImportError(
            f"score {score!r} needs {package}: pip install 'neuroninfo[scores]'"
        ) from error


@contextlib.contextmanager
def _gradients_put_back(module: nn.Module) -> Iterator[None]:
    before = {parameter: parameter.grad for parameter in module.parameters()}
    try:
        yield
    finally:
        for parameter, gradient in before.items():
            parameter.grad = gradient


def _attributed(
    module: nn.Module, layers: Sequence[Layer], examples: Examples, name: str, steps: int
) -> np.ndarray:
    """(units) scores of captum."""
    kind: Callable[..., Any] = getattr(_library("captum.attr", name), _CAPTUM[name][0])
    totals = [torch.zeros(layer.width, dtype=torch.float64) for layer in layers]
    modules = [layer.call.module for layer in layers]
    for layer in layers:
        if modules.count(layer.call.module) > 1 or layer.call.number > 0:
            raise ValueError(
                f"{name}: captum does not tell the calls of {layer.name!r} apart; give each call a "
                "module of its own"
            )
    for inputs, labels in examples:
        check_classes("validation", labels, module(inputs[:1]).shape[1])
        for layer, total in zip(layers, totals, strict=True):
            given = kind(module, layer.call.module).attribute(
                inputs,
                target=labels.to(inputs.device),
                n_steps=steps,
                internal_batch_size=max(steps, len(inputs)),
                attribute_to_layer_input=layer.taken,
            )
            first: Tensor = given[0] if isinstance(given, tuple) else given
            of_units = layer.by_unit(first.detach()).double().sum(dim=2).abs().sum(dim=0)
            total += of_units.cpu()
    return torch.cat(totals).numpy() / examples.count()


def _important(
    module: nn.Module,
    layers: Sequence[Layer],
    watched: Watched,
    examples: Examples,
    name: str,
) -> np.ndarray:
    """(units) scores of torch-pruning."""
    pruning: Any = _library("torch_pruning", name)
    importance = getattr(pruning.importance, _PRUNING[name][0])()
    graph = pruning.DependencyGraph().build_dependency(module, example_inputs=examples.first()[:2])
    if name == "group_taylor":
        module.zero_grad()
        for inputs, labels in examples:
            loss = nn.functional.cross_entropy(
                module(inputs), labels.to(inputs.device), reduction="sum"
            )
            loss.backward()  # type: ignore[no-untyped-call]
    parts = []
    for layer in layers:
        weighted = _weighted(layer, watched)
        convolves = isinstance(weighted, _ConvNd)
        prune = pruning.prune_conv_out_channels if convolves else pruning.prune_linear_out_channels
        group = graph.get_pruning_group(weighted, prune, idxs=list(range(layer.width)))
        parts.append(importance(group).detach().cpu().double().numpy())
    return np.concatenate(parts)


def _weighted(layer: Layer, watched: Watched) -> nn.Module:
    """The module whose weights the units of a layer are of: the last one before them."""
    calls = sorted(watched.calls.values(), key=lambda call: call.ended, reverse=True)
    for call in calls:
        width = getattr(call.module, "out_channels", getattr(call.module, "out_features", None))
        if call.ended <= layer.moment and isinstance(call.module, _ConvNd | nn.Linear):
            if width == layer.width:
                return call.module
            break
    raise ValueError(
        f"no convolution or linear module has the {layer.width} units of {layer.name!r}"
    )
