"""Use of the GPU by a job, for its log."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, Protocol

if TYPE_CHECKING:
    import torch

GIVEN_BY_SLURM: Final = (
    "SLURM_STEP_GPUS",
    "SLURM_JOB_GPUS",
    "CUDA_VISIBLE_DEVICES",
    "GPU_DEVICE_ORDINAL",
)
"""Variables in which SLURM lists the GPUs of a job, on one site this one, on others that one."""


class _Resources(Protocol):
    """What Snakemake calls a job's resources: they have the method of a mapping only."""

    def get(self, name: str, default: Any = ..., /) -> Any: ...  # noqa: ANN401


def given(resources: _Resources, environment: Mapping[str, str]) -> int:
    """How many GPUs a job was given, whichever way it asked for them.

    Parameters
    ----------
    resources
        Of the job: ``gpu`` is a number, ``gres`` such as ``gpu:2`` or ``gpu:a100:2``, and a
        ``gpu_model`` asks for one where there is no number.
    environment
        Of the process: what SLURM gave for other reasons (``slurm_extra``, a partition's
        default) is in `GIVEN_BY_SLURM`, looked at in jobs of SLURM only.
    """
    asked = int(resources.get("gpu", 0) or 0) or int(bool(resources.get("gpu_model", "")))
    for name, _, number in re.findall(
        r"(?:^|,)(?:gres:)?(\w+)(:[A-Za-z][\w.]*)?(?::(\d+))?", str(resources.get("gres", "") or "")
    ):
        if name == "gpu":
            asked = max(asked, int(number or 1))
    if "SLURM_JOB_ID" in environment:
        for name in GIVEN_BY_SLURM:
            listed = [one for one in environment.get(name, "").split(",") if one.strip()]
            if "NoDevFiles" not in listed:
                asked = max(asked, len(listed))
    return asked


def chosen(device: torch.device, gpus: int) -> str:
    """A line for the log: the device, and whether GPUs that the job was given are idle."""
    if device.type == "cpu" and gpus:
        return f"device: cpu, as the configuration says; the job holds {gpus} GPU unused"
    return f"device: {device}"


def busy(device: torch.device) -> int | None:
    """Share of the last moment (up to 1 s) in which the GPU computed, in %.

    None on a CPU, where NVIDIA's library for Python (nvidia-ml-py) or its driver is missing, and
    on a part of a GPU (MIG), of which the driver does not tell.
    """
    if device.type != "cuda":
        return None
    import torch

    try:
        import pynvml
    except ModuleNotFoundError:
        return None
    try:
        return torch.cuda.utilization(device)
    except (RuntimeError, pynvml.NVMLError):
        return None


def used(device: torch.device) -> list[str]:
    """Lines on the memory that this process took on a GPU at most; none on a CPU."""
    if device.type != "cuda":
        return []
    import torch

    properties = torch.cuda.get_device_properties(device)
    allocated, reserved = (
        f"{amount / 2**30:.3f} GiB"
        for amount in (
            torch.cuda.max_memory_allocated(device),
            torch.cuda.max_memory_reserved(device),
        )
    )
    return [
        f"{properties.name} ({properties.total_memory / 2**30:.1f} GiB): at most {allocated} in "
        f"tensors, {reserved} taken from the GPU"
    ]


def choose_device(requested: str, gpus: int) -> torch.device:
    """Resolve the configuration's ``device``.

    Parameters
    ----------
    requested
        ``auto``, ``cpu`` or ``cuda``. Under ``auto`` CUDA is used, and required, exactly
        when the job was given a GPU.
    gpus
        What the job was given (`given`).

    Raises
    ------
    RuntimeError
        CUDA is required and torch sees none: a job never falls back in silence.
    """
    import torch

    if requested == "cpu" or (requested == "auto" and gpus == 0):
        return torch.device("cpu")
    if not torch.cuda.is_available():
        reason = f"device is {requested!r}" + (f" and the job was given {gpus} GPU" if gpus else "")
        raise RuntimeError(
            f"{reason}, but torch {torch.__version__} sees no CUDA device: check the node's "
            "driver and partition, or set `device: cpu` in the configuration"
        )
    return torch.device("cuda")
