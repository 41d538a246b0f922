"""Smallest joint information of two binary neurons about the class, given that of each: BROJA.

Bertschinger, Rauh, Olbrich, Jost and Ay, Entropy 16(4), 2014: the union information of T1 and T2
is the smallest I_Q(T1,T2;Y) over all Q with the pairwise marginals of (T1,Y) and (T2,Y).
Two binary neurons leave one number a class
free: how often both are on, x_y.  The minimum is convex in x, and where its gradient

    log(x_11 x_00 / (x_10 x_01))_y - log(X_11 X_00 / (X_10 X_01)),   X = sum over y of x_y,

is zero, all classes have the odds ratio of their sum.  Given an odds ratio exp(l), each x_y is
the root of a quadratic equation (Plackett, JASA 60, 1965), and l less the log odds ratio of the sum
does not fall with l (the minimum over x of a given sum is convex in that sum): so one root is
searched for by bracketed Newton steps, for all pairs at once.  The gap to the minimum is bounded
by the gradient (Frank and Wolfe): it is returned, and is no estimate.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

_PAIRS: Final = 4096
"""That are solved at once: their arrays stay in the cache."""
_GAP: Final = 1e-10
"""Bit, at which a pair counts as solved."""
_STEPS: Final = 60
_LARGEST: Final = 80.0
"""Logarithm of the odds ratio where its square still is a number and its inverse nothing."""


@dataclass(frozen=True)
class Union:
    """Union information of pairs, in bit.

    Attributes
    ----------
    information
        (pairs) I_Q(T1,T2;Y) of a Q with the right marginals: never below the minimum.
    gap
        (pairs) by how much it is above the minimum at most, rounding aside.
    """

    information: NDArray[np.float64]
    gap: NDArray[np.float64]


def union_information(first: np.ndarray, second: np.ndarray, sizes: np.ndarray) -> Union:
    """Smallest information of two binary neurons together with these marginals.

    Parameters
    ----------
    first, second
        (classes, pairs), examples of each class that switch on either neuron.
    sizes
        (classes) examples, none of them 0.
    """
    n_pairs = first.shape[1]
    information, gap = np.empty(n_pairs), np.empty(n_pairs)
    n = sizes.astype(np.float64)[:, None]
    for start in range(0, n_pairs, _PAIRS):
        part = slice(start, start + _PAIRS)
        a, b = (side[:, part].astype(np.float64) for side in (first, second))
        information[part], gap[part] = _solved(a, b, n)
    return Union(information, gap)


@dataclass(frozen=True)
class _Cells:
    """Examples by class and pair, each without cancellation: how many switch on which neuron."""

    both: NDArray[np.float64]
    neither: NDArray[np.float64]
    first: NDArray[np.float64]
    second: NDArray[np.float64]

    def all(self) -> tuple[NDArray[np.float64], ...]:
        return self.both, self.neither, self.first, self.second

    def information(self, n: NDArray[np.float64]) -> NDArray[np.float64]:
        """I(T1,T2;Y) in bit."""
        total = n.sum()
        nats = sum((_log_sum(cell).sum(axis=0) - _log_sum(cell.sum(axis=0))) for cell in self.all())
        nats = nats - _log_sum(n).sum() + total * np.log(total)
        return np.asarray(nats / (total * np.log(2)))


def _log_sum(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(values * np.log(np.where(values > 0, values, 1.0)))


class _Marginals:
    """What stays the same for a pair while its odds ratio changes."""

    def __init__(
        self, a: NDArray[np.float64], b: NDArray[np.float64], n: NDArray[np.float64]
    ) -> None:
        self.a, self.b, self.n = a, b, n

    def of(self, pairs: NDArray[np.bool_]) -> _Marginals:
        return _Marginals(self.a[:, pairs], self.b[:, pairs], self.n)

    def cells(self, log_odds: NDArray[np.float64]) -> _Cells:
        """Counts of every class at an odds ratio of 1 or more.

        Of the quadratic equation's two solutions and of each cell's own equation those that add
        and divide positive numbers only.
        """
        a, b, n = self.a, self.b, self.n
        excess = np.expm1(log_odds)
        odds = excess + 1
        low, high = np.minimum(a, b), np.maximum(a, b)
        apart = high - low
        root = np.sqrt((excess * apart) ** 2 + n * n + 2 * excess * (a * (n - b) + b * (n - a)))
        both = 2 * odds * a * b / (n + excess * (a + b) + root)
        neither = 2 * odds * (n - a) * (n - b) / (n + excess * (2 * n - a - b) + root)
        smaller = 2 * low * (n - high) / (n + excess * apart + root)
        return _Cells(both, neither, smaller + (a - low), smaller + (b - low))

    def most_equal(self) -> _Cells:
        """Counts at an infinite odds ratio: both are on as often as can be."""
        low, high = np.minimum(self.a, self.b), np.maximum(self.a, self.b)
        return _Cells(low, self.n - high, self.a - low, self.b - low)


def _solved(
    a: NDArray[np.float64], b: NDArray[np.float64], n: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Information and gap of pairs."""
    # Independent given the class, the pair may be positively or negatively related. If
    # negatively, "on" and "off" of the second are exchanged, so that the odds ratio is 1 or more.
    independent = (a * b / n, (n - a) * (n - b) / n, a * (n - b) / n, (n - a) * b / n)
    both, neither, only_first, only_second = (cell.sum(axis=0) for cell in independent)
    b = np.where(both * neither < only_first * only_second, n - b, b)
    whole = _Marginals(a, b, n)
    n_pairs = a.shape[1]
    log_odds, gap = np.zeros(n_pairs), np.full(n_pairs, np.inf)
    left, marginals = np.arange(n_pairs), whole
    low, high, here = np.zeros(n_pairs), np.full(n_pairs, _LARGEST), np.zeros(n_pairs)
    for _ in range(_STEPS):
        slope, gradient, bound = _step(marginals.cells(here), here, n)
        better = bound < gap[left]
        gap[left[better]], log_odds[left[better]] = bound[better], here[better]
        open_ = bound > _GAP
        if not open_.any():
            break
        low, high = np.where(gradient < 0, here, low), np.where(gradient < 0, high, here)
        with np.errstate(divide="ignore", invalid="ignore"):
            newton = here - gradient / slope
        inside = (newton > low) & (newton < high)
        here = np.where(inside, newton, (low + high) / 2)
        if open_.mean() < 0.7:
            left, marginals = left[open_], marginals.of(open_)
            low, high, here = low[open_], high[open_], here[open_]
    information = whole.cells(log_odds).information(n)
    # Identical neurons have an infinite odds ratio.
    extreme = whole.most_equal().information(n)
    lowest = np.minimum(information, extreme)
    return lowest, np.maximum(gap - (information - lowest), 0.0)


def _step(
    cells: _Cells, log_odds: NDArray[np.float64], n: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Derivative of the gradient, the gradient in nat, and the gap in bit."""
    sums = [cell.sum(axis=0) for cell in cells.all()]
    with np.errstate(divide="ignore", invalid="ignore"):
        freedom: NDArray[np.float64] = 1 / np.sum([1 / cell for cell in cells.all()], axis=0)
        slope = 1 - freedom.sum(axis=0) * sum(1 / total for total in sums)
        both, neither, first, second = (np.log(total) for total in sums)
        gradient = log_odds - (both + neither - first - second)
    up = np.minimum(cells.first, cells.second).sum(axis=0)
    down = np.minimum(cells.both, cells.neither).sum(axis=0)
    room = np.where(gradient < 0, up, down)
    # No class leaves anything free.
    gradient = np.where(room > 0, gradient, 0.0)
    return slope, gradient, np.abs(gradient) * room / (n.sum() * np.log(2))
