"""Cumulative ablation of any model by passes in which outputs of units are replaced.

What was computed before the first replaced unit is the same in all passes: calls that ended by then
give what they gave without ablation, and are not computed again.  Several states of removal are
computed in one pass, as if they were more examples.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_leaves

from neuroninfo.ablation.removals import Curves, Removals
from neuroninfo.networks.forward import losses
from neuroninfo.own_network.evaluation import are_probabilities, difference
from neuroninfo.own_network.examples import Examples, check_classes
from neuroninfo.own_network.layers import Call, Functions, Layer, Passes, Watched

MEMORY: Final = 2**26
"""Bytes that the outputs of all modules may take in a pass."""

_Key = tuple[nn.Module, int]


@dataclass
class _Prefix:
    """Outputs that need not be computed again when units behind some layer are removed."""

    calls: dict[_Key, Call]
    needed: set[_Key]
    """Those whose outputs something else takes than calls of the prefix."""
    takes_inputs: bool
    """Whether something else takes the model's inputs."""


@dataclass
class _States:
    """States of removal that are computed together."""

    dead: Tensor
    """(states, units) bool."""
    constants: Tensor
    """(states, units)."""


class Ablated:
    """A model whose units are replaced, state by state.

    Parameters
    ----------
    model
        To be used in `evaluating`.
    layers, watched
        Of it, as `layers.find` gives them.
    memory
        Bytes that the outputs of all modules may take in a pass.
    """

    def __init__(
        self, model: nn.Module, layers: Sequence[Layer], watched: Watched, memory: int = MEMORY
    ) -> None:
        self.layers, self.watched, self.memory = layers, watched, memory
        self.passes = Passes(model)
        self.edges = np.cumsum([0, *(layer.width for layer in layers)])
        self._at = {
            (layer.call.module, layer.call.number, layer.taken): number
            for number, layer in enumerate(layers)
        }
        self._prefixes: dict[int, _Prefix | None] = {}
        # Products of half precision depend on how many rows there are.
        self._together = torch.finfo(watched.logits.dtype).eps <= torch.finfo(torch.float32).eps

    def logits(
        self,
        inputs: Tensor,
        states: _States,
        known: tuple[_Prefix, dict[_Key, Tensor]] | None = None,
    ) -> Tensor:
        """Logits (states, rows, classes) in each of some states.

        Parameters
        ----------
        inputs
            (rows, ...).
        states
            All with their first removed units in the same layer, if a prefix is given.
        known
            The prefix, and the outputs of its calls for these inputs.
        """
        n_states, rows = len(states.dead), len(inputs)
        touched = {
            number
            for number, (a, b) in enumerate(zip(self.edges[:-1], self.edges[1:], strict=True))
            if bool(states.dead[:, a:b].any())
        }
        reached: set[int] = set()

        def replaced(module: nn.Module, number: int, taken: bool, values: Tensor) -> Tensor | None:
            layer = self._at.get((module, number, taken))
            if layer is None or layer not in touched:
                return None
            reached.add(layer)
            units = slice(self.edges[layer], self.edges[layer + 1])
            dead, constants = states.dead[:, units], states.constants[:, units]
            return _replaced(self.layers[layer], values, dead, constants, rows)

        def before(module: nn.Module, number: int, first: Tensor | None) -> Tensor | None:
            return None if first is None else replaced(module, number, True, first)

        def after(module: nn.Module, number: int, given: Any) -> Any:  # noqa: ANN401
            first = given[0] if isinstance(given, tuple) and given else given
            if not isinstance(first, Tensor):
                return None
            other = replaced(module, number, False, first)
            if other is None:
                return None
            if getattr(module, "inplace", False):  # forward may go on with the input
                return first.copy_(other)
            return (other, *given[1:]) if isinstance(given, tuple) else other

        def instead(module: nn.Module, number: int) -> tuple[Tensor, Call] | None:
            assert known is not None
            prefix, outputs = known
            call = prefix.calls.get((module, number))
            if call is None:
                return None
            given = outputs[module, number]
            other = replaced(module, number, False, given)
            if other is None:
                other = given
                if (module, number) in prefix.needed:
                    other = _repeated(given, n_states)
            return other, call

        taken = inputs
        if known is None or known[0].takes_inputs:
            taken = _repeated(inputs, n_states)
        given = self.passes.run(
            taken,
            rows=n_states * rows,
            before=before,
            after=after,
            instead=None if known is None else instead,
        )
        if reached != touched:
            missing = self.layers[min(touched - reached)].name
            raise ValueError(f"forward does not call {missing!r} in every pass")
        return given.reshape(n_states, rows, -1)

    def known(self, first: int, inputs: Tensor) -> tuple[_Prefix, dict[_Key, Tensor]] | None:
        """What precedes a layer, for some inputs; None if it has to be computed each time."""
        if first not in self._prefixes:
            self._prefixes[first] = self._prefix(first, inputs)
        prefix = self._prefixes[first]
        return None if prefix is None else (prefix, self._outputs(prefix, inputs))

    def together(self, first: int, rows: int) -> int:
        """Number of states that one forward pass of this number of rows computes."""
        moment, prefix = self.layers[first].moment, self._prefixes.get(first)
        begun = -1 if prefix is None else moment
        size = sum(
            call.size
            for key, call in self.watched.calls.items()
            if (call.ended > begun and not call.below)
            or (prefix is not None and key in prefix.needed)
        )
        return max(1, self.memory // max(1, size * rows)) if self._together else 1

    def rows(self) -> int:
        """Examples whose outputs fit the memory."""
        size = sum(call.size for call in self.watched.calls.values() if not call.below)
        return max(1, self.memory // max(1, size))

    def _outputs(self, prefix: _Prefix, inputs: Tensor) -> dict[_Key, Tensor]:
        """Outputs of the calls of a prefix; copies, since models compute in place."""
        outputs: dict[_Key, Tensor] = {}

        def after(module: nn.Module, number: int, given: Any) -> None:  # noqa: ANN401
            key = (module, number)
            if key in prefix.calls:
                # What nothing takes any more is stood for by a single row.
                outputs[key] = (given if key in prefix.needed else given[:1]).clone()

        self.passes.run(inputs, after=after)
        return outputs

    def _prefix(self, first: int, inputs: Tensor) -> _Prefix | None:
        """The prefix of a layer, if passes with it give what passes without it do."""
        layer = self.layers[first]
        calls: dict[_Key, Call] = {}

        def descend(call: Call) -> None:
            if call.rows and call.ended <= layer.moment:
                calls[call.module, call.number] = call
            else:
                for below in call.below:
                    descend(below)

        descend(self.watched.root)
        inputs = inputs[:8]
        everything = _Prefix(calls, set(calls), takes_inputs=True)
        outputs = self._outputs(everything, inputs)
        seen = self._taken(calls, outputs, inputs)
        needed = {key for key in calls if id(outputs[key]) in seen}
        if not layer.taken:
            needed.add((layer.call.module, layer.call.number))
        prefix = _Prefix(calls, needed, id(inputs) in seen)
        n_states = 2 if self._together else 1
        dead = torch.zeros((n_states, self.edges[-1]), dtype=torch.bool, device=inputs.device)
        dead[-1, self.edges[first] :: 2] = True
        states = _States(dead, torch.zeros_like(dead, dtype=self.watched.logits.dtype))
        try:
            outputs = self._outputs(prefix, inputs)
            ours = self.logits(inputs, states, (prefix, outputs))
        except (ValueError, RuntimeError):
            return None
        for number in range(n_states):
            alone = _States(dead[number : number + 1], states.constants[:1])
            if difference(ours[number], self.logits(inputs, alone)[0]) > 1:
                return None
        return prefix

    def _taken(
        self, calls: dict[_Key, Call], outputs: dict[_Key, Tensor], inputs: Tensor
    ) -> set[int]:
        """Tensors that a pass takes elsewhere than in calls of a prefix, by their id."""
        seen: set[int] = set()
        copies = {key: outputs[key].clone() for key in calls}
        back = {id(copy): id(outputs[key]) for key, copy in copies.items()}
        inside = False

        def computed(_: str, arguments: Any, given: Any) -> None:  # noqa: ANN401
            if inside:
                seen.update(back.get(id(leaf), id(leaf)) for leaf in tree_leaves(arguments))

        def before(module: nn.Module, number: int, first: Tensor | None) -> None:
            nonlocal inside
            inside = True

        def after(module: nn.Module, number: int, given: Any) -> None:  # noqa: ANN401
            nonlocal inside
            inside = module is not self.watched.root.module

        def instead(module: nn.Module, number: int) -> tuple[Tensor, Call] | None:
            call = calls.get((module, number))
            return None if call is None else (copies[module, number], call)

        with Functions(computed):
            self.passes.run(inputs, before=before, after=after, instead=instead)
        return seen


def _repeated(values: Tensor, times: int) -> Tensor:
    """The rows, repeated this number of times one after another."""
    return values.repeat(times, *[1] * (values.dim() - 1))


def _replaced(layer: Layer, values: Tensor, dead: Tensor, constants: Tensor, rows: int) -> Tensor:
    """(rows, ...) or (states x rows, ...) -> (states x rows, ...) with constants of dead units."""
    states = (
        values.unsqueeze(0) if len(values) == rows else values.reshape(-1, rows, *values.shape[1:])
    )
    shape = [len(dead), *[1] * (states.dim() - 1)]
    shape[layer.axis + 1 if layer.axis > 0 else -1] = layer.width
    given = torch.where(dead.view(shape), constants.view(shape).to(values.dtype), states)
    return given.flatten(0, 1)


def cumulative(
    ablated: Ablated,
    examples: Examples,
    removals: Sequence[Removals],
    grids: Sequence[np.ndarray],
    done: Callable[[int], Any] = lambda number: None,
) -> tuple[list[Curves], Tensor]:
    """Correct and changed predictions and loss after removals, in the model's precision.

    Parameters
    ----------
    ablated
        The model.
    examples
        What is predicted.
    removals
        Sequences of units of the whole network, each of one length.
    grids
        For each of the removals, ascending numbers of removed units that are computed.
    done
        Called with the number of predictions, of examples in states, that were made since.

    Returns
    -------
    list of Curves, Tensor
        (orders, numbers of removed units) each; and the classes of the examples.
    """
    totals = [
        Curves(*(np.zeros((len(r.sequences), len(grid)), d) for d in (np.int64, np.int64, float)))
        for r, grid in zip(removals, grids, strict=True)
    ]
    labels_of: list[Tensor] = []
    for all_inputs, all_labels in examples:
        labels_of.append(all_labels)
        rows = ablated.rows()
        for inputs, labels in zip(
            torch.split(all_inputs, rows), torch.split(all_labels, rows), strict=True
        ):
            _add(ablated, inputs, labels.to(inputs.device), removals, grids, totals, done, examples)
    labels = torch.cat(labels_of)
    return [
        Curves(
            total.correct.astype(np.int32),
            total.changed.astype(np.int32),
            total.loss / len(labels),
        )
        for total in totals
    ], labels


def _add(
    ablated: Ablated,
    inputs: Tensor,
    labels: Tensor,
    removals: Sequence[Removals],
    grids: Sequence[np.ndarray],
    totals: Sequence[Curves],
    done: Callable[[int], Any],
    examples: Examples,
) -> None:
    """Count some examples."""
    unablated = ablated.passes.run(inputs)
    check_classes(examples.which, labels, unablated.shape[1])
    normalized = are_probabilities(unablated)
    predicted = unablated.argmax(-1)

    def counted(given: Tensor) -> tuple[np.ndarray, ...]:
        now = given.argmax(-1)
        values = given.double()
        loss = losses(values.clamp_min(1e-300).log() if normalized else values, labels)
        return tuple(
            each.sum(dim=-1).cpu().numpy() for each in ((now == labels), (now != predicted), loss)
        )

    nothing = counted(unablated[None])
    for removal, grid, total in zip(removals, grids, totals, strict=True):
        for of_all, value in zip(total, nothing, strict=True):
            of_all[:, grid == 0] += value
        # Where all is removed, orders of the same units and constants do not differ.
        n = removal.sequences.shape[1]
        removed = np.column_stack([removal.replacements, np.sort(removal.sequences, axis=1)])
        _, leaders, places = np.unique(removed, axis=0, return_index=True, return_inverse=True)
        jobs = [
            (order, place)
            for order in range(len(removal.sequences))
            for place, k in enumerate(grid)
            if k > 0 and (k < n or order in leaders)
        ]
        for chunk, states in _chunks(ablated, inputs, removal, grid, jobs):
            given = ablated.logits(inputs, states, chunk[1])
            for of_all, values in zip(total, counted(given), strict=True):
                for (order, place), value in zip(chunk[0], values, strict=True):
                    if grid[place] == n:
                        of_all[places.reshape(-1) == places.reshape(-1)[order], place] += value
                    else:
                        of_all[order, place] += value
            done(len(chunk[0]) * len(inputs))
        done((len(removal.sequences) * len(grid) - len(jobs)) * len(inputs))


def _chunks(
    ablated: Ablated,
    inputs: Tensor,
    removal: Removals,
    grid: np.ndarray,
    jobs: Sequence[tuple[int, int]],
) -> Iterator[tuple[tuple[list[tuple[int, int]], Any], _States]]:
    """Jobs (order, place in the grid) that are computed together, what precedes them, their states.

    Jobs are taken by the first layer that a unit is removed from.
    """
    layer_of = np.repeat(np.arange(len(ablated.layers)), np.diff(ablated.edges))
    firsts = np.minimum.accumulate(layer_of[removal.sequences], axis=1)
    ranks = np.full((len(removal.sequences), ablated.edges[-1]), np.iinfo(np.int32).max, np.int32)
    steps = np.arange(removal.sequences.shape[1], dtype=np.int32)
    np.put_along_axis(ranks, removal.sequences, np.broadcast_to(steps, firsts.shape), axis=1)
    dtype = ablated.watched.logits.dtype
    constants = torch.from_numpy(removal.constants).to(inputs.device, dtype)
    of_first: dict[int, list[tuple[int, int]]] = {}
    for order, place in jobs:
        of_first.setdefault(int(firsts[order, grid[place] - 1]), []).append((order, place))
    for first in sorted(of_first):
        known = ablated.known(first, inputs)
        size = ablated.together(first, len(inputs))
        for start in range(0, len(of_first[first]), size):
            chunk = of_first[first][start : start + size]
            orders, places = np.array(chunk).T
            dead = torch.from_numpy(ranks[orders] < grid[places][:, None]).to(inputs.device)
            kinds = torch.from_numpy(removal.replacements[orders]).to(inputs.device)
            yield (chunk, known), _States(dead, constants[kinds])
