"""A step waits for nothing: on a GPU each number that is read on the host would stop it.

Steps are run on torch's device "meta", which has no numbers that could be read, by the operations
that a GPU runs; and on a CPU, where an operation that reads a number is refused.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from neuroninfo.networks.stack import Architecture, hidden_widths
from neuroninfo.training.learner import Learner
from neuroninfo.training.loop import evaluation
from neuroninfo.training.optimizers import Optimizer
from neuroninfo.training.settings import Regularizer, Settings, Sgld
from neuroninfo.training.splits import Split
from tests.unit.training.test_training import REGULARIZERS, settings

READS = ("_local_scalar_dense", "item", "is_nonzero", "nonzero", "equal", "unique", "masked_select")


class NothingRead(TorchDispatchMode):
    """Refuses operations whose result the host waits for."""

    def __torch_dispatch__(
        self, function: Any, types: Any, arguments: Any = (), options: Any = None
    ) -> Any:
        name, options = function._schema.name.removeprefix("aten::"), options or {}
        to = options.get("device")
        brought = (
            name == "_to_copy"
            and to is not None
            and to.type == "cpu"
            and arguments[0].device.type != "cpu"
        )
        if name == "copy_":
            into, given = arguments[:2]
            brought = into.device.type == "cpu" and given.device.type != "cpu"
        assert name not in READS, f"{name} is waited for"
        assert not brought, f"{name} to a CPU is waited for"
        return function(*arguments, **options)


def made(
    device: str, chosen: Settings, together: int = 3, rows: bool = False
) -> tuple[Learner, Split]:
    rng = np.random.default_rng(0)
    inputs = torch.from_numpy(rng.normal(size=(20, 6)).astype(np.float32))
    own = torch.from_numpy(rng.integers(0, 20, (3, 12))) if rows else None
    split = Split(
        inputs.to(device),
        torch.from_numpy(rng.integers(0, 4, 20)).to(device),
        None if own is None else own.to(device),
    )
    architecture = Architecture(
        6,
        hidden_widths(chosen.architecture),
        4,
        "relu",
        chosen.regularizer.batch_norm_momentum is not None,
        chosen.regularizer.output_bits,
    )
    learner = Learner(architecture, (1, 4, 7), torch.device(device), chosen, together, 2**12)
    return learner, split


def of(optimizer: str, regularizer: Regularizer) -> Settings:
    sgld = Sgld(0.5, 0.1, 0.3) if optimizer == "sgld" else None
    return settings(optimizer=optimizer, sgld=sgld, regularizer=regularizer, batch_size=8)


@pytest.mark.parametrize(("device", "together"), [("meta", 3), ("cpu", 1)])
@pytest.mark.parametrize("optimizer", ["adam", "sgd", "sgld"])
@pytest.mark.parametrize("regularizer", REGULARIZERS)
def test_an_epoch(
    monkeypatch: pytest.MonkeyPatch, regularizer: str, optimizer: str, together: int, device: str
) -> None:
    if device == "meta":  # which lacks this one operation
        monkeypatch.setattr(torch, "_fused_sgd_", lambda *arrays, **options: None)
    chosen = REGULARIZERS[regularizer]
    if optimizer == "sgld" and (chosen.batch_norm_momentum is not None or chosen.binary_weights):
        return  # there is no such training
    learner, split = made(device, of(optimizer, chosen), together)
    with NothingRead():
        learner.run_epoch(split, 1)
        found = evaluation(learner.stack, split, together)
    assert found.shape == (2, 3)
    assert learner.steps == 3  # 20 examples in batches of 8


def test_examples_of_their_own() -> None:
    learner, split = made("meta", of("adam", REGULARIZERS["dropout"]), rows=True)
    with NothingRead():
        learner.run_epoch(split, 1)
        evaluation(learner.stack, split, 3)


READINGS: dict[str, Callable[[Optimizer], object]] = {
    "float": lambda optimizer: float(optimizer.steps),
    "cpu": lambda optimizer: optimizer.parameters.cpu(),
    "if": lambda optimizer: bool((optimizer.parameters > 0).any()),
    "numpy": lambda optimizer: torch.zeros(optimizer.steps.shape).copy_(optimizer.steps),
}


@pytest.mark.parametrize("reading", READINGS)
def test_what_reads_is_found(monkeypatch: pytest.MonkeyPatch, reading: str) -> None:
    step = Optimizer.step

    def reads(optimizer: Optimizer) -> None:
        READINGS[reading](optimizer)
        step(optimizer)

    monkeypatch.setattr(Optimizer, "step", reads)
    learner, split = made("meta", of("adam", Regularizer()))
    with pytest.raises(AssertionError, match="is waited for"), NothingRead():
        learner.run_epoch(split, 1)


@pytest.mark.parametrize("regularizer", ["none", "l2", "decoupled", "l1"])
def test_a_flat_step_is_a_list_of_rows(regularizer: str) -> None:
    """Bitwise: one tensor of a stack, and the row of each network with a counter of its own."""
    chosen = of("adam", replace(REGULARIZERS[regularizer], decay_biases=True))
    rng = np.random.default_rng(1)
    arrays = [
        torch.from_numpy(np.abs(rng.normal(size=(5, 192)).astype(np.float32))) for _ in range(4)
    ]
    flat, *rows = (
        Optimizer(*[array[part].clone() for array in arrays[:2]], moments, 192, chosen)
        for part in (slice(None), *(slice(n, n + 1) for n in range(5)))
        for moments in [[array[part].clone() for array in arrays[2:]]]
    )
    assert [len(arrays) for arrays, _ in flat.parts for arrays in arrays] == [1] * 4
    for _ in range(4):
        for optimizer in (flat, *rows):
            optimizer.step()
    assert torch.equal(flat.parameters, torch.cat([one.parameters for one in rows]))


def test_steps_that_are_drawn_together_have_the_numbers_of_each_alone() -> None:
    """The way of a GPU, which draws for many steps at a time, whatever fits into memory."""
    chosen = settings(
        optimizer="sgld",
        sgld=Sgld(0.5, 0.1, 0.3),
        regularizer=Regularizer(dropout=0.4, input_dropout=0.2, noise=0.3),
    )
    learner, _ = made("cpu", chosen)
    sizes = [8, 8, 8, 8, 3]
    draws, (group,) = learner.draws, learner.groups
    alone = [each.tensors() for each in draws.ahead(group, 1, sizes, 0)]
    draws.device = torch.device("meta")  # what decides how many are drawn together
    deviation = torch.full
    for most_bytes in (0, 10**5, 10**9):
        together = []
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(torch, "full", lambda shape, value, **_: deviation(shape, value))
            together = [each.tensors() for each in draws.ahead(group, 1, sizes, most_bytes)]
        assert len(together) == len(alone) == 5
        for ours, theirs in zip(together, alone, strict=True):
            for one, other in zip(ours, theirs, strict=True):
                torch.testing.assert_close(one, other.to(one.dtype), rtol=0, atol=1e-7)
