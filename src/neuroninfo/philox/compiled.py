"""Philox4x32-10 for a CPU, compiled: the numbers of `numbers`, bit for bit.

Numbers of one counter lie a plane apart, not side by side, so that the compiler takes several
counters at a time.  Compiled functions are cached on disk beside this file.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numba
import numpy as np

from neuroninfo.philox.constants import MULTIPLIERS, WEYL, WORD

_Function = TypeVar("_Function", bound=Callable[..., Any])

_WORD, _HALF = np.uint64(WORD), np.uint64(0xFFFF)
_M0, _M1 = map(np.uint64, MULTIPLIERS)
_W0, _W1 = map(np.uint64, WEYL)
_32, _16, _0 = np.uint64(32), np.uint64(16), np.uint64(0)


def _compiled(function: _Function) -> _Function:
    return numba.njit(cache=True, nogil=True, error_model="numpy")(function)


def _inlined(function: _Function) -> _Function:
    """Calls within a loop keep it from becoming vectors."""
    return numba.njit(inline="always", error_model="numpy")(function)


@_inlined
def _round(c0: Any, c1: Any, c2: Any, c3: Any, k0: Any, k1: Any) -> Any:
    a, b = c0 * _M0, c2 * _M1
    return (b >> _32) ^ c1 ^ k0, b & _WORD, (a >> _32) ^ c3 ^ k1, a & _WORD


@_inlined
def block(c0: Any, c1: Any, c2: Any, c3: Any, k0: Any, k1: Any) -> Any:
    """Four words of 32 bits, in uint64, of a counter of four words and a key of two."""
    # Written out: the compiler makes vectors of loops without loops inside only.
    w0, w1 = _W0, _W1
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, k0, k1)
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, (k0 + w0) & _WORD, (k1 + w1) & _WORD)
    k0, k1 = k0 + w0 + w0, k1 + w1 + w1
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, k0 & _WORD, k1 & _WORD)
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, (k0 + w0) & _WORD, (k1 + w1) & _WORD)
    k0, k1 = k0 + w0 + w0, k1 + w1 + w1
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, k0 & _WORD, k1 & _WORD)
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, (k0 + w0) & _WORD, (k1 + w1) & _WORD)
    k0, k1 = k0 + w0 + w0, k1 + w1 + w1
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, k0 & _WORD, k1 & _WORD)
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, (k0 + w0) & _WORD, (k1 + w1) & _WORD)
    k0, k1 = k0 + w0 + w0, k1 + w1 + w1
    c0, c1, c2, c3 = _round(c0, c1, c2, c3, k0 & _WORD, k1 & _WORD)
    return _round(c0, c1, c2, c3, (k0 + w0) & _WORD, (k1 + w1) & _WORD)


@_compiled
def factors(keys: Any, first: Any, dropped: Any, kept: Any, out: Any) -> None:
    """`numbers.Numbers.factors`: out is (G, steps, 8, counters), keys (G, 2) uint64."""
    for network in range(out.shape[0]):
        k0, k1 = keys[network, 0], keys[network, 1]
        least, factor = np.uint64(dropped[network]), kept[network]
        nothing = factor - factor
        for step in range(out.shape[1]):
            to, at = out[network, step], np.uint64(first + step)
            for i in range(to.shape[1]):
                w0, w1, w2, w3 = block(np.uint64(i), at, _0, _0, k0, k1)
                to[0, i] = factor if w0 & _HALF >= least else nothing
                to[1, i] = factor if w0 >> _16 >= least else nothing
                to[2, i] = factor if w1 & _HALF >= least else nothing
                to[3, i] = factor if w1 >> _16 >= least else nothing
                to[4, i] = factor if w2 & _HALF >= least else nothing
                to[5, i] = factor if w2 >> _16 >= least else nothing
                to[6, i] = factor if w3 & _HALF >= least else nothing
                to[7, i] = factor if w3 >> _16 >= least else nothing


@_compiled
def gaussians(keys: Any, first: Any, quantiles: Any, out: Any) -> None:
    """`numbers.Numbers.gaussians`: out is (G, steps, 4, counters), keys (G, 2) uint64."""
    for network in range(out.shape[0]):
        k0, k1 = keys[network, 0], keys[network, 1]
        for step in range(out.shape[1]):
            to, at = out[network, step], np.uint64(first + step)
            for i in range(to.shape[1]):
                w0, w1, w2, w3 = block(np.uint64(i), at, _0, _0, k0, k1)
                to[0, i] = quantiles[w0 & _HALF] + quantiles[w0 >> _16]
                to[1, i] = quantiles[w1 & _HALF] + quantiles[w1 >> _16]
                to[2, i] = quantiles[w2 & _HALF] + quantiles[w2 >> _16]
                to[3, i] = quantiles[w3 & _HALF] + quantiles[w3 >> _16]
