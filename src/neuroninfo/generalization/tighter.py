"""Tighter bounds from supersamples: from the losses on both examples of each pair, and the halves.

What is known of the half U_i is asked of less and less: the predictions on pair i (f-CMI), both of
its losses (e-CMI), their difference (ld), one of them (single loss).  Each of these knows less of
U_i than the one before.  Without the pool less is known too, but the root of a mean is no less
than the mean of the roots over pools and pairs, so ld-MI may be above ld-CMI.  Sources:
Hellstroem and Durisi 2022 (losses, binary KL); Wang and Mao, ICML 2023, arXiv:2302.02432
(difference, single loss, fast rate).

Information given the pool is estimated within each pool and pair, from its k networks, which is
too large by about (occupied symbols - 1) / (2k) nats.  Without the pool it is the same for all
pairs, since examples are independent and drawn alike: all pairs, pools and networks count as one
sample, whose bias is small.  Loss is 0-1 loss, information is in nats.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.optimize import brentq, minimize_scalar
from scipy.special import rel_entr

from neuroninfo.generalization.bounds import functional_cmi, selection_information

Floats = NDArray[np.float64]

_SHIFTS: Final = (1, 2, 3, 4, 5)
"""For the baseline, each network gets the halves of the network that is this number further on."""


@dataclass(frozen=True)
class Supersample:
    """Networks trained on halves of pools of one size.

    Attributes
    ----------
    wrong
        (pools, k, m, 2) 0-1 loss on the two examples of each pair.
    selected
        (pools, k, m) which of the two a network was trained on.
    """

    wrong: NDArray[np.int64]
    selected: NDArray[np.int64]

    @classmethod
    def read(cls, file: xr.Dataset, size: int) -> Supersample:
        """Those of one training size in ``supersample.nc``.

        Raises
        ------
        ValueError
            The file is of an earlier version, which did not store halves and predictions.
        """
        if missing := {"selected", "predicted", "label"} - set(map(str, file.data_vars)):
            raise ValueError(
                f"supersample.nc of an earlier version, without {', '.join(sorted(missing))}; "
                "remove it and run the rule supersample again"
            )
        own = file.sel(train_size=size)
        selected = own["selected"].values[..., :size].astype(np.int64)
        predicted = own["predicted"].values[..., : 2 * size]
        wrong = predicted != own["label"].values[:, None, : 2 * size]
        return cls(wrong.reshape(*selected.shape, 2).astype(np.int64), selected)

    def without(self, pool: int) -> Supersample:
        """All pools but one."""
        return Supersample(np.delete(self.wrong, pool, 0), np.delete(self.selected, pool, 0))

    def shifted(self, networks: int) -> Supersample:
        """The same losses with the halves of other networks of the pool."""
        return Supersample(self.wrong, np.roll(self.selected, networks, axis=1))

    @property
    def losses(self) -> tuple[float, float]:
        """Mean loss on selected and on other examples."""
        own = np.take_along_axis(self.wrong, self.selected[..., None], -1)
        return float(own.mean()), float(self.wrong.sum(axis=-1).mean() - own.mean())


def evaluated_cmi(sample: Supersample) -> float:
    """E-CMI, abs(E gap) <= E (1/m) sum_i sqrt(2 I(both losses; U_i)) given the pool.

    Hellstroem and Durisi 2022.
    """
    return _given_pool(sample, 2 * sample.wrong[..., 0] + sample.wrong[..., 1], 4)


def difference_cmi(sample: Supersample) -> float:
    """Ld-CMI, the same of the difference of the losses; Wang and Mao 2023."""
    return _given_pool(sample, sample.wrong[..., 1] - sample.wrong[..., 0] + 1, 3)


def difference_mi(sample: Supersample) -> float:
    """Ld-MI, abs(E gap) <= sqrt(2 I(difference of the losses; U)); Wang and Mao 2023."""
    return float(np.sqrt(2 * _pooled(_difference_table(sample))))


def single_loss_mi(sample: Supersample) -> float:
    """Single-loss MI, abs(E gap) <= 2 sqrt(2 I(one loss; U)); Wang and Mao 2023."""
    return float(2 * np.sqrt(2 * single_loss_information(*sample.losses)))


def binary_kl(sample: Supersample) -> float:
    """Binary KL, d(train, (train + test) / 2) <= I(both losses; U), as a bound on the gap.

    Hellstroem and Durisi 2022 have the information given the pool; without it the same holds, by
    data processing, and is tighter.
    """
    return binary_kl_gap(sample.losses[0], _pooled(_pair_table(sample)))


def fast_rate(sample: Supersample) -> float:
    """Fast rate, gap <= C1 train + I(one loss; U) / C2; Wang and Mao 2023, section 4.

    The smallest over all C1, C2 > 0 with exp(2 C2) + exp(-2 C2 (C1 + 1)) <= 2.
    """
    train, test = sample.losses
    return fast_rate_gap(train, single_loss_information(train, test))


BOUNDS: Final[Mapping[str, Callable[[Supersample], float]]] = {
    "e-CMI": evaluated_cmi,
    "ld-CMI": difference_cmi,
    "ld-MI": difference_mi,
    "single-loss MI": single_loss_mi,
    "binary KL": binary_kl,
    "fast rate": fast_rate,
}
"""Name -> bound on the gap of 0-1 loss."""
GIVEN_POOL: Final = ("e-CMI", "ld-CMI")
"""Bounds whose plug-in bias has to be checked."""


def baseline(sample: Supersample, name: str) -> float:
    """A bound from the halves of other networks, which shows the value by chance."""
    return float(np.mean([BOUNDS[name](sample.shifted(by)) for by in _SHIFTS]))


def single_loss_information(train: float, test: float) -> float:
    """I(one loss; U) of 0-1 loss in nats, from the two error rates.

    U says with equal chance whether the example was trained on, so it is their Jensen-Shannon
    divergence.
    """
    return _pooled(np.array([[1 - train, train], [1 - test, test]]).T / 2)


def binary_kl_gap(train: float, information: float) -> float:
    """Largest R - train with d(train, (train + R) / 2) <= information (nats), R at most 1."""

    def excess(risk: float) -> float:
        middle = (train + risk) / 2
        divergence = rel_entr(train, middle) + rel_entr(1 - train, 1 - middle)
        return float(divergence - information)

    if train >= 1 or excess(1.0) <= 0:
        return 1 - train
    return float(brentq(excess, train, 1.0) - train)


def fast_rate_gap(train: float, information: float) -> float:
    """Smallest C1 train + information / C2, where C1 is the smallest that C2 allows."""
    most = np.log(2) / 2
    if train == 0 or information == 0:
        return float(information / most)

    def value(c2: float) -> float:
        c1 = -np.log(2 - np.exp(2 * c2)) / (2 * c2) - 1
        return float(c1 * train + information / c2)

    found = minimize_scalar(
        value, bounds=(1e-9, most * (1 - 1e-12)), method="bounded", options={"xatol": 1e-12}
    )
    return float(found.fun)


def _given_pool(sample: Supersample, symbols: NDArray[np.int64], n_symbols: int) -> float:
    """Mean over pools of the square-root bound from informations of each pair."""
    return float(
        np.mean(
            [
                functional_cmi(selection_information(selected, of_pool, n_symbols))
                for selected, of_pool in zip(sample.selected, symbols, strict=True)
            ]
        )
    )


def _difference_table(sample: Supersample) -> Floats:
    return _table(sample.wrong[..., 1] - sample.wrong[..., 0] + 1, sample.selected, 3)


def _pair_table(sample: Supersample) -> Floats:
    return _table(2 * sample.wrong[..., 0] + sample.wrong[..., 1], sample.selected, 4)


def _table(symbols: NDArray[Any], selected: NDArray[np.int64], n_symbols: int) -> Floats:
    """Shares of symbols and halves, over all pairs, pools and networks."""
    cells = np.bincount((2 * symbols + selected).ravel(), minlength=2 * n_symbols)
    return np.asarray(cells.reshape(n_symbols, 2) / cells.sum())


def _pooled(joint: Floats) -> float:
    """Mutual information in nats of a joint distribution (symbols, 2)."""
    product = joint.sum(axis=1, keepdims=True) * joint.sum(axis=0)
    return float(max(rel_entr(joint, product).sum(), 0.0))
