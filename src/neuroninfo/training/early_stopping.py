"""Early stopping, for each seed by itself."""

from __future__ import annotations

import numpy as np
import torch

from neuroninfo.files.checkpoints import Arrays
from neuroninfo.training.learner import Learner


class EarlyStopping:
    """Remembers each seed's weights of the lowest validation loss until patience runs out."""

    def __init__(self, learner: Learner) -> None:
        self.learner = learner
        self.patience = learner.settings.regularizer.early_stopping or 0
        n_seeds = len(learner.stack.seeds)
        self.lowest = np.full(n_seeds, np.inf)
        self.best = np.zeros(n_seeds, dtype=np.int32)
        self.running = np.ones(n_seeds, dtype=bool)
        self.kept = [tensor.clone() for tensor in learner.state()]

    def see(self, epoch: int, loss: np.ndarray) -> None:
        """Take note of the validation losses (S) after an epoch."""
        better = self.running & (loss < self.lowest)
        self.lowest[better], self.best[better] = loss[better], epoch
        for position in np.flatnonzero(better):
            for kept, tensor in zip(self.kept, self.learner.state(), strict=True):
                kept[position] = tensor[position]
        self.running &= epoch - self.best < self.patience

    def checkpoint(self) -> Arrays:
        """The state on which later epochs depend."""
        kept = {f"kept-{number}": tensor.cpu().numpy() for number, tensor in enumerate(self.kept)}
        return kept | {"lowest": self.lowest, "best": self.best, "running": self.running}

    def resume(self, saved: Arrays) -> None:
        """Continue from a state that `checkpoint` gave."""
        for number, tensor in enumerate(self.kept):
            tensor.copy_(torch.from_numpy(saved[f"kept-{number}"]))
        for name, array in (("lowest", self.lowest), ("best", self.best)):
            array[:] = saved[name]
        self.running[:] = saved["running"]

    def restore(self) -> np.ndarray:
        """Put the remembered weights back; their epochs (S)."""
        for kept, tensor in zip(self.kept, self.learner.state(), strict=True):
            tensor.copy_(kept)
        return self.best
