"""What a job's log says of its GPU."""

from types import SimpleNamespace

import pytest
import torch

from neuroninfo.training import devices

GPU = torch.device("cuda")


def test_nothing_of_a_gpu_on_a_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)  # there, but not used
    assert devices.used(torch.device("cpu")) == []
    assert devices.busy(torch.device("cpu")) is None


def test_memory_at_its_peak(monkeypatch: pytest.MonkeyPatch) -> None:
    properties = SimpleNamespace(name="NVIDIA Some", total_memory=80 * 2**30)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _: properties)
    monkeypatch.setattr(torch.cuda, "max_memory_allocated", lambda _: 3 * 2**29)
    monkeypatch.setattr(torch.cuda, "max_memory_reserved", lambda _: 2 * 2**30)
    line = "NVIDIA Some (80.0 GiB): at most 1.500 GiB in tensors, 2.000 GiB taken from the GPU"
    assert devices.used(GPU) == [line]


@pytest.mark.parametrize("error", [ModuleNotFoundError("nvidia-ml-py"), RuntimeError("driver")])
def test_how_busy_it_was(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    monkeypatch.setattr(torch.cuda, "utilization", lambda _: 37)
    assert devices.busy(GPU) == 37

    def fails(device: torch.device) -> int:
        raise error

    monkeypatch.setattr(torch.cuda, "utilization", fails)
    assert devices.busy(GPU) is None


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_that_is_there() -> None:
    torch.zeros(2**20, device=GPU)
    (line,) = devices.used(GPU)
    assert torch.cuda.get_device_name() in line
    assert devices.busy(GPU) in (None, *range(101))
