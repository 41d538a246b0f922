"""What several estimators need of the same outputs is computed once, and never of others."""

import numpy as np
import pytest

from neuroninfo.planes.estimators.kernel_density import KernelDensity
from neuroninfo.planes.estimators.neighbours import Kraskov
from neuroninfo.planes.estimators.remembered import once


def test_only_equal_arguments_give_the_same_again() -> None:
    calls = []

    @once
    def doubled(values: np.ndarray, factor: float = 2.0) -> np.ndarray:
        calls.append(factor)
        return values * factor

    values = np.arange(3.0)
    assert doubled(values) is doubled(values.copy())
    assert len(calls) == 1
    values[1] = 7  # the caller's array, not the one that is remembered
    assert doubled(values).tolist() == [0, 14, 4]
    assert doubled(values.astype(np.float32)).dtype == np.float32
    assert doubled(values, factor=3.0).tolist() == [0, 21, 6]
    assert doubled(values, factor=2.0).tolist() == [0, 14, 4]
    assert len(calls) == 5


def test_failures_are_not_remembered() -> None:
    @once
    def positive(number: int) -> int:
        if number < 0:
            raise ValueError("below 0")
        return number

    assert positive(1) == 1
    for _ in range(2):
        with pytest.raises(ValueError, match="below 0"):
            positive(-1)


@pytest.mark.parametrize(
    "make",
    [
        lambda v: KernelDensity(v, "upper"),
        lambda v: KernelDensity(v, "lower"),
        lambda v: Kraskov(v),
    ],
)
def test_estimates_do_not_depend_on_those_before(make) -> None:
    rng = np.random.default_rng(0)
    outputs, labels = rng.normal(size=(60, 3)), rng.integers(0, 2, 60)
    found = make(0.1)(outputs, labels)
    others = make(0.2)(outputs, labels), make(0.1)(outputs[::-1], labels)
    assert found not in others
    assert make(0.1)(outputs, labels) == found
