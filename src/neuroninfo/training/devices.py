"""What a job used of its GPU, for its log."""

from __future__ import annotations

import torch


def busy(device: torch.device) -> int | None:
    """Share of the last moment (up to 1 s) in which the GPU computed, in %.

    None on a CPU, or where NVIDIA's library for Python (nvidia-ml-py) or its driver is missing.
    """
    if device.type != "cuda":
        return None
    try:
        return torch.cuda.utilization(device)
    except (ModuleNotFoundError, RuntimeError):
        return None


def used(device: torch.device) -> list[str]:
    """Lines on the memory that this process took on a GPU at most; none on a CPU."""
    if device.type != "cuda":
        return []
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
        What the job was given (the resource ``gpu``).

    Raises
    ------
    RuntimeError
        CUDA is required and torch sees none: a job never falls back in silence.
    """
    if requested == "cpu" or (requested == "auto" and gpus == 0):
        return torch.device("cpu")
    if not torch.cuda.is_available():
        reason = f"device is {requested!r}" + (f" and the job has gpu={gpus}" if gpus else "")
        raise RuntimeError(
            f"{reason}, but torch {torch.__version__} sees no CUDA device: check the node's "
            "driver and partition, or set `device: cpu` in the configuration"
        )
    return torch.device("cuda")
