"""Data in their usual forms, batch by batch; errors say in one line what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset, TensorDataset

ROWS: Final = 1024
"""Examples at a time, of data that come without batches."""


class Examples:
    """Inputs and classes of one split, batch by batch, as a model takes them.

    Parameters
    ----------
    which
        What the split is called in messages, such as ``validation``.
    data
        Inputs and classes, arrays or tensors; a `TensorDataset` or another `Dataset` of pairs; or
        a `DataLoader` of batches of pairs, which is read anew in every pass.
    model
        Inputs are brought to its device, and to its precision unless it looks integers up
        (`nn.Embedding`).
    rows
        Examples at a time; a `DataLoader` has its own.

    Raises
    ------
    ValueError
        The data are none of these, or inputs and classes do not belong together.
    """

    def __init__(
        self,
        which: str,
        data: Any,  # noqa: ANN401
        model: nn.Module,
        *,
        rows: int = ROWS,
    ) -> None:
        self.which = which
        first = next((p for p in model.parameters() if p.is_floating_point()), None)
        self._device = torch.device("cpu") if first is None else first.device
        self._precision = None if first is None else first.dtype
        self._looked_up = any(isinstance(part, nn.Embedding) for part in model.modules())
        self._batches: DataLoader[Any] | list[tuple[Tensor, Tensor]]
        if isinstance(data, TensorDataset):
            data = data.tensors
        if isinstance(data, DataLoader):
            self._batches = data
        elif isinstance(data, Dataset):
            self._batches = DataLoader(data, batch_size=rows)
        elif isinstance(data, tuple | list) and len(data) == 2:
            inputs, labels = self._tensor(data[0]), self._classes(data[1])
            if len(labels) != len(inputs) or len(labels) == 0:
                raise ValueError(
                    f"{which}: {len(inputs)} inputs and {len(labels)} labels; give one class per "
                    "example, and at least one example"
                )
            parts = (torch.split(tensor, rows) for tensor in (inputs, labels))
            self._batches = list(zip(*parts, strict=True))
        else:
            raise ValueError(
                f"{which}: a {type(data).__name__} cannot be read; give (inputs, labels), a "
                "Dataset or a DataLoader of such pairs"
            )

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield inputs (rows, ...) on the model's device and classes (rows) int64 on the CPU."""
        seen = 0
        for batch in self._batches:
            if not isinstance(batch, tuple | list) or len(batch) != 2:
                raise ValueError(f"{self.which}: batches have to be pairs of inputs and labels")
            inputs, labels = self._tensor(batch[0]), self._classes(batch[1])
            if len(inputs) != len(labels):
                raise ValueError(
                    f"{self.which}: a batch of {len(inputs)} inputs and {len(labels)} labels"
                )
            if inputs.is_floating_point():
                finite = inputs.flatten(1).isfinite().all(dim=1)
                if not finite.all():
                    raise ValueError(
                        f"{self.which}: input {seen + int(finite.int().argmin())} has values that "
                        "are not finite (NaN or infinity)"
                    )
            seen += len(labels)
            precision = None
            if self._precision is not None and (inputs.is_floating_point() or not self._looked_up):
                precision = self._precision
            yield inputs.to(self._device, precision).contiguous(), labels
        if seen == 0:
            raise ValueError(f"{self.which}: there is no example")

    def count(self) -> int:
        """Number of examples."""
        return sum(len(batch[1]) for batch in self._batches)

    def length(self) -> int | None:
        """Number of examples, if it is known without reading them."""
        if isinstance(self._batches, list):
            return self.count()
        try:
            return len(self._batches.dataset)  # type: ignore[arg-type]
        except TypeError:  # of a data set that is a stream
            return None

    def first(self) -> Tensor:
        """Inputs of the first batch, 8 at most."""
        return next(iter(self))[0][:8]

    def _tensor(self, inputs: Any) -> Tensor:  # noqa: ANN401
        try:
            tensor = torch.as_tensor(inputs).detach()
        except (TypeError, ValueError, RuntimeError) as error:
            raise ValueError(f"{self.which}: inputs are no array of numbers: {error}") from error
        if tensor.dim() < 2:
            raise ValueError(
                f"{self.which}: inputs of shape {tuple(tensor.shape)}; give (examples, features)"
            )
        return tensor

    def _classes(self, labels: Any) -> Tensor:  # noqa: ANN401
        mend = "number the classes from 0, in the order of the network's outputs"
        if not isinstance(labels, Tensor):
            array = np.asarray(labels)
            if array.dtype.kind not in "iufb":
                raise ValueError(f"{self.which}: label {array.flat[0]} is not a number; {mend}")
            labels = torch.as_tensor(array)
        labels = labels.detach().cpu()
        if labels.dim() != 1:
            raise ValueError(
                f"{self.which}: labels of shape {tuple(labels.shape)}; give one class per example, "
                "such as labels.argmax(1) of one-hot ones"
            )
        whole = labels.to(torch.int64)
        if labels.is_floating_point() and not torch.equal(whole.to(labels.dtype), labels):
            wrong = labels[whole.to(labels.dtype) != labels][0]
            raise ValueError(f"{self.which}: label {float(wrong):g} is not a class; {mend}")
        return whole


def check_classes(which: str, labels: Tensor, n_classes: int) -> None:
    """Refuse classes that the network has no output for.

    Raises
    ------
    ValueError
        A class is below 0, or not below `n_classes`.
    """
    low, high = int(labels.min()), int(labels.max())
    if low < 0 or high >= n_classes:
        raise ValueError(
            f"{which}: classes from {low} to {high}; the network's {n_classes} outputs are classes "
            f"0 to {n_classes - 1}"
        )
