"""What all unit tests share."""

from collections.abc import Iterator

import pytest
import torch
from threadpoolctl import threadpool_limits


@pytest.fixture(scope="session", autouse=True)
def _one_thread_of_blas(compiled: None) -> Iterator[None]:
    """Workers that test side by side have one core each."""
    with threadpool_limits(1):
        yield


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Torch computes with one thread, whatever the test before set."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
