"""Pairs of neurons that are spared singly and needed jointly, and whether they are redundant.

A neuron can be spared if its removal alone costs at most a share `counts.UNCHANGED` of the
correct predictions above chance; a pair is needed jointly if both neurons can be spared, and
removing both costs more than that.  Needed pairs are compared with all other pairs of
such neurons that vary, by Cliff's delta: the probability that a needed pair has the larger
value less the probability that the other one has it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import IO, Any, Final

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from neuroninfo.files.seeds import slices
from neuroninfo.results.counts import UNCHANGED
from neuroninfo.results.statistics import cliffs_delta
from neuroninfo.synergy.settings import NOT_REMOVED, SHOWN
from neuroninfo.vocabulary import CONDITION, condition_names

COLUMNS: Final[Mapping[str, type]] = {
    **dict.fromkeys((*CONDITION, "scope"), str),
    **dict.fromkeys(("seed", "first", "second"), int),
    **dict.fromkeys(("cost_first", "cost_second", "cost_both"), int),
    **dict.fromkeys(("joint", "redundancy", "synergy"), float),
}
"""Of the list of needed pairs; costs are correct predictions on test, the parts are by BROJA."""
_ROW: Final = [name for name, kind in COLUMNS.items() if kind is not str]
"""Columns of a row within a layer."""
_STORED: Final = np.dtype([(name, COLUMNS[name]) for name in _ROW])
"""Of rows in the temporary file."""
_ROWS: Final = 200_000
"""Rows of the list that are sorted in memory (chosen)."""
_LISTED: Final = 10
"""Pairs of a layer on the page."""
_ROUNDING: Final = 1e-9
"""In examples."""
_COUNTS: Final = ("pairs_spared", "pairs_needed", "pairs_beyond_sum")
_PARTS: Final = ("redundancy", "synergy")
_READ: Final = (
    *("correct_unablated", "correct_alone", "correct_together"),
    *("information", "joint_information", "redundancy"),
)
"""Variables of ``synergy.nc`` that say which pairs are needed."""


def listed(
    conditions: Iterable[tuple[Mapping[str, Any], Mapping[str, xr.Dataset]]],
) -> Iterator[pd.DataFrame]:
    """List the needed pairs of each layer, those that cost most first, piece by piece.

    Rows wait in a temporary file until those of all seeds are known, so that memory does not grow
    with the number of seeds.

    Parameters
    ----------
    conditions
        Names of each condition, and ``synergy.nc`` of all its seeds, in memory or opened.

    Yields
    ------
    DataFrame
        `COLUMNS`; the pieces are one below the other, and the first one has no rows.
    """
    yield pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in COLUMNS.items()})
    for condition, groups in conditions:
        for scope, group in groups.items():
            of_seeds = (
                frame[frame["needed"]].assign(seed=seed)[_ROW]
                for seed, frame in zip(group["seed"].values.tolist(), removed(group), strict=True)
            )
            for piece in _sorted(of_seeds):
                yield piece.assign(**condition_names(condition), scope=scope)[list(COLUMNS)]


class Page:
    """Of a list the pairs of each layer that cost most, kept while its pieces pass."""

    def __init__(self) -> None:
        self._first: list[pd.DataFrame] = []

    def of(self, pieces: Iterable[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        """Give the same pieces."""
        for piece in pieces:
            self._first.append(_first_of_layers(piece))
            yield piece

    def table(self) -> pd.DataFrame:
        """Rows of the pieces that passed."""
        filled = [rows for rows in self._first if len(rows)]
        return _first_of_layers(pd.concat(filled or self._first[:1], ignore_index=True))


def _first_of_layers(needed: pd.DataFrame) -> pd.DataFrame:
    return needed.groupby([*CONDITION, "scope"], sort=False).head(_LISTED)


def _sorted(frames: Iterable[pd.DataFrame]) -> Iterator[pd.DataFrame]:
    """Rows of frames, those that cost most first and else in their order, in pieces.

    Pieces of about `_ROWS` rows are sorted and written to a temporary file; then the rows of each
    range of costs are read from all of them.
    """
    with tempfile.TemporaryFile() as file:
        runs = [_written(file, run) for run in _runs(frames)]
        costs = np.unique(np.concatenate([run.costs for run in runs])) if runs else np.empty(0, int)
        number = np.zeros(len(costs), dtype=np.int64)
        for run in runs:
            number[np.searchsorted(costs, run.costs)] += run.counts
        for lowest, highest in _ranges(costs, number):
            segments = (run.read(file, lowest, highest) for run in runs)
            if lowest == highest:  # in their order already, and perhaps too many
                yield from (pd.DataFrame(rows) for rows in segments if len(rows))
                continue
            rows = np.concatenate(list(segments))
            yield pd.DataFrame(rows[np.argsort(-rows["cost_both"], kind="stable")])


@dataclass(frozen=True)
class _Run:
    """Sorted rows in a file."""

    start: int
    """Position of the first row, in rows."""
    costs: NDArray[np.int64]
    """All that occur, in rising order."""
    counts: NDArray[np.int64]
    """Rows of each."""

    def read(self, file: IO[bytes], lowest: int, highest: int) -> NDArray[np.void]:
        """Rows whose costs lie in a range; the largest costs stand first in the file."""
        first, last = np.searchsorted(self.costs, [lowest, highest + 1])
        file.seek((self.start + int(self.counts[last:].sum())) * _STORED.itemsize)
        n_bytes = int(self.counts[first:last].sum()) * _STORED.itemsize
        return np.frombuffer(file.read(n_bytes), _STORED)


def _runs(frames: Iterable[pd.DataFrame]) -> Iterator[NDArray[np.void]]:
    """Rows of several frames together, about `_ROWS` at a time."""
    kept: list[NDArray[np.void]] = []
    for frame in frames:
        rows = np.empty(len(frame), _STORED)
        for name in _ROW:
            rows[name] = frame[name].to_numpy()
        kept.append(rows)
        if sum(map(len, kept)) >= _ROWS:
            yield np.concatenate(kept)
            kept = []
    if kept:
        yield np.concatenate(kept)


def _written(file: IO[bytes], rows: NDArray[np.void]) -> _Run:
    """Sort rows and write them to the end of a file."""
    start = file.tell() // _STORED.itemsize
    file.write(rows[np.argsort(-rows["cost_both"], kind="stable")].tobytes())
    return _Run(start, *np.unique(rows["cost_both"], return_counts=True))


def _ranges(costs: NDArray[np.int64], number: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """Lowest and highest cost of ranges of about `_ROWS` rows or of one cost, the largest first."""
    last = len(costs)
    while last:
        first, rows = last - 1, number[last - 1]
        while first and rows + number[first - 1] <= _ROWS:
            first -= 1
            rows += number[first]
        yield int(costs[first]), int(costs[last - 1])
        last = first


def quantities(group: xr.Dataset) -> dict[tuple[str, str], np.ndarray]:
    """Numbers of a layer by seed.

    Returns
    -------
    dict
        (quantity, measure) -> (seeds).  ``pairs_spared``: pairs in the sample whose neurons vary
        and can be spared; ``pairs_needed``: those of them that are needed jointly;
        ``pairs_beyond_sum``: those that cost more than their neurons do alone, added up;
        ``needed_redundancy_share``, ``needed_synergy_share``: Cliff's delta of the redundant and
        the synergistic share of I(T1,T2;Y), NaN where no pair is needed or all are.
    """
    counted = np.array([_counts(frame) for frame in removed(group)], dtype=np.float64)
    found = {(name, ""): counted[:, i] for i, name in enumerate(_COUNTS)}
    for measure in map(str, group["measure"].values):
        deltas = np.array([_deltas(frame) for frame in removed(group, measure)])
        found |= {(f"needed_{part}_share", measure): deltas[:, i] for i, part in enumerate(_PARTS)}
    return found


def removed(group: xr.Dataset, measure: str = SHOWN) -> Iterator[pd.DataFrame]:
    """Give, by seed, the pairs in the sample whose neurons vary and can be spared one by one.

    Parameters
    ----------
    group
        Layer of ``synergy.nc`` with all seeds, in memory or opened; read slice by slice.
    measure
        Of the redundant part.
    """
    of_measure = group[list(_READ)].sel(measure=measure)
    first, second = group["first"].values, group["second"].values
    arrays = (
        {name: part[name].transpose("seed", ...).values for name in _READ}
        for (part,) in slices(of_measure)
    )
    of_seeds = (
        {name: values[row] for name, values in of_slice.items()}
        for of_slice in arrays
        for row in range(len(of_slice["correct_unablated"]))
    )
    neurons, largest_class = group["neuron"].values, group.attrs["largest_class_test"]
    for here in of_seeds:
        whole = int(here["correct_unablated"])
        tolerance = UNCHANGED * (whole - largest_class) + _ROUNDING
        alone = whole - here["correct_alone"].astype(np.int64)
        together = here["correct_together"].astype(np.int64)
        information = here["information"]
        spared = (alone <= tolerance) & (information > 0)
        kept = np.flatnonzero((together != NOT_REMOVED) & spared[first] & spared[second])
        i, j = first[kept], second[kept]
        joint = here["joint_information"][kept].astype(np.float64)
        redundant = here["redundancy"][kept].astype(np.float64)
        cost = whole - together[kept]
        yield pd.DataFrame(
            {
                "first": neurons[i].astype(int),
                "second": neurons[j].astype(int),
                "cost_first": alone[i],
                "cost_second": alone[j],
                "cost_both": cost,
                "joint": joint,
                "redundancy": redundant,
                "synergy": np.maximum(joint - information[i] - information[j] + redundant, 0.0),
                "needed": cost > tolerance,
            }
        )


def _counts(frame: pd.DataFrame) -> tuple[int, int, int]:
    """Numbers of pairs of a seed, in the order of `_COUNTS`."""
    beyond = frame["cost_both"] > frame["cost_first"] + frame["cost_second"]
    return len(frame), frame["needed"].sum(), (frame["needed"] & beyond).sum()


def _deltas(frame: pd.DataFrame) -> list[float]:
    """Cliff's delta of the share of each of `_PARTS`, of a seed."""
    return [_delta(frame[part] / frame["joint"], frame["needed"]) for part in _PARTS]


def _delta(values: pd.Series, needed: pd.Series) -> float:
    """Cliff's delta of needed against other pairs; NaN where one side is empty."""
    if needed.all() or not needed.any():
        return float("nan")
    return cliffs_delta(values[needed], values[~needed])
