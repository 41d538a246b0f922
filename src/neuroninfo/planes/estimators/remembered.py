"""Intermediate results that several estimators share are computed once."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import numpy as np

_P = ParamSpec("_P")
_R = TypeVar("_R")


def once(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """Give the last result again where all arguments are equal to those of the last call.

    Arrays are kept as copies and compared whole, which takes little beside any estimate.  A result
    must not be changed by who gets it.
    """
    last: list[tuple[tuple[Any, ...], _R]] = []

    @functools.wraps(function)
    def remembering(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        given = (*args, *sorted(kwargs.items()))
        if last and len(given) == len(last[0][0]) and all(map(_same, given, last[0][0])):
            return last[0][1]
        last.clear()  # before a new result is in memory
        result = function(*args, **kwargs)
        kept = tuple(x.copy() if isinstance(x, np.ndarray) else x for x in given)
        last.append((kept, result))
        return result

    return remembering


def _same(one: Any, other: Any) -> bool:  # noqa: ANN401
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        return one.dtype == other.dtype and np.array_equal(one, other)
    return type(one) is type(other) and bool(one == other)
