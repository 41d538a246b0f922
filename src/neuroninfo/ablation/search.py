"""Joint and reference orders, which have to be found, in the layout of ``orders-<set>.nc``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import xarray as xr

from neuroninfo.ablation import joint, single
from neuroninfo.ablation.orders import permutation, scopes
from neuroninfo.ablation.settings import SearchSettings
from neuroninfo.files.storage import labelled
from neuroninfo.networks.activations import ACTIVATIONS
from neuroninfo.networks.stack import Stack
from neuroninfo.streams import Stream, generator


def find(
    stack: Stack,
    activations: Iterable[xr.Dataset],
    damage: xr.Dataset,
    inputs: np.ndarray,
    labels: np.ndarray,
    settings: SearchSettings,
    *,
    threads: int = 1,
) -> dict[str, xr.Dataset]:
    """Find the orders of each network in each scope.

    Parameters
    ----------
    stack
        Networks.
    activations
        One dataset a seed, in the layout of ``activations.nc``; its last epoch counts.
    damage
        ``damage.nc`` of the same seeds.
    inputs, labels
        (n, n_inputs) and (n), the validation split.
    settings
        Which orders, and how they are found.
    threads
        Of greedy; orders do not depend on it.

    Returns
    -------
    dict
        Scope -> its group.

    Raises
    ------
    ValueError
        Outputs or damages are of other networks.
    """
    parts: dict[str, list[xr.Dataset]] = {}
    damages = damage.sel(split="validation")
    for position, each in enumerate(activations):
        network = stack.of(slice(position, position + 1))
        of_seed, alone = each.isel(seed=0, epoch=-1), damages.isel(seed=position)
        found = {int(of_seed["seed"]), int(alone["seed"])}
        if found != {network.seeds[0]}:
            raise ValueError(f"outputs and damages are of seeds {found}, not {network.seeds}")
        seen = (inputs[: settings.examples], labels[: settings.examples])
        searched = _Seed(network, of_seed, alone, seen, settings, threads)
        for scope, members in scopes(stack.architecture.hidden, settings.scopes).items():
            parts.setdefault(scope, []).append(searched.orders(members))
    return {scope: xr.concat(group, dim="seed", join="exact") for scope, group in parts.items()}


class _Seed:
    """One network, and what its orders are found from."""

    def __init__(
        self,
        network: Stack,
        activations: xr.Dataset,
        damage: xr.Dataset,
        seen: tuple[np.ndarray, np.ndarray],
        settings: SearchSettings,
        threads: int,
    ) -> None:
        self.network, self.damage, self.seen = network, damage, seen
        self.settings, self.threads = settings, threads
        self.seed = network.seeds[0]
        threshold = ACTIVATIONS[network.architecture.activation].threshold
        self.on = np.ascontiguousarray((activations["activation"].values > threshold).T)
        self.labels = activations["label"].values.astype(np.int64)
        random = generator(settings.study_seed, Stream.LABEL_SHUFFLE, self.seed)
        self.shuffled = [random.permutation(self.labels) for _ in range(settings.shuffles)]

    def orders(self, members: np.ndarray) -> xr.Dataset:
        """The group of one scope."""
        study_seed = self.settings.study_seed
        ties = permutation(members, len(self.on), study_seed, Stream.TIES, self.seed)
        rows = [
            (by.measure, by.quantizer, direction)
            for by in self.settings.orderings
            for direction in by.directions
        ]
        selections = {
            measure: joint.select(measure, self.on[members], self.labels, ties, self.shuffled)
            for measure in dict.fromkeys(measure for measure, _, _ in rows)
            if measure in joint.MEASURES
        }
        shape = (len(rows), len(members))
        order, value = np.empty(shape, dtype=np.int16), np.empty(shape)
        shuffled = np.full(shape, np.nan)
        information = np.full((len(rows), joint.MOST_JOINT), np.nan)
        for row, (measure, _, direction) in enumerate(rows):
            if measure in selections:
                found = selections[measure]
                # What was selected last is the first to be removed.
                back = slice(None, None, -1 if direction == "ascending" else 1)
                order[row], value[row] = found.order[back], found.score[back]
                shuffled[row], information[row] = found.shuffled[back], found.joint_information
            elif measure == "damage":
                correct = self.damage["correct"].values[members]
                loss = self.damage["loss"].values[members]
                order[row] = single.damage_order(correct, loss, direction, ties)
                value[row] = correct[order[row]]
            else:
                order[row], value[row] = single.greedy_order(
                    self.network, *self.seen, members, direction, ties, threads=self.threads
                )
        return self._dataset(rows, order, value, shuffled, information)

    def _dataset(
        self,
        rows: Sequence[tuple[str, str, str]],
        order: np.ndarray,
        value: np.ndarray,
        shuffled: np.ndarray,
        information: np.ndarray,
    ) -> xr.Dataset:
        dims = ("seed", "ordering", "step")
        fields = {
            "measure": "what the order is made by",
            "quantizer": "quantizer of the measure",
            "direction": "ascending: what is worth least is removed first",
        }
        return xr.Dataset(
            {
                "order": (
                    dims,
                    order[None],
                    labelled("neuron removed in this step, numbered within the scope", "1"),
                ),
                "value": (
                    dims,
                    value[None],
                    labelled(
                        "what it was chosen by: cmim, jmi: score in bit; damage, greedy: correct "
                        "predictions on validation after its removal",
                        "1",
                    ),
                ),
                "value_shuffled": (
                    dims,
                    shuffled[None],
                    labelled(
                        "score under shuffled classes, mean over the shuffles; not a number for "
                        "reference orders, which have none",
                        "bit",
                    ),
                ),
                "joint_information": (
                    ("seed", "ordering", "kept"),
                    information[None],
                    labelled(
                        "joint mutual information of the first neurons selected; not a number for "
                        "reference orders",
                        "bit",
                    ),
                ),
            },
            coords={
                "seed": ("seed", [self.seed], {"long_name": "seed"}),
                "step": ("step", np.arange(order.shape[1]), {"long_name": "step of the ablation"}),
                "kept": (
                    "kept",
                    np.arange(1, joint.MOST_JOINT + 1),
                    {"long_name": "number of neurons kept"},
                ),
                **{
                    name: ("ordering", [row[i] for row in rows], {"long_name": words})
                    for i, (name, words) in enumerate(fields.items())
                },
            },
        )
