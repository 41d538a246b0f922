"""Parts of a data set as tensors on a device."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from neuroninfo.data.datasets import Examples
from neuroninfo.vocabulary import SPLITS


@dataclass
class Split:
    """Inputs (n, n_inputs) float32 and labels (n) of one split, on the device."""

    inputs: Tensor
    labels: Tensor
    rows: Tensor | None = None
    """(S, m) rows that each network of a stack gets, in place of all of them."""

    def __len__(self) -> int:
        """Examples that a network gets."""
        return len(self.labels) if self.rows is None else self.rows.shape[1]


def split_tensors(examples: Examples, device: torch.device) -> dict[str, Split]:
    """Inputs and labels of each split as tensors on a device."""
    return {
        name: Split(
            torch.tensor(examples.inputs[examples.split(name)], device=device),
            torch.tensor(examples.labels[examples.split(name)], device=device),
        )
        for name in SPLITS
    }
