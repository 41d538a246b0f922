"""Steps that are recorded and replayed: by CUDA graphs on a GPU, by an imitation of them here.

A record repeats what was computed on the same memory: nothing of Python is run again.  The
imitation keeps each operation of torch with its tensors, so that a step that reads something else,
or binds new memory, is found without a GPU.
"""

import warnings
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from neuroninfo.training import graphs
from neuroninfo.training.loop import Trained
from neuroninfo.training.settings import Settings
from neuroninfo.training.splits import Split
from tests.unit.training.test_synchronization import of
from tests.unit.training.test_training import REGULARIZERS, splits, trained

SEEDS = (3, 1, 4)
N_TRAIN = 35


class Recording(TorchDispatchMode):
    """Operations in their order; what was there before is as it was afterwards."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[tuple[Any, Any, Any, list[Tensor]]] = []
        self.before: dict[int, tuple[Tensor, Tensor]] = {}
        self.made: set[int] = set()
        self.kept: list[Tensor] = []

    def __torch_dispatch__(
        self, function: Any, types: Any, arguments: Any = (), options: Any = None
    ) -> Any:
        options = options or {}
        for tensor in tree_leaves((arguments, options)):
            if isinstance(tensor, Tensor):
                memory = tensor.untyped_storage().data_ptr()
                if memory not in self.made | set(self.before):
                    whole = torch.empty(0, dtype=tensor.dtype).set_(tensor.untyped_storage())
                    self.before[memory] = whole, whole.clone()
        result = function(*arguments, **options)
        outputs = [tensor for tensor in tree_leaves(result) if isinstance(tensor, Tensor)]
        self.made |= {tensor.untyped_storage().data_ptr() for tensor in outputs} - set(self.before)
        self.kept += outputs  # no memory is used for something else
        self.calls.append((function, arguments, options, outputs))
        return result

    def undo(self) -> None:
        for whole, copy in self.before.values():
            whole.copy_(copy)

    def replay(self) -> None:
        for function, arguments, options, outputs in self.calls:
            again = tree_leaves(function(*arguments, **options))
            fresh = [tensor for tensor in again if isinstance(tensor, Tensor)]
            for output, tensor in zip(outputs, fresh, strict=True):
                output.copy_(tensor)


class Recorder:
    """An imitation of CUDA graphs that counts."""

    def __init__(self) -> None:
        self.records = self.replays = 0

    def __call__(self, run: Callable[[], None]) -> Callable[[], None]:
        self.records += 1
        with Recording() as recording:
            run()
        recording.undo()

        def replay() -> None:
            self.replays += 1
            recording.replay()

        return replay


def made(
    chosen: Settings, monkeypatch: pytest.MonkeyPatch, record: graphs.Record | None
) -> Trained:
    monkeypatch.setattr(graphs, "recorder", lambda device: record)
    return trained(SEEDS, splits(N_TRAIN), chosen, together=3)


def the_same(one: Trained, other: Trained) -> None:
    for a, b in zip(one.stack.weights, other.stack.weights, strict=True):
        assert torch.equal(torch.as_tensor(a), torch.as_tensor(b))
    for first, second in zip(one.stack.normalizations, other.stack.normalizations, strict=True):
        assert torch.equal(torch.as_tensor(first.mean), torch.as_tensor(second.mean))
    assert (one.loss[:, -1] == other.loss[:, -1]).all()
    if one.example_information is not None:
        assert (one.example_information == other.example_information).all()


@pytest.mark.parametrize("optimizer", ["adam", "sgd", "sgld"])
@pytest.mark.parametrize("regularizer", REGULARIZERS)
def test_replayed_steps_are_steps(
    monkeypatch: pytest.MonkeyPatch, regularizer: str, optimizer: str
) -> None:
    of_networks = REGULARIZERS[regularizer]
    if optimizer == "sgld" and (
        of_networks.batch_norm_momentum is not None or of_networks.binary_weights
    ):
        return  # there is no such training
    chosen = of(optimizer, of_networks)
    steps = N_TRAIN // chosen.batch_size * chosen.epochs  # of full batches
    record = Recorder()
    the_same(made(chosen, monkeypatch, record), made(chosen, monkeypatch, None))
    assert record.records == 1
    assert record.replays == steps - graphs.AS_THEY_ARE > 0


def test_what_cannot_be_recorded_is_run_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(run: Callable[[], None]) -> Callable[[], None]:
        raise RuntimeError("operation not permitted when stream is capturing")

    chosen = of("adam", REGULARIZERS["dropout"])
    with pytest.warns(UserWarning, match="not recorded as CUDA graphs.*not permitted") as said:
        found = made(chosen, monkeypatch, fails)
    assert len(said) == 1
    the_same(found, made(chosen, monkeypatch, None))


@pytest.mark.parametrize(
    ("device", "switch", "records"),
    [("cuda", None, True), ("cuda", "1", True), ("cuda", "0", False), ("cpu", None, False)],
)
def test_the_switch(
    monkeypatch: pytest.MonkeyPatch, device: str, switch: str | None, records: bool
) -> None:
    monkeypatch.delenv(graphs.SWITCH, raising=False)
    if switch is not None:
        monkeypatch.setenv(graphs.SWITCH, switch)
    assert (graphs.recorder(torch.device(device)) is not None) is records


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("regularizer", REGULARIZERS)
def test_on_a_gpu(monkeypatch: pytest.MonkeyPatch, regularizer: str) -> None:
    data = {
        name: Split(split.inputs.cuda(), split.labels.cuda())
        for name, split in splits(N_TRAIN).items()
    }
    chosen = of("adam", REGULARIZERS[regularizer])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        recorded = trained(SEEDS, data, chosen)
    monkeypatch.setenv(graphs.SWITCH, "0")
    the_same(recorded, trained(SEEDS, data, chosen))
