"""What is drawn depends on the study, the stream and its keys, and on nothing else."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import neuroninfo
from neuroninfo.streams import Stream, generator

quick = settings(deadline=None, max_examples=100)

NUMBERS = st.integers(0, 2**32 - 1)
KEYS = st.tuples(NUMBERS | st.text(max_size=8), NUMBERS | st.text(max_size=8))


def drawn(*key: int | str) -> list[int]:
    study_seed, stream, *keys = key
    return generator(study_seed, Stream(stream), *keys).integers(2**63, size=4).tolist()


def test_streams_have_the_documented_numbers() -> None:
    assert {stream.name: int(stream) for stream in Stream} == {
        "SPLIT": 0,
        "BATCH_ORDER": 1,
        "INITIALIZATION": 2,
        "DROPOUT": 3,
        "TIES": 4,
        "RANDOM_ORDERS": 5,
        "BOOTSTRAP": 6,
        "NOISE": 7,
        "LABEL_SHUFFLE": 8,
        "TOY": 9,
        "MEASURED_NOISE": 10,
        "ESTIMATOR": 11,
        "CALIBRATION": 12,
        "SGLD": 13,
        "SUBSET": 14,
        "LABEL_NOISE": 15,
        "SUPERSAMPLE": 16,
        "CONTROL_ORDERS": 17,
        "CORRUPTION": 18,
        "SHAPLEY": 20,
        "REMOVED_PAIRS": 21,
        "NEURON_SETS": 22,
    }


@quick
@given(NUMBERS, st.sampled_from(Stream), KEYS)
def test_a_stream_is_the_documented_seed_sequence(
    study_seed: int, stream: Stream, keys: tuple[int | str, ...]
) -> None:
    entropy = [study_seed, int(stream)]
    for key in keys:
        if isinstance(key, str):
            key = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "little")
        entropy.append(key)
    expected = np.random.Generator(np.random.PCG64(np.random.SeedSequence(entropy)))
    assert drawn(study_seed, stream, *keys) == expected.integers(2**63, size=4).tolist()


def test_numbers_stay_from_release_to_release() -> None:
    def first(*keys: int | str) -> int:
        return int(generator(*keys).bit_generator.random_raw())

    assert first(0, Stream.INITIALIZATION, 3) == 9734625630338091412
    assert first(7, Stream.BATCH_ORDER, "mnist", "100-100", 1) == 11274398372893474462


@quick
@given(st.tuples(NUMBERS, st.sampled_from(Stream), NUMBERS | st.text(max_size=8)))
def test_the_same_key_gives_the_same_numbers(key: tuple[int | str, ...]) -> None:
    before = drawn(*key)
    generator(1, Stream.TIES, 2).random(10)  # what else is drawn is nothing to it
    np.random.default_rng(3).random()
    assert drawn(*key) == before


@quick
@given(st.lists(st.tuples(NUMBERS, st.sampled_from(Stream), KEYS), min_size=2, unique=True))
def test_different_keys_give_different_numbers(
    keys: list[tuple[int, Stream, tuple[int | str, ...]]],
) -> None:
    numbers = {tuple(drawn(study_seed, stream, *more)) for study_seed, stream, more in keys}
    assert len(numbers) == len(keys)


def test_each_part_of_a_key_counts() -> None:
    keys: list[tuple[int | str, ...]] = [
        (0, Stream.DROPOUT, 1, 2),
        (0, Stream.DROPOUT, 2, 1),
        (0, Stream.DROPOUT, 1, 1),
        (1, Stream.DROPOUT, 1, 2),
        (0, Stream.NOISE, 1, 2),
        (0, Stream.DROPOUT, "1", 2),
        (0, Stream.DROPOUT, 1, "2"),
        (0, Stream.DROPOUT, "", 2),
        (0, Stream.DROPOUT, "12", 2),
    ]
    assert len({tuple(drawn(*key)) for key in keys}) == len(keys)


def test_a_generator_starts_anew() -> None:
    first = generator(0, Stream.TIES, 1)
    first.random(5)
    assert generator(0, Stream.TIES, 1).random() != first.random()
    assert generator(0, Stream.TIES, 1).random() == generator(0, Stream.TIES, 1).random()


@pytest.mark.parametrize("hash_seed", ["0", "1"])
def test_names_do_not_enter_by_a_hash_of_the_process(hash_seed: str) -> None:
    source = Path(neuroninfo.__file__).parents[1]
    code = (
        "from neuroninfo.streams import *;"
        "print(generator(0, Stream.SPLIT, 'mnist').bit_generator.random_raw())"
    )
    process = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(source), "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=True,
    )
    here = generator(0, Stream.SPLIT, "mnist").bit_generator.random_raw()
    assert int(process.stdout) == here


@pytest.mark.parametrize("key", [(-1, Stream.TIES, 0), (0, Stream.TIES, -1)])
def test_a_negative_key_is_refused(key: tuple[int, Stream, int]) -> None:
    with pytest.raises(ValueError, match="non-negative"):
        generator(*key)


def test_nothing_is_drawn_from_the_global_state() -> None:
    before = np.random.get_state()[1].tolist()  # noqa: NPY002
    drawn(0, Stream.TIES, 1)
    assert np.random.get_state()[1].tolist() == before  # noqa: NPY002
