"""State of a long job in a file, so that its next attempt continues where this one ended.

The file is numpy's ``.npz`` (no pickles) with the SHA-256 of its bytes behind them, like every
file of `storage`.  Its name is a SHA-256 over what the job computes and with which code, which
it also holds in plain words: another job's state, or that of other code, is never taken up.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Final
from zipfile import BadZipFile

import numpy as np
import xarray as xr

from neuroninfo.files import storage

Arrays = Mapping[str, np.ndarray]
_MADE_BY: Final = "made_by"
_EPOCH: Final = "epoch"
_LAYOUT: Final = "layout"


class Interrupted(Exception):
    """The job was asked to end (SIGTERM) and has; the message says what was saved."""


@dataclass(frozen=True)
class Part:
    """A part of a job's state."""

    save: Callable[[int], Arrays]
    """Gives the arrays, given the epoch that the next attempt begins with (or goes on in)."""
    restore: Callable[[Arrays], None]
    """Takes them."""


class Checkpoint:
    """State of one job, as a context in which the job trains and writes its outputs.

    While in the context SIGTERM does not end the process at once: the next `offer` saves and
    raises. A job that has trained finishes its outputs. When the context ends without an
    error the file is removed.

    Parameters
    ----------
    folder
        Where the file lies; made if needed. Not the folder of an output, since Snakemake
        removes outputs before the next attempt.
    made_by
        What decides about the result: condition, seeds, settings, hash of the code, ...; as
        JSON has it.
    minutes
        Least time between two files; 0: none is read or written, SIGTERM is left alone.
    unit
        What the job counts, in place of epochs; for its messages.
    report
        Takes a line about what was done.
    """

    def __init__(
        self,
        folder: str | Path,
        *,
        made_by: Mapping[str, Any],
        minutes: float,
        unit: str = "epoch",
        report: Callable[[str], None] = print,
    ) -> None:
        self.made_by = json.dumps(made_by, sort_keys=True)
        self.path = Path(folder) / f"{hashlib.sha256(self.made_by.encode()).hexdigest()}.npz"
        self.minutes, self.unit, self.report = minutes, unit, report
        self.parts: dict[str, Part] = {}
        self._terminated = False
        self._before: Any = None
        self._saved = time.monotonic()

    def __enter__(self) -> Checkpoint:
        """Listen to SIGTERM (in a main thread; another cannot)."""
        if self.minutes > 0 and threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGTERM, self._terminate)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Listen no more; remove the file if all went well."""
        if self._before is not None:
            signal.signal(signal.SIGTERM, self._before)
        if kind is None:
            self.path.unlink(missing_ok=True)

    def add(
        self, name: str, save: Callable[[int], Arrays], restore: Callable[[Arrays], None]
    ) -> None:
        """Add a part of the state, before `resume`; the methods are those of `Part`."""
        self.parts[name] = Part(save, restore)

    def resume(self) -> int | None:
        """Restore all parts from the file, if there is a right one.

        Returns
        -------
        int or None
            The epoch to begin with (or to go on in); None: from the start.
        """
        if self.minutes == 0 or not self.path.exists():
            return None
        try:
            epoch = self._checked()
        except (storage.StorageError, OSError, EOFError, ValueError, KeyError, BadZipFile) as error:
            self.report(f"checkpoint {self.path} not used, training starts anew: {error}")
            return None
        with self._opened() as file:
            for name, part in self.parts.items():
                part.restore(_Stored(file, f"{name}/"))
        self.report(f"resumed in {self.unit} {epoch} from {self.path}")
        return epoch

    def offer(self, epoch: int) -> None:
        """Write the file if it is time, given the epoch that the next attempt begins with.

        A file that cannot be written is reported, and the job goes on.

        Raises
        ------
        Interrupted
            SIGTERM came; the state was saved if that was possible.
        """
        if self.minutes == 0:
            return
        due = time.monotonic() - self._saved >= 60 * self.minutes
        if not (due or self._terminated):
            return
        saved = self._write(epoch)
        self._saved = time.monotonic()
        if self._terminated:
            raise Interrupted(
                f"ended by SIGTERM in {self.unit} {epoch}; "
                + ("run again to go on from there" if saved else "its state could not be saved")
            )

    def _terminate(self, number: int, frame: FrameType | None) -> None:
        self._terminated = True

    def _write(self, epoch: int) -> bool:
        arrays = {_MADE_BY: np.array(self.made_by), _EPOCH: np.array(epoch)}
        for name, part in self.parts.items():
            arrays |= {f"{name}/{key}": array for key, array in part.save(epoch).items()}
        try:
            with storage.written_whole(self.path) as file:
                np.savez(file, allow_pickle=False, **arrays)
                storage.seal(file)
        except OSError as error:
            self.report(f"checkpoint not written: {error}")
            return False
        return True

    def _checked(self) -> int:
        """Whether the file is whole and of this job; its epoch."""
        storage.check_seal(self.path)
        with self._opened() as file:
            if str(file[_MADE_BY]) != self.made_by:
                raise ValueError(f"it is of another job: {file[_MADE_BY]}")
            return int(file[_EPOCH])

    @contextlib.contextmanager
    def _opened(self) -> Iterator[Arrays]:
        # numpy leaves a path that is no archive open.
        with self.path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            yield file


class _Stored(Arrays):
    """Arrays of a file under a prefix, read one by one: they may be as large as memory."""

    def __init__(self, file: Arrays, prefix: str) -> None:
        self.file, self.prefix = file, prefix

    def __getitem__(self, name: str) -> np.ndarray:
        return self.file[self.prefix + name]

    def __iter__(self) -> Iterator[str]:
        return (key.removeprefix(self.prefix) for key in self.file if key.startswith(self.prefix))

    def __len__(self) -> int:
        return sum(1 for _ in self)


def packed(dataset: xr.Dataset) -> dict[str, np.ndarray]:
    """A dataset of plain arrays as arrays, for a part's `save`; attributes as JSON has them."""
    layout = {
        str(name): [variable.dims, variable.attrs, name in dataset.coords]
        for name, variable in dataset.variables.items()
    }
    arrays = {str(name): variable.values for name, variable in dataset.variables.items()}
    return arrays | {_LAYOUT: np.array(json.dumps([layout, dataset.attrs]))}


def unpacked(arrays: Arrays) -> xr.Dataset:
    """Inverse of `packed`."""
    layout, attributes = json.loads(str(arrays[_LAYOUT]))
    variables = {name: (dims, arrays[name], attrs) for name, (dims, attrs, _) in layout.items()}
    coordinates = [name for name, (_, _, is_coordinate) in layout.items() if is_coordinate]
    return xr.Dataset(variables, attrs=attributes).set_coords(coordinates)
