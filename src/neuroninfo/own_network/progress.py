"""A bar on calls that take long."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any


@contextlib.contextmanager
def bar(total: int | None, what: str, *, shown: bool) -> Iterator[Callable[[int], Any]]:
    """Give a function to be told how much was done since; the bar is tqdm's where it is installed.

    Parameters
    ----------
    total
        Number of steps in total; None if it is not known.
    what
        Beside the bar.
    shown
        Whether there is one.
    """
    drawn = None
    if shown:
        with contextlib.suppress(ModuleNotFoundError):
            from tqdm.auto import tqdm

            drawn = tqdm(total=total, desc=what, leave=False)
    if drawn is None:
        yield lambda number: None
        return
    try:
        yield drawn.update
    finally:
        drawn.close()
