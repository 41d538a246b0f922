"""Philox4x32-10 against Random123's known answers, on both ways, and what is made of its bits."""

import math

import numpy as np
import pytest
import scipy.stats
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from neuroninfo.philox import compiled
from neuroninfo.philox.numbers import HALVES, Numbers, block, quantiles
from neuroninfo.streams import Stream, generator

quick = settings(deadline=None, max_examples=60)

CPU = torch.device("cpu")
WORDS = st.integers(0, 2**32 - 1)
STEPS = st.integers(0, 2**32 - 4)
KNOWN = [  # counter, key, words: kat_vectors of Random123, philox4x32 10
    ([0] * 4, [0] * 2, [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]),
    ([2**32 - 1] * 4, [2**32 - 1] * 2, [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]),
    (
        [0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344],
        [0xA4093822, 0x299F31D0],
        [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1],
    ),
]


@pytest.fixture(autouse=True)
def _plain_float() -> None:
    assert torch.get_default_dtype() == torch.float32


def plain(counter: list[int], key: list[int]) -> list[int]:
    """The definition, in Python's integers."""
    (c0, c1, c2, c3), (k0, k1) = counter, key
    for _ in range(10):
        a, b = c0 * 0xD2511F53, c2 * 0xCD9E8D57
        c0, c1, c2, c3 = b >> 32 ^ c1 ^ k0, b % 2**32, a >> 32 ^ c3 ^ k1, a % 2**32
        k0, k1 = (k0 + 0x9E3779B9) % 2**32, (k1 + 0xBB67AE85) % 2**32
    return [c0, c1, c2, c3]


def of_torch(counter: list[int], key: list[int]) -> list[int]:
    return [int(word) for word in block(torch.tensor(counter), torch.tensor(key))]


def of_numba(counter: list[int], key: list[int]) -> list[int]:
    return [int(word) for word in compiled.block(*map(np.uint64, [*counter, *key]))]


@pytest.mark.parametrize("way", [plain, of_torch, of_numba])
@pytest.mark.parametrize(("counter", "key", "words"), KNOWN)
def test_known_answers_of_random123(
    way: object, counter: list[int], key: list[int], words: list[int]
) -> None:
    assert way(counter, key) == words


@quick
@given(st.lists(WORDS, min_size=4, max_size=4), st.lists(WORDS, min_size=2, max_size=2))
def test_both_ways_are_the_definition(counter: list[int], key: list[int]) -> None:
    assert of_torch(counter, key) == of_numba(counter, key) == plain(counter, key)


def both(seeds: tuple[int, ...], *, stream: Stream = Stream.DROPOUT) -> tuple[Numbers, Numbers]:
    """By numba, and by torch's operations as on a GPU."""
    ours, theirs = (Numbers(5, stream, seeds, 3, CPU) for _ in range(2))
    assert ours.compiled
    theirs.compiled = False
    return ours, theirs


def bits_of(seed: int, layer: int, step: int, count: int) -> np.ndarray:
    """16 bits a place, by the definition alone: counters 0, 1, ... give a plane each of halves."""
    sequence = generator(5, Stream.DROPOUT, seed, layer).bit_generator.seed_seq
    key = [int(word) for word in sequence.generate_state(2)]
    counters = math.ceil(count / 8)
    drawn = [plain([counter, step, 0, 0], key) for counter in range(counters)]
    planes = [[word >> shift & 0xFFFF for word in words for shift in (0, 16)] for words in drawn]
    return np.array(planes).T.ravel()[:count]


@quick
@given(
    st.integers(1, 40),
    STEPS,
    st.integers(1, 3),
    st.lists(st.integers(1, HALVES - 1), min_size=2, max_size=2),
    st.integers(0, 2),
)
def test_factors_of_dropout(
    count: int, step: int, n_steps: int, dropped: list[int], layer: int
) -> None:
    """On both ways those of the definition, each network with its own rate."""
    steps = range(step, step + n_steps)
    ours, theirs = (
        one.factors(slice(1, 3), layer, steps, count, np.array(dropped)) for one in both((1, 3, 8))
    )
    assert ours.shape == (2, n_steps, count)
    assert ours.dtype == theirs.dtype == torch.float32
    assert ours.numpy().tobytes() == theirs.numpy().tobytes()
    for position, seed in enumerate((3, 8)):
        for number, at in enumerate(steps):
            kept = bits_of(seed, layer, at, count) >= dropped[position]
            factor = np.float32(HALVES / (HALVES - dropped[position]))
            np.testing.assert_array_equal(ours[position, number], kept * factor)


@quick
@given(st.integers(1, 40), STEPS, st.integers(1, 3))
def test_gaussians_on_both_ways(count: int, step: int, n_steps: int) -> None:
    steps = range(step, step + n_steps)
    ours, theirs = (one.gaussians(slice(1, 3), 1, steps, count) for one in both((1, 3, 8)))
    assert ours.shape == (2, n_steps, count)
    assert ours.dtype == theirs.dtype == torch.float32
    assert ours.numpy().tobytes() == theirs.numpy().tobytes()
    of_words = quantiles()[bits_of(3, 1, step, 8 * math.ceil(count / 4)).reshape(4, 2, -1)]
    expected = (of_words[:, 0] + of_words[:, 1]).ravel()[:count]
    np.testing.assert_array_equal(ours[0, 0], expected)


def test_factors_are_of_the_default_type(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "get_default_dtype", lambda: torch.float64)
    for one in both((3,)):
        found = one.factors(slice(1), 0, range(1, 2), 50, np.array([HALVES // 3]))
        assert found.dtype == torch.float64
        assert set(found.unique().tolist()) == {0.0, HALVES / (HALVES - HALVES // 3)}


@quick
@given(st.lists(st.integers(0, 99), min_size=1, max_size=5, unique=True), STEPS)
def test_numbers_do_not_depend_on_what_is_drawn_with_them(seeds: list[int], step: int) -> None:
    """On the other networks, and on steps before."""
    together, _ = both(tuple(seeds))
    dropped = np.full(len(seeds), HALVES // 4)
    whole = together.factors(slice(None), 2, range(step, step + 3), 20, dropped)
    for position, seed in enumerate(seeds):
        alone, _ = both((seed,))
        for number in range(3):
            here = range(step + number, step + number + 1)
            one = alone.factors(slice(1), 2, here, 20, dropped[:1])
            assert torch.equal(one[0, 0], whole[position, number])


def test_keys_differ_by_stream_seed_and_layer() -> None:
    keys = [
        *Numbers(5, Stream.DROPOUT, range(50), 4, CPU).keys.reshape(-1, 2).tolist(),
        *Numbers(5, Stream.NOISE, range(50), 4, CPU).keys.reshape(-1, 2).tolist(),
        *Numbers(6, Stream.NOISE, range(50), 4, CPU).keys.reshape(-1, 2).tolist(),
    ]
    assert len({tuple(key) for key in keys}) == len(keys) == 600


@pytest.mark.parametrize("rate", [0.01, 0.5, 0.9])
def test_rate_and_independence(rate: float) -> None:
    """Of places, steps, layers and networks."""
    made, n = Numbers(0, Stream.DROPOUT, (0, 1), 2, CPU), 200_000
    dropped = np.full(2, round(rate * HALVES))
    drawn = [made.factors(slice(None), layer, range(7, 9), n, dropped) for layer in range(2)]
    zeros = (torch.stack(drawn) == 0).double().flatten(0, 2).numpy()
    deviation = math.sqrt(rate * (1 - rate) / n)
    assert np.abs(zeros.mean(1) - rate).max() < 5 * deviation
    correlations = np.corrcoef(np.concatenate([zeros, zeros[:, ::-1]]))
    assert np.abs(correlations - np.eye(len(correlations))).max() < 5 / math.sqrt(n)
    by_lag = [np.corrcoef(zeros[0, :-lag], zeros[0, lag:])[0, 1] for lag in (1, 2, n // 8)]
    assert np.abs(by_lag).max() < 5 / math.sqrt(n)


def test_quantiles_make_a_normal_sum() -> None:
    """Moments of the sum from the table itself: no sample."""
    table = quantiles().astype(np.float64)
    np.testing.assert_array_equal(table, -table[::-1])
    assert (np.diff(table) > 0).all()
    second, fourth = (2 * np.mean(table**2), 2 * np.mean(table**4) + 6 * np.mean(table**2) ** 2)
    assert second == pytest.approx(1, abs=1e-7)
    assert fourth == pytest.approx(3, abs=1e-3)
    assert 2 * table[-1] == pytest.approx(6.1, abs=0.02)


def test_the_sum_is_normal_in_its_body_and_its_tails() -> None:
    """Its distribution from the table: by ranks of all sums that each first number leaves."""
    table = quantiles().astype(np.float64)
    for at in (-5.0, -4.0, -3.0, -2.0, -0.5, 0.0, 0.1, 1.0, 3.0, 4.0, 5.0):
        below = np.searchsorted(table, at - table, side="left").mean() / HALVES
        within = np.searchsorted(table, at - table, side="right").mean() / HALVES
        true = scipy.stats.norm.cdf(at)
        away = max(abs(below - true), abs(within - true))
        assert away < 1e-5
        share = 0.001 if abs(at) <= 3 else 0.02 if abs(at) <= 4 else 0.2
        assert away < share * min(true, 1 - true), at


def test_gaussians_as_a_sample() -> None:
    made = Numbers(0, Stream.NOISE, (0, 1), 2, CPU)
    drawn = made.gaussians(slice(None), 1, range(1, 3), 250_001).flatten(0, 1).double().numpy()
    for row in drawn:
        assert scipy.stats.kstest(row, "norm").pvalue > 0.001
        assert scipy.stats.normaltest(row).pvalue > 0.001
    correlations = np.corrcoef(drawn)
    assert np.abs(correlations - np.eye(4)).max() < 5 / math.sqrt(drawn.shape[1])
