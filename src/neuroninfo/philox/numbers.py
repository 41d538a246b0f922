"""Random numbers that are counted, not drawn in a row: the same on a CPU and on a GPU.

Philox4x32-10 (Salmon, Moraes, Dror, Shaw 2011) turns a key and a counter into four words of 32
bits.  The key stands for the stream, the network and the layer, the counter for the step and the
place, so a number depends on nothing that was drawn before, and there is no state to be saved.

On a CPU `compiled` computes them, elsewhere plain integer operations of torch; the bits are the
same.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import ndtri
from torch import Tensor

from neuroninfo.philox.constants import MULTIPLIERS, ROUNDS, WEYL, WORD
from neuroninfo.streams import Stream, generator

HALVES: Final = 2**16
"""Values of 16 bits, half a word."""


@functools.cache
def quantiles() -> NDArray[np.float32]:
    """(`HALVES`) numbers whose sum of two, drawn evenly and independently, is standard normal.

    Quantiles of the normal distribution at the middle of intervals of equal probability, scaled
    so that the variance of the sum is 1.
    """
    upper = ndtri((np.arange(HALVES // 2, HALVES) + 0.5) / HALVES)
    values = np.concatenate([-upper[::-1], upper])
    return (values / np.sqrt(2 * np.mean(values**2))).astype(np.float32)


def words(keys: Tensor, steps: Tensor, counters: int) -> Tensor:
    """Philox4x32-10 in int64.

    Parameters
    ----------
    keys
        (..., 2) words.
    steps
        (B) words.
    counters
        From 0 on.

    Returns
    -------
    Tensor
        (..., B, 4, counters) words of the counters (counter, step, 0, 0).
    """
    k0, k1 = keys[..., 0, None, None], keys[..., 1, None, None]
    shape = (*keys.shape[:-1], len(steps), counters)
    c0 = torch.arange(counters, device=keys.device).expand(shape)
    c1 = steps[:, None].expand(shape)
    c2 = c3 = torch.zeros_like(c0)
    return torch.stack(block((c0, c1, c2, c3), (k0, k1)), dim=-2)


def block(counter: Sequence[Tensor], key: Sequence[Tensor]) -> list[Tensor]:
    """Four words of 32 bits, in int64, of a counter of four words and a key of two."""
    (c0, c1, c2, c3), (k0, k1) = counter, key
    for _ in range(ROUNDS):
        # Products wrap around and shifts copy the sign: what is kept of them is right.
        a, b = c0 * MULTIPLIERS[0], c2 * MULTIPLIERS[1]
        c0, c1 = ((b >> 32) & WORD) ^ c1 ^ k0, b & WORD
        c2, c3 = ((a >> 32) & WORD) ^ c3 ^ k1, a & WORD
        k0, k1 = (k0 + WEYL[0]) & WORD, (k1 + WEYL[1]) & WORD
    return [c0, c1, c2, c3]


class Numbers:
    """Random numbers of the networks of a stack for one purpose, by layer, step and place.

    Parameters
    ----------
    study_seed, stream
        As of `streams.generator`.
    seeds
        Of the networks.
    layers
        How many layers have numbers of their own.
    device
        Where they are needed.
    """

    def __init__(
        self,
        study_seed: int,
        stream: Stream,
        seeds: Sequence[int],
        layers: int,
        device: torch.device,
    ) -> None:
        self.device = device
        self.compiled = device.type == "cpu"
        """Whether by numba; torch gives the same bits."""
        self.keys = np.array(
            [[_key(study_seed, stream, seed, layer) for layer in range(layers)] for seed in seeds],
            dtype=np.uint64,
        ).reshape(len(seeds), layers, 2)
        """(S, layers, 2) words."""

    def factors(
        self, networks: slice, layer: int, steps: range, count: int, dropped: NDArray[np.int64]
    ) -> Tensor:
        """Factors of dropout, (G, steps, count): 0, or what keeps the mean.

        Parameters
        ----------
        networks, layer, steps
            Whose numbers.
        count
            Of a network in a step.
        dropped
            (G) of the `HALVES` values of 16 bits those that drop.
        """
        kept = HALVES / (HALVES - dropped)
        keys, dtype = np.ascontiguousarray(self.keys[networks, layer]), torch.get_default_dtype()
        shape = (len(keys), len(steps), 8, -(-count // 8))
        if self.compiled:
            from neuroninfo.philox import compiled  # needs numba, which takes time to be imported

            out = torch.empty(shape, dtype=dtype)
            values = out.numpy()
            compiled.factors(keys, steps.start, dropped, kept.astype(values.dtype), values)
        else:
            bits = _halves(self._words(keys, steps, shape[-1]))
            on_device = [torch.from_numpy(a).to(self.device) for a in (dropped, kept)]
            least, factor = (array[:, None, None, None] for array in on_device)
            out = (bits >= least) * factor.to(dtype)
        return out.flatten(2)[..., :count]

    def gaussians(self, networks: slice, layer: int, steps: range, count: int) -> Tensor:
        """Standard normal numbers, (G, steps, count) float32.

        Each is a sum of two of `quantiles`, rounded once: no function whose last bits depend on
        the machine. The distribution function is right to 1e-5; the tail beyond 3 deviations is
        right to 0.1 %, beyond 4 to 2 %, beyond 5 to 17 %; no number is beyond 6.1.
        """
        keys = np.ascontiguousarray(self.keys[networks, layer])
        shape = (len(keys), len(steps), 4, -(-count // 4))
        if self.compiled:
            from neuroninfo.philox import compiled  # needs numba, which takes time to be imported

            out = torch.empty(shape, dtype=torch.float32)
            compiled.gaussians(keys, steps.start, quantiles(), out.numpy())
        else:
            drawn = self._words(keys, steps, shape[-1])
            table = torch.from_numpy(quantiles()).to(self.device)
            out = table[drawn & (HALVES - 1)] + table[drawn >> 16]
        return out.flatten(2)[..., :count]

    def _words(self, keys: NDArray[np.uint64], steps: range, counters: int) -> Tensor:
        as_tensor = torch.from_numpy(keys.astype(np.int64)).to(self.device)
        at = torch.arange(steps.start, steps.stop, device=self.device)
        return words(as_tensor, at, counters)


def _key(study_seed: int, stream: Stream, seed: int, layer: int) -> list[int]:
    """Two words: those that the seed sequence of `streams.generator` begins with."""
    sequence = generator(study_seed, stream, seed, layer).bit_generator.seed_seq
    assert isinstance(sequence, np.random.SeedSequence)
    return sequence.generate_state(2).tolist()


def _halves(drawn: Tensor) -> Tensor:
    """(..., 4, n) words -> (..., 8, n) values of 16 bits, the lower half of a word first."""
    return torch.stack([drawn & (HALVES - 1), drawn >> 16], dim=-2).flatten(-3, -2)
