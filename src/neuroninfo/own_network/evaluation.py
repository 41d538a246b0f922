"""A model as it is used: evaluation mode, no gradients, its own logits."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from typing import Any, Final

import torch
from torch import Tensor, nn

_TOLERANCE: Final = 1.6
"""Difference of logits, relative to the largest, that counts as rounding: times the square root of
the precision's epsilon, 0.00055 in float32."""


def plain(model: Any) -> nn.Module:  # noqa: ANN401
    """The module behind `torch.compile`, which is the same function and has the same parameters.

    Raises
    ------
    ValueError
        It is no torch module, or a weight is not finite.
    """
    if not isinstance(model, nn.Module):
        raise ValueError(f"a {type(model).__name__} is not a torch.nn.Module")
    original = getattr(model, "_orig_mod", model)
    assert isinstance(original, nn.Module)
    for name, parameter in original.named_parameters():
        if not parameter.detach().isfinite().all():
            raise ValueError(f"weights {name!r} have values that are not finite (NaN or infinity)")
    return original


@contextlib.contextmanager
def evaluating(model: nn.Module, *, fast: bool = False) -> Iterator[None]:
    """Evaluation mode without gradients, nothing compiled; each module gets its mode back.

    Unless `fast`, `nn.TransformerEncoderLayer` calls the modules within it.
    """
    training = {part: part.training for part in model.modules()}
    # Modules that were compiled in place run as they were written: hooks have to be called.
    compiled = {part: part._compiled_call_impl for part in model.modules()}
    enabled = torch.backends.mha.get_fastpath_enabled()
    model.eval()
    for part in compiled:
        part._compiled_call_impl = None
    torch.backends.mha.set_fastpath_enabled(enabled and fast)
    try:
        with torch.no_grad():
            yield
    finally:
        torch.backends.mha.set_fastpath_enabled(enabled)
        for part, mode in training.items():
            part.training = mode
            part._compiled_call_impl = compiled[part]


def logits(model: nn.Module, inputs: Tensor, rows: int | None = None) -> Tensor:
    """Outputs of a model in evaluation mode, (rows, classes); rows: by default those of inputs.

    Raises
    ------
    ValueError
        They are no such table, or not finite; or the model does not take such inputs.
    """
    try:
        given = model(inputs)
    except (RuntimeError, TypeError, IndexError) as error:
        raise ValueError(
            f"the model does not take inputs of shape {tuple(inputs.shape)}: "
            + str(error).partition("\n")[0]
        ) from error
    rows = len(inputs) if rows is None else rows
    if not isinstance(given, Tensor) or given.dim() != 2 or len(given) != rows:
        shown = tuple(given.shape) if isinstance(given, Tensor) else type(given).__name__
        raise ValueError(
            f"the model gives {shown} for {rows} examples; a classifier gives (examples, classes)"
        )
    if not given.isfinite().all():
        raise ValueError("the model gives outputs that are not finite (NaN or infinity)")
    return given


def all_logits(model: nn.Module, batches: Iterable[tuple[Tensor, Tensor]]) -> Tensor:
    """Outputs of a model in evaluation mode for all examples."""
    with evaluating(model, fast=True):
        return torch.cat([logits(model, inputs) for inputs, _ in batches])


def are_probabilities(given: Tensor) -> bool:
    """Whether outputs are of a softmax: not negative, and of sum 1 in each example."""
    off = (given.sum(dim=1) - 1).abs().max()
    return bool((given >= 0).all()) and float(off) < torch.finfo(given.dtype).eps ** 0.5


def difference(ours: Tensor, theirs: Tensor) -> float:
    """Largest difference of logits, in units of what rounding explains; 1 at most if they agree."""
    if ours.shape != theirs.shape:
        return float("inf")
    epsilon = max(torch.finfo(ours.dtype).eps, torch.finfo(theirs.dtype).eps)
    scale = max(1.0, float(theirs.abs().max()))
    off = float((ours.double() - theirs.double()).abs().max())
    return off / (_TOLERANCE * epsilon**0.5 * scale)


def check_agreement(ours: Tensor, theirs: Tensor, mend: str) -> None:
    """Refuse to study a network that computes something else than the model.

    Parameters
    ----------
    ours, theirs
        Logits of the network that is analysed and of ``model.eval()``, for the same examples.
    mend
        What to do about it.

    Raises
    ------
    ValueError
        They differ by more than rounding; the message has the difference.
    """
    if difference(ours, theirs) <= 1:
        return
    largest, right = (ours.double() - theirs.double()).abs().max(), ours.argmax(1)
    changed = int((right != theirs.argmax(1)).sum())
    raise ValueError(
        f"the network that is analysed is not what model.eval() computes: logits differ by up to "
        f"{float(largest):.3g}, and {changed} of {len(ours)} predictions; {mend}"
    )
