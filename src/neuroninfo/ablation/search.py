"""Joint and reference orders, which have to be searched, as ``orders-<set>.nc``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
import xarray as xr

from neuroninfo.ablation import joint, orders, single
from neuroninfo.ablation.layouts import ORDERINGS, order_coordinates, order_variable
from neuroninfo.ablation.orders import Ordering
from neuroninfo.ablation.settings import SearchSettings
from neuroninfo.files.storage import labelled
from neuroninfo.networks.activations import ACTIVATIONS
from neuroninfo.networks.stack import Stack
from neuroninfo.streams import Stream, generator

_WORDS: Final = {
    "measure": ORDERINGS["measure"],
    "quantizer": ORDERINGS["quantizer"],
    "direction": "ascending: the least valuable neuron is removed first",
}
"""Coordinates of the orders and their words."""


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
        One dataset per seed, in the layout of ``activations.nc``; its last epoch counts.
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
    ordered_by = orders.orderings_from(settings.orderings, random=0)
    members = orders.scopes(stack.architecture.hidden, settings.scopes)
    parts: dict[str, list[xr.Dataset]] = {}
    damages = damage.sel(split="validation")
    for position, each in enumerate(activations):
        network = stack.of(slice(position, position + 1))
        of_seed, alone = each.isel(seed=0, epoch=-1), damages.isel(seed=position)
        seeds = {int(of_seed["seed"]), int(alone["seed"])}
        if seeds != {network.seeds[0]}:
            raise ValueError(f"outputs and damages are of seeds {seeds}, not {network.seeds}")
        seen = (inputs[: settings.examples], labels[: settings.examples])
        of_network = _Seed(network, of_seed, alone, seen, settings, threads)
        for scope, of_scope in members.items():
            parts.setdefault(scope, []).append(of_network.orders(of_scope, ordered_by))
    return {scope: xr.concat(group, dim="seed", join="exact") for scope, group in parts.items()}


class _Seed:
    """One network, and what its orders are searched in."""

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

    def orders(self, members: np.ndarray, orderings: Sequence[Ordering]) -> xr.Dataset:
        """The group of one scope."""
        study_seed = self.settings.study_seed
        ties = orders.permutation(members, len(self.on), study_seed, Stream.TIES, self.seed)
        selections = {
            measure: joint.select(measure, self.on[members], self.labels, ties, self.shuffled)
            for measure in dict.fromkeys(ordering.measure for ordering in orderings)
            if measure in joint.MEASURES
        }
        shape = (len(orderings), len(members))
        order, value = np.empty(shape, dtype=np.int16), np.empty(shape)
        shuffled = np.full(shape, np.nan)
        information = np.full((len(orderings), joint.MOST_JOINT), np.nan)
        for row, ordering in enumerate(orderings):
            direction = ordering.direction
            if ordering.measure in selections:
                selection = selections[ordering.measure]
                # What was selected last is the first to be removed.
                back = slice(None, None, -1 if direction == "ascending" else 1)
                order[row], value[row] = selection.order[back], selection.score[back]
                shuffled[row] = selection.shuffled[back]
                information[row] = selection.joint_information
            elif ordering.measure == "damage":
                correct = self.damage["correct"].values[members]
                loss = self.damage["loss"].values[members]
                order[row] = single.damage_order(correct, loss, direction, ties)
                value[row] = correct[order[row]]
            else:
                order[row], value[row] = single.greedy_order(
                    self.network, *self.seen, members, direction, ties, threads=self.threads
                )
        return self._dataset(orderings, order, value, shuffled, information)

    def _dataset(
        self,
        orderings: Sequence[Ordering],
        order: np.ndarray,
        value: np.ndarray,
        shuffled: np.ndarray,
        information: np.ndarray,
    ) -> xr.Dataset:
        dims = ("seed", "ordering", "step")
        return xr.Dataset(
            {
                "order": order_variable(order[None]),
                "value": (
                    dims,
                    value[None],
                    labelled(
                        "value by which it was chosen: cmim, jmi: score in bit; damage, greedy: "
                        "correct predictions on validation after its removal",
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
                "kept": (
                    "kept",
                    np.arange(1, joint.MOST_JOINT + 1),
                    {"long_name": "number of neurons kept"},
                ),
                **order_coordinates(orderings, order.shape[1], _WORDS),
            },
        )
