"""Training steps as CUDA graphs: a step is one launch, whatever the number of its kernels.

Small steps are bound by launches on a GPU.  After a few steps one of a full batch is recorded, with
buffers of its own for what changes from step to step; later steps of this kind copy their batch
into these buffers and replay the record.  The kernels are the same, and so are the numbers.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from typing import Final

import torch
from torch import Tensor

from neuroninfo.training.drawn import Drawn
from neuroninfo.training.groups import Group

SWITCH: Final = "NEURONINFO_CUDA_GRAPHS"
"""Environment variable: 0 keeps all steps as they are."""
AS_THEY_ARE: Final = 3
"""First steps that are not recorded: libraries get ready in them."""

Step = Callable[[Group, Tensor, Tensor, Drawn], None]
Record = Callable[[Callable[[], None]], Callable[[], None]]
"""A function that takes a step and returns a function that repeats it."""


def recorder(device: torch.device) -> Record | None:
    """The recorder of steps on a device; None if it is of no use there or is switched off."""
    if device.type != "cuda" or os.environ.get(SWITCH, "1") == "0":
        return None
    return _record


def _record(run: Callable[[], None]) -> Callable[[], None]:
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        run()
    return graph.replay


class Steps:
    """Runs steps of training, those of full batches from a record.

    Parameters
    ----------
    step
        Changes the networks of a group by a batch; reads nothing on the host, and all that differs
        between its calls is in its arguments.
    batch_size
        Examples of a full batch.
    record
        As `recorder` gives it.
    """

    def __init__(self, step: Step, batch_size: int, record: Record | None) -> None:
        self.step, self.batch_size, self.record = step, batch_size, record
        self.seen: dict[object, int] = {}
        self.replays: dict[object, tuple[list[Tensor], Callable[[], None]]] = {}

    def run(self, group: Group, inputs: Tensor, targets: Tensor, drawn: Drawn) -> None:
        """One step."""
        if self.record is None or inputs.shape[-2] != self.batch_size:
            self.step(group, inputs, targets, drawn)
            return
        key = group.seeds.start
        if key not in self.replays:
            self.seen[key] = self.seen.get(key, 0) + 1
            if self.seen[key] <= AS_THEY_ARE or not self._recorded(group, inputs, targets, drawn):
                self.step(group, inputs, targets, drawn)
                return
        buffers, replay = self.replays[key]
        for buffer, given in zip(buffers, (inputs, targets, *drawn.tensors()), strict=True):
            buffer.copy_(given)
        replay()

    def _recorded(self, group: Group, inputs: Tensor, targets: Tensor, drawn: Drawn) -> bool:
        """Record a step with the shapes of this one; whether that was possible."""
        assert self.record is not None
        buffered = drawn.like()
        batch = torch.empty_like(inputs), torch.empty_like(targets)
        try:
            replay = self.record(lambda: self.step(group, *batch, buffered))
        except RuntimeError as error:
            warnings.warn(
                f"training steps are not recorded as CUDA graphs, and take longer: {error}",
                stacklevel=2,
            )
            self.record = None
            return False
        self.replays[group.seeds.start] = [*batch, *buffered.tensors()], replay
        return True
