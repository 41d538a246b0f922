"""Networks of your own: the information of their units, and ablation of these units.

An `nn.Sequential` of Linear and activation layers uses the compiled loops of the study. Any other
model that classifies is evaluated by passes of the model itself (`layers`, `reading`, `removal`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from torch import nn

from neuroninfo.ablation.settings import OrderBy
from neuroninfo.figures import ablation as figures_ablation
from neuroninfo.figures import canvas, information
from neuroninfo.files import storage
from neuroninfo.neurons import measures
from neuroninfo.neurons.settings import MeasureSettings
from neuroninfo.own_network import reading, removal
from neuroninfo.own_network.curves import by_loops, check_measured
from neuroninfo.own_network.evaluation import all_logits, evaluating, plain
from neuroninfo.own_network.examples import Examples, check_classes
from neuroninfo.own_network.layers import check_units, find
from neuroninfo.own_network.ordered import ablated
from neuroninfo.own_network.progress import bar
from neuroninfo.own_network.reading import LOOPS, PASSES, layers_of
from neuroninfo.own_network.sequence import activation_names, flat, in_sequence
from neuroninfo.training.layouts import outputs_dataset
from neuroninfo.training.splits import Split
from neuroninfo.vocabulary import LAYERS, MEAN, NETWORK, ZERO

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class StudiedNetwork:
    """The results for one network."""

    neurons: xr.Dataset
    """Measures of every unit on validation data, in the layout of ``neurons.nc``."""
    ablation: xr.DataTree
    """Scope (``layer-1``, ..., ``network``) -> curves on test data, as in ``ablation.nc``."""
    condition: dict[str, Any]
    configuration: dict[str, Any]
    """What `storage.write` asks for."""

    @cached_property
    def figures(self) -> dict[str, Figure]:
        """``ablation-network``, ``ablation-layers``, ``information``."""
        groups = {scope: node.to_dataset() for scope, node in self.ablation.children.items()}
        drawn = {"information": information.information(self.neurons, self.condition)}
        order = self.configuration["orderings"][0]
        by = {name: order[name] for name in ("measure", "quantizer")}
        if NETWORK in groups:
            drawn["ablation-network"] = figures_ablation.ablation_network(
                groups.pop(NETWORK), self.condition, **by
            )
        if groups:
            drawn["ablation-layers"] = figures_ablation.ablation_layers(
                groups, self.condition, **by
            )
        return drawn

    def save(self, folder: str | Path, formats: Sequence[str] = ("png",)) -> None:
        """Write ``neurons.nc``, ``ablation.nc`` and the figures into a folder.

        `neuroninfo.load` reads the folder.

        Parameters
        ----------
        folder
            It is created if it does not exist.
        formats
            Formats of the figures: ``png``, ``pdf``, and ``csv`` for the numbers that they show.
        """
        folder = Path(folder)
        about = {"condition": self.condition, "configuration": self.configuration}
        groups = {scope: node.to_dataset() for scope, node in self.ablation.children.items()}
        for kind, stored in (("neurons", self.neurons), ("ablation", groups)):
            path = folder / f"{kind}.nc"
            storage.write(stored, path, kind=kind, title=kind.capitalize(), **about)
        for name, figure in self.figures.items():
            canvas.save(figure, *(folder / f"{name}.{ending}" for ending in formats))

    def _repr_html_(self) -> str:
        # xarray's own methods of this name have no types.
        shown: Any = (self.neurons, self.ablation)
        return "".join(part._repr_html_() for part in shown)


def measure(
    model: nn.Module,
    validation: Any,  # noqa: ANN401
    *,
    modules: str | Sequence[str] | None = None,
    channels: str = "auto",
    summary: str = "mean",
    quantizers: Sequence[str] | None = None,
    shuffles: int = 10,
    seed: int = 0,
    memory: int = reading.MEMORY,
    progress: bool = True,
) -> xr.Dataset:
    """Measure what every unit of a network knows about the class.

    Parameters
    ----------
    model
        Any module whose output has the shape (examples, classes). It is used in evaluation mode
        and returned to its previous mode. Of a module that `torch.compile` returned, the original
        one is used.
    validation
        Inputs (n, ...) and classes (n), numbered from 0, as arrays or tensors; a `Dataset` of such
        pairs; or a `DataLoader`, which is read batch by batch.
    modules
        Names of the modules whose outputs are units, as `nn.Module.named_modules` gives them, with
        ``*``, ``?`` and ``[...]`` as wildcards. With ``:input`` after a name, the inputs of the
        module are units. Default: all activation modules.
    channels
        Axis of the units if outputs have more than two axes: ``first`` after the examples, as in
        convolutions, ``last``, as in transformers, or ``auto``.
    summary
        How the values of a unit at many positions become one value per example: ``mean``,
        ``maximum``, or ``active``, the share of positions above the activation's threshold.
    quantizers
        Outputs are measured with each of them: ``threshold``, ``uniform-<bins>``,
        ``quantile-<bins>``. Default: ``threshold``, or ``quantile-4`` if units have many
        positions, because nearly all of their means are above the threshold.
    shuffles
        Number of permutations of the classes for the baseline of the mutual information.
    seed
        Seed of all random numbers, and the number of the network in the result.
    memory
        Bytes of outputs that are kept at a time. The data are read several times if there are more.
    progress
        Whether to show a progress bar, if tqdm is installed.

    Returns
    -------
    Dataset
        Like ``neurons.nc``, with the dimensions ``seed`` (1), ``quantizer`` and ``neuron``. The
        coordinates ``layer``, ``unit`` and ``module`` identify the unit.

    Raises
    ------
    ValueError
        The model or the data cannot be measured; the message says why and what to change.

    Examples
    --------
    >>> import neuroninfo, torch
    >>> model = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.ReLU(), torch.nn.Linear(3, 2))
    >>> inputs, labels = torch.randn(50, 4), torch.arange(50) % 2
    >>> neuroninfo.measure(model, (inputs, labels))["mutual_information"].dims
    ('seed', 'quantizer', 'neuron')
    """
    module = plain(model)
    examples = Examples("validation", validation, module)
    given = all_logits(module, examples)  # first: some weights are made anew by every pass
    if modules is None and channels == "auto":
        network = in_sequence(module, examples, given, seed)
        if network is not None:
            inputs, labels = flat(examples)
            check_classes("validation", labels, network.architecture.n_classes)
            measured = measures.measure(
                [outputs_dataset(network, Split(inputs, labels), 0)],
                network,
                MeasureSettings(seed, tuple(quantizers or ("threshold",)), shuffles),
            )
            names = np.repeat(activation_names(module), network.architecture.hidden)
            words = {"long_name": "module whose output the unit is"}
            of_module = ("neuron", names.astype(object), words)
            return measured.assign_coords(module=of_module).assign_attrs(computed_by=LOOPS)
    with evaluating(module):
        layers, _ = find(module, examples.first(), modules, channels=channels)
        check_units(layers)
        many = any(layer.positions > 1 for layer in layers)
        units = sum(layer.width for layer in layers)
        with bar(units, "units measured", shown=progress) as done:
            measured = reading.measured(
                module,
                layers,
                examples,
                given,
                quantizers=tuple(quantizers or ("quantile-4" if many else "threshold",)),
                summary=summary,
                shuffles=shuffles,
                seed=seed,
                memory=memory,
                done=done,
            )
    kinds = list(dict.fromkeys(layer.activation for layer in layers))
    return measured.assign_attrs(
        computed_by=PASSES, channels=channels, activation_function=", ".join(kinds)
    )


def ablate(
    model: nn.Module,
    neurons: xr.Dataset,
    test: Any,  # noqa: ANN401
    *,
    orderings: Sequence[str | OrderBy] = ("mutual_information",),
    random: int = 5,
    controls: int = 2,
    replacements: Sequence[str] = (ZERO,),
    within: Sequence[str] = (LAYERS, NETWORK),
    steps: int | None = None,
    memory: int = removal.MEMORY,
    progress: bool = True,
) -> xr.DataTree:
    """Remove units one after another in the order of measures, and count correct predictions.

    Parameters
    ----------
    model, neurons
        A network, and what `measure` returned for it; the same units are removed.
    test
        Data like `validation` in `measure`, on which correct predictions are counted.
    orderings
        Measures by which units are ordered: variables of `neurons`, with its first quantizer and
        in both directions; or an `OrderBy` for another quantizer or direction.
    random
        Number of random orders.
    controls
        Number of control orders, which separate the share of the layers in an effect; 0: none.
    replacements
        What removed units put out: ``zero``, or ``mean``, the unit's mean on the measured data.
    within
        Where units are ordered and removed: in each of the ``layers`` by itself, in the whole
        ``network``, or both.
    steps
        How many numbers of removed units, evenly spread from none to all, are computed per scope.
        Default: all with compiled loops, and at most 50 with passes of the model.
    memory
        Bytes that the outputs of all modules may take in a pass.
    progress
        Whether to show a progress bar, if tqdm is installed.

    Returns
    -------
    DataTree
        Like ``ablation.nc``: one group of curves per scope, ``layer-1``, ..., ``network``. The
        coordinate ``removed`` has the numbers of removed units.

    Raises
    ------
    ValueError
        The measures belong to another network, an order cannot be made, or the data do not fit
        the model.

    Examples
    --------
    >>> import neuroninfo, torch
    >>> model = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.ReLU(), torch.nn.Linear(3, 2))
    >>> data = (torch.randn(50, 4), torch.arange(50) % 2)
    >>> curves = neuroninfo.ablate(model, neuroninfo.measure(model, data), data)
    >>> curves["network"]["correct"].dims
    ('seed', 'ordering', 'removed')
    """
    check_measured(neurons)
    if steps is not None and steps < 1:
        raise ValueError(f"steps: {steps} is not a number of removals; give 1 or more")
    if unknown := sorted({*replacements} - {ZERO, MEAN}):
        raise ValueError(f"replacements: {unknown[0]!r} is unknown; there are {ZERO}, {MEAN}")
    by = [_order_by(neurons, each) for each in orderings]
    return xr.DataTree.from_dict(
        ablated(
            model,
            neurons,
            test,
            by,
            random=random,
            controls=controls,
            replacements=replacements,
            within=within,
            steps=steps,
            memory=memory,
            progress=progress,
        )
    )


def study(
    model: nn.Module,
    validation: Any,  # noqa: ANN401
    test: Any,  # noqa: ANN401
    *,
    name: str = "own data",
    modules: str | Sequence[str] | None = None,
    channels: str = "auto",
    summary: str = "mean",
    quantizers: Sequence[str] | None = None,
    orderings: Sequence[str | OrderBy] = ("mutual_information",),
    random: int = 5,
    controls: int = 2,
    replacements: Sequence[str] = (ZERO,),
    steps: int | None = None,
    shuffles: int = 10,
    seed: int = 0,
    progress: bool = True,
) -> StudiedNetwork:
    """Measure the units of a network, and ablate them in the order of measures.

    Parameters
    ----------
    model, validation, modules, channels, summary, quantizers, shuffles, seed, progress
        As in `measure`. The same seed gives the same numbers.
    test, orderings, random, controls, replacements, steps
        As in `ablate`.
    name
        Name of the data, for titles.

    Raises
    ------
    ValueError
        As in `measure` and `ablate`.

    Examples
    --------
    >>> import neuroninfo, torch
    >>> model = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.ReLU(), torch.nn.Linear(3, 2))
    >>> data = (torch.randn(50, 4), torch.arange(50) % 2)
    >>> studied = neuroninfo.study(model, validation=data, test=data)
    >>> list(studied.ablation)
    ['layer-1', 'network']
    """
    neurons = measure(
        model,
        validation,
        modules=modules,
        channels=channels,
        summary=summary,
        quantizers=quantizers,
        shuffles=shuffles,
        seed=seed,
        progress=progress,
    )
    ablation = ablate(
        model,
        neurons,
        test,
        orderings=orderings,
        random=random,
        controls=controls,
        replacements=replacements,
        steps=steps,
        progress=progress,
    )
    _, widths = layers_of(neurons)
    loops = by_loops(neurons)
    return StudiedNetwork(
        neurons,
        ablation,
        {
            "dataset": name,
            "architecture": "-".join(map(str, widths)) if loops else type(plain(model)).__name__,
            "activation": neurons.attrs["activation_function"],
            "regularizer": "own training",
            "seeds": [seed],
        },
        {
            "study_seed": seed,
            "quantizers": neurons["quantizer"].values.tolist(),
            "shuffles": shuffles,
            "orderings": [asdict(_order_by(neurons, each)) for each in orderings],
            "random": random,
            "controls": controls,
            "replacements": list(replacements),
        },
    )


def _order_by(neurons: xr.Dataset, by: str | OrderBy) -> OrderBy:
    """A measure with its first quantizer, in both directions."""
    if isinstance(by, OrderBy):
        return by
    if by not in neurons:
        known = ", ".join(sorted(map(str, neurons.data_vars)))
        raise ValueError(f"orderings: {by!r} was not measured; there are {known}")
    quantized = "quantizer" in neurons[by].dims
    quantizer = str(neurons["quantizer"].values[0]) if quantized else "none"
    return OrderBy(by, quantizer, ("ascending", "descending"))
