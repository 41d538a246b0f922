"""What a job's log says of its GPU."""

import sys
from types import SimpleNamespace

import pynvml
import pytest
import torch

from neuroninfo.training import devices

GPU = torch.device("cuda")


IN_SLURM = {"SLURM_JOB_ID": "7"}


@pytest.mark.parametrize(
    ("resources", "environment", "gpus"),
    [
        ({}, {}, 0),
        ({"gpu": 2}, {}, 2),
        ({"gpu": 0, "gres": ""}, IN_SLURM, 0),
        ({"gpu_model": "a100"}, {}, 1),
        ({"gpu_model": "a100", "gpu": 3}, {}, 3),
        ({"gres": "gpu"}, {}, 1),
        ({"gres": "gpu:2"}, {}, 2),
        ({"gres": "gpu:a100"}, {}, 1),
        ({"gres": "gpu:a100:2"}, {}, 2),
        ({"gres": "shard:2"}, {}, 0),
        ({"gres": "license:1,gpu:2"}, {}, 2),
        ({}, {"CUDA_VISIBLE_DEVICES": "0"}, 0),  # of a workstation
        ({}, IN_SLURM | {"CUDA_VISIBLE_DEVICES": ""}, 0),
        ({}, IN_SLURM | {"CUDA_VISIBLE_DEVICES": "NoDevFiles"}, 0),
        ({}, IN_SLURM | {"CUDA_VISIBLE_DEVICES": "GPU-12ab,GPU-34cd"}, 2),
        ({}, IN_SLURM | {"SLURM_JOB_GPUS": "1"}, 1),
        ({"gpu": 1}, IN_SLURM | {"SLURM_STEP_GPUS": "0", "SLURM_JOB_GPUS": "0"}, 1),
    ],
)
def test_how_many_gpus_a_job_was_given(
    resources: dict[str, int | str], environment: dict[str, str], gpus: int
) -> None:
    assert devices.given(resources, environment) == gpus


def test_a_log_says_that_a_gpu_is_idle() -> None:
    assert devices.chosen(GPU, 1) == "device: cuda"
    assert devices.chosen(torch.device("cpu"), 0) == "device: cpu"
    assert "holds 2 GPU unused" in devices.chosen(torch.device("cpu"), 2)


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


NOT_SUPPORTED = pynvml.NVMLError(pynvml.NVML_ERROR_NOT_SUPPORTED)


@pytest.mark.parametrize("error", [NOT_SUPPORTED, RuntimeError("driver")])
def test_how_busy_it_was(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    monkeypatch.setattr(torch.cuda, "utilization", lambda _: 37)
    assert devices.busy(GPU) == 37

    def fails(device: torch.device) -> int:
        raise error

    monkeypatch.setattr(torch.cuda, "utilization", fails)
    assert devices.busy(GPU) is None


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_without_a_driver_it_is_unknown_how_busy_a_gpu_is() -> None:
    assert devices.busy(GPU) is None


def test_without_nvidias_library_it_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "utilization", lambda _: 37)
    monkeypatch.setitem(sys.modules, "pynvml", None)
    assert devices.busy(GPU) is None


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_that_is_there() -> None:
    torch.zeros(2**20, device=GPU)
    (line,) = devices.used(GPU)
    assert torch.cuda.get_device_name() in line
    assert devices.busy(GPU) in (None, *range(101))
