"""Bounds on the generalization gap: expected minus empirical loss of m examples (T5).

Information is in nats here, but for I(X;L) of a layer, which planes give in bits.  A bound that is
larger than any gap can be is *vacuous*: true, and of no use.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
import scipy.stats
import xarray as xr
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

LOSSES: Final = ("error", "cross-entropy")
"""0-1 loss, and cross-entropy in nats that is cut off at a highest value."""
PRIORS: Final = ("incoherence", "gradient-norm")
"""What noisy SGD with an example is compared with, to bound what its weights know of it: steps with
the mean gradient of the others in the batch in its place (Negrea et al. 2019), or with nothing (Li,
Luo, Qiao 2020)."""
SATURATED: Final = 0.1
"""An estimate of I(X;L) within so many bits of log2 of the number of examples is at its end."""
PLUG_IN, PERMUTED, WEIGHTS = "predictions", "permuted selections", "weights"
"""What U_i is compared with: B6, its baseline, and what B4 would need."""
BIASED: Final = 0.5
"""B6 says little where its baseline is this share of it or more: as much bias as information."""
CHANCE: Final = "plug-in, permuted"
"""Estimator of the rows of B6's baseline, which knows nothing of the halves."""
RANKED: Final = 3
"""Conditions that a rank correlation needs."""
COLUMNS: Final = (
    "loss",
    "bound",
    "estimator",
    "layer",
    "train_size",
    "n_conditions",
    "non_vacuous",
    "saturated",
    "violated",
    "ratio",
    "correlation",
    "note",
)
"""Of the table of bounds."""


class BoundError(ValueError):
    """There is no bound for these numbers; the message says which and what would do."""


def subgaussian(low: float, high: float) -> float:
    """Sigma of a loss in [low, high], (high - low) / 2 (Hoeffding's lemma): 1/2 for 0-1 loss.

    Raises
    ------
    BoundError
        It is no interval of finite length.
    """
    if not 0 < high - low < np.inf:
        raise BoundError(f"the loss lies in [{low}, {high}]: clip it, so that its range is finite")
    return (high - low) / 2


def input_compression(information: ArrayLike, m: ArrayLike, delta: float) -> Floats:
    """B2, sqrt((2^I(X;L) + ln(2/delta)) / (2m)) (Shwartz-Ziv, Painsky, Tishby 2018).

    A heuristic: it counts 2^I typical cells of the layer as a finite class of hypotheses.  The
    talk's slide leaves out the square root.

    Parameters
    ----------
    information
        I(X;L) in bits.
    m
        Examples.
    delta
        The bound holds with probability 1 - delta.

    Raises
    ------
    BoundError
        Negative information or a delta outside (0, 1).
    """
    bits, m = _information(information), _examples(m)
    if not 0 < delta < 1:
        raise BoundError(f"delta is {delta}: give a probability between 0 and 1, such as 0.05")
    with np.errstate(over="ignore"):
        return np.asarray(np.sqrt((np.exp2(bits) + np.log(2 / delta)) / (2 * m)))


def input_compression_vacuous(information: ArrayLike, m: ArrayLike) -> NDArray[np.bool_]:
    """Whether B2 says nothing: I(X;L) >= log2(2m), so that the bound is 1 or more."""
    return np.asarray(_information(information) >= np.log2(2 * _examples(m)))


def information_shape(information: ArrayLike, m: ArrayLike) -> Floats:
    """B1, sqrt(I(X;L)) ln(m) / sqrt(m), I in bits (Vera, Piantanida, Vega 2018, 1802.05355).

    Only its shape over m: we have not found the factor before it, so it is no number to compare a
    gap with.
    """
    bits, m = _information(information), _examples(m)
    return np.asarray(np.sqrt(bits) * np.log(m) / np.sqrt(m))


def weight_information(information: ArrayLike, m: ArrayLike, sigma: float) -> Floats:
    """B3, abs(E gap) <= sqrt(2 sigma^2 / m * I(D; A(D))) (Xu and Raginsky 2017).

    Parameters
    ----------
    information
        I(D; A(D)) of the training set and the weights, in nats, or more.
    m
        Independent examples of one distribution.
    sigma
        The loss is sigma-subgaussian under it for any weights (`subgaussian`).
    """
    nats, m = _information(information), _examples(m)
    return np.asarray(np.sqrt(2 * sigma**2 / m * nats))


def individual_samples(information: ArrayLike, sigma: float) -> Floats:
    """B4, abs(E gap) <= (1/m) sum_i sqrt(2 sigma^2 I(D_i; A(D))) (Bu, Zou, Veeravalli 2019).

    Never more than B3 of the same algorithm.

    Parameters
    ----------
    information
        (..., m) nats or more, of each example with the weights; examples are independent.  The mean
        over examples, (..., 1), gives as much or more (Jensen).
    sigma
        As of `weight_information`.
    """
    return np.asarray(np.sqrt(2 * sigma**2 * _information(information)).mean(axis=-1))


def noisy_sgd_information(
    learning_rate: ArrayLike, clipping_norm: float, noise: ArrayLike, dimension: int
) -> Floats:
    """B5, terms whose sum over steps is at least I(D; A(D)) (Pensia, Jog, Loh 2017), in nats.

    (d/2) ln(1 + eta_t^2 L^2 / (d sigma_t^2)) of a step w <- w - eta_t g_t + sigma_t N(0, I_d).

    Parameters
    ----------
    learning_rate
        eta_t.
    clipping_norm
        L, the largest norm of g_t, the part of the step that depends on data; may be infinite.
    noise
        sigma_t; 0: the term is infinite.
    dimension
        d, parameters that are trained.

    Raises
    ------
    BoundError
        A number is negative, or there is nothing trained.
    """
    eta, sigma = np.asarray(learning_rate, np.float64), np.asarray(noise, np.float64)
    if dimension < 1 or clipping_norm < 0 or (eta < 0).any() or (sigma < 0).any():
        raise BoundError(
            f"learning rate {eta.min()}, clipping norm {clipping_norm}, noise {sigma.min()} and "
            f"dimension {dimension}: none may be negative, the last is 1 or more"
        )
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = (eta * clipping_norm) ** 2 / (dimension * sigma**2)
    ratio = np.where(eta * clipping_norm == 0, 0.0, ratio)
    return np.asarray(dimension / 2 * np.log1p(ratio))


def selection_information(
    selected: NDArray[Any], predictions: NDArray[Any], n_symbols: int
) -> Floats:
    """I(U_i; predictions on pair i) by plug-in over networks, in nats.

    The estimate is too large by about (occupied symbols - 1) / (2k) nats with k networks (one
    bit of U): compare it with that of permuted selections.

    Parameters
    ----------
    selected
        (k, m), 0 or 1: which of each pair a network was trained on.
    predictions
        (k, m, 2) classes that it predicts for the two, below `n_symbols`; or (k, m) numbers for
        both together.
    n_symbols
        Values of one number in `predictions`.

    Returns
    -------
    ndarray
        (m), 0 to ln 2.

    Raises
    ------
    BoundError
        Shapes or values do not fit.
    """
    symbols = np.asarray(predictions, np.int64)
    chosen = np.asarray(selected, np.int64)
    if symbols.ndim == 3:
        symbols = symbols[..., 0] * n_symbols + symbols[..., 1]
        n_symbols = n_symbols**2
    if symbols.shape != chosen.shape or not chosen.size:
        raise BoundError(
            f"selections are {chosen.shape}, predictions {symbols.shape}: give (networks, pairs)"
        )
    if symbols.min() < 0 or symbols.max() >= n_symbols or not np.isin(chosen, (0, 1)).all():
        raise BoundError(f"predictions have to be 0 to {n_symbols - 1}, selections 0 or 1")
    k, m = chosen.shape
    cells = (np.arange(m) * n_symbols + symbols) * 2 + chosen
    counts = np.bincount(cells.ravel(), minlength=m * n_symbols * 2).reshape(m, n_symbols, 2)
    joint = counts / k

    def entropy(shares: Floats) -> Floats:
        return scipy.stats.entropy(shares.reshape(m, -1), axis=1)

    found = entropy(joint.sum(axis=1)) + entropy(joint.sum(axis=2)) - entropy(joint)
    return np.asarray(np.clip(found, 0, np.log(2)))


def functional_cmi(information: ArrayLike) -> Floats:
    """B6, abs(E gap) <= (1/m) sum_i sqrt(2 I(U_i; predictions)) (Harutyunyan et al. 2021).

    f-CMI of one pool of m pairs; the bound is its mean over pools.  The loss lies in [0, 1] and
    depends on predictions only.

    Parameters
    ----------
    information
        (..., m) nats (`selection_information`).
    """
    return individual_samples(information, sigma=1.0)


def _information(information: ArrayLike) -> Floats:
    values = np.asarray(information, np.float64)
    if (values < 0).any():
        raise BoundError(
            f"information is {values.min()}: it is never negative, so set estimates below 0 to 0"
        )
    return values


def _examples(m: ArrayLike) -> Floats:
    values = np.asarray(m, np.float64)
    if (values < 1).any():
        raise BoundError(f"{values.min()} examples: give 1 or more")
    return values


def over_pools(file: xr.Dataset) -> xr.Dataset:
    """B6 of one condition by training size, from all networks of its pools.

    Parameters
    ----------
    file
        ``supersample.nc``.

    Returns
    -------
    Dataset
        ``gap``, ``bound_value`` and ``baseline`` (permuted selections), means over pools, and
        ``saturated``: the baseline is not 0, and the share `BIASED` of the bound or more, so that
        the bound may be the bias of its estimate, which more networks make smaller.
    """
    whole = file["bound_value"].isel(networks=-1).mean("pool")
    value, baseline = (whole.sel(known_by=name, drop=True) for name in (PLUG_IN, PERMUTED))
    return xr.Dataset(
        {
            "gap": file["gap"].mean(("pool", "mask")),
            "bound_value": value,
            "baseline": baseline,
            "saturated": (baseline >= BIASED * value) & (baseline > 0),
        }
    )


def summary(files: Sequence[xr.Dataset], supersamples: Sequence[xr.Dataset] = ()) -> pd.DataFrame:
    """Where bounds say something, how far off they are, and whether they predict.

    Parameters
    ----------
    files
        ``bounds.nc`` of several conditions, of the same training sizes.
    supersamples
        ``supersample.nc`` of several conditions, for B6 and its baseline (`CHANCE`).

    Returns
    -------
    DataFrame
        `COLUMNS`, one row a loss, bound and training size, over the mean of each condition's
        seeds (B6: networks and pools): shares of conditions where the bound is below the largest
        gap there can be and the estimate behind it not at its end (``non_vacuous``), where it is
        (``saturated``; B6: as of `over_pools`), and where the gap is above the bound
        (``violated``: B2 with estimates need not hold); the median ratio of bound to gap over
        conditions with a positive gap, and Spearman's correlation of bound and gap over
        conditions. NaN where there is none; ``note`` says why.
    """
    found: dict[tuple[str, tuple[str, str, str], int], list[tuple[float, ...]]] = {}
    for file in files:
        gaps, values = file["gap"].mean("seed"), file["bound_value"].mean("seed")
        ended = file["saturated"].mean("seed")
        deepest = str(file["layer"].values[-1])
        for name in map(str, file["bound_name"].values):
            own = file.sel(bound_name=name)
            layer = str(own["of_layer"].item())
            about = (
                str(own["bound"].item()),
                str(own["of_estimator"].item()),
                "last" if layer == deepest else layer,
            )
            for loss in map(str, file["loss"].values):
                for m in map(int, file["train_size"].values):
                    here = {"loss": loss, "train_size": m}
                    cell = (
                        float(gaps.sel(here)),
                        float(values.sel(here | {"bound_name": name})),
                        float(file["highest"].sel(loss=loss)),
                        float(ended.sel(train_size=m, bound_name=name) > 0.5),
                    )
                    if not np.isnan(cell[1]):
                        found.setdefault((loss, about, m), []).append(cell)
    for file in supersamples:
        pooled = over_pools(file)
        for m in map(int, pooled["train_size"].values):
            own = pooled.sel(train_size=m)
            for estimator, name in (("plug-in", "bound_value"), (CHANCE, "baseline")):
                cell = (float(own["gap"]), float(own[name]), 1.0, float(own["saturated"]))
                found.setdefault(("error", ("B6", estimator, ""), m), []).append(cell)
    rows = []
    for (loss, about, m), cells in found.items():
        gap, value, highest, saturated = np.array(cells, np.float64).T
        shape, chance = about[0] == "B1", about[1] == CHANCE
        positive = gap > 0
        constant = len(cells) < RANKED or np.ptp(gap) == 0 or np.ptp(value) == 0
        notes = {
            "shape only: its factor is not known": shape,
            "no bound, but its bias: ranks as good as these are no merit": chance,
            f"no correlation: fewer than {RANKED} conditions, or all equal": constant,
        }
        row: dict[str, object] = dict(zip(("bound", "estimator", "layer"), about, strict=True))
        row |= {"loss": loss, "train_size": m, "n_conditions": len(cells)}
        row["saturated"] = saturated.mean()
        row["note"] = "; ".join(words for words, true in notes.items() if true)
        if not (shape or chance):
            row["non_vacuous"] = ((value < highest) & (saturated == 0)).mean()
            row["violated"] = (value < gap).mean()
        if not (shape or chance) and positive.any():
            row["ratio"] = np.median(value[positive] / gap[positive])
        if not constant:
            row["correlation"] = scipy.stats.spearmanr(value, gap).statistic
        rows.append(row)
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    return table.sort_values(
        ["loss", "bound", "estimator", "layer", "train_size"],
        ascending=[False, True, True, False, True],
        ignore_index=True,
    )
