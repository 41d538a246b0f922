"""Correlations within conditions and over them: closed forms, invariance, p values, verdicts."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuroninfo.results import correlations
from neuroninfo.results.correlations import (
    COLUMNS,
    LEAST,
    OVER,
    READINGS,
    WITHIN,
    WITHIN_ARCHITECTURES,
    correlate,
    interval,
    permutation_p,
    pooled,
)
from neuroninfo.results.statistics import rank_correlation


def networks(x: np.ndarray, y: np.ndarray) -> pd.DataFrame:
    """(conditions, seeds) of two numbers as a table."""
    return pd.DataFrame(
        [
            {
                "dataset": "digits",
                "architecture": f"{c + 1}",
                "activation": "relu",
                "regularizer": "none",
                "x": a,
                "y": b,
            }
            for c, (of_x, of_y) in enumerate(zip(x, y, strict=True))
            for a, b in zip(of_x, of_y, strict=True)
        ]
    )


def random(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_one_group_is_spearman() -> None:
    a, b = random().normal(size=(2, 12))
    assert pooled([(a, b)]) == pytest.approx(rank_correlation(a, b), abs=1e-12)


def test_groups_of_one_size_have_the_mean_correlation() -> None:
    # Without ties all sums of squares are equal.
    groups = [tuple(random(c).normal(size=(2, 6))) for c in range(4)]
    assert pooled(groups) == pytest.approx(np.mean([rank_correlation(*g) for g in groups]))


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 2**32 - 1))
def test_what_groups_differ_in_does_not_enter(seed: int) -> None:
    groups = [tuple(random(seed + c).normal(size=(2, 5))) for c in range(3)]
    moved = [(np.exp(a) + 10 * c, 3 * b - 100 * c) for c, (a, b) in enumerate(groups)]
    assert pooled(moved) == pytest.approx(pooled(groups))
    assert -1 <= pooled(groups) <= 1
    assert pooled([(a, -b) for a, b in groups]) == pytest.approx(-pooled(groups))


def test_nothing_that_varies_has_no_correlation() -> None:
    assert np.isnan(pooled([(np.ones(4), np.arange(4.0))]))
    assert np.isnan(permutation_p([(np.ones(4), np.arange(4.0))], random()))


def test_p_value_is_the_share_of_all_permutations() -> None:
    a = np.arange(5.0)
    b = np.array([0.0, 1.0, 3.0, 2.0, 4.0])
    observed = abs(rank_correlation(a, b))
    exact = np.mean(
        [
            abs(rank_correlation(a, np.array(order))) >= observed - 1e-9
            for order in itertools.permutations(b)
        ]
    )
    assert permutation_p([(a, b)], random()) == pytest.approx(exact, abs=0.012)


def test_interval_of_groups_that_agree_is_their_correlation() -> None:
    same = (np.arange(5.0), np.array([0.0, 1.0, 3.0, 2.0, 4.0]))
    assert interval([same] * 6, random(), whole=True) == pytest.approx((pooled([same]),) * 2)


def test_both_readings_of_simpsons_case() -> None:
    """Within conditions y falls with x, over conditions it rises."""
    seeds, conditions = np.arange(6.0), 10 * np.arange(8.0)
    x = conditions[:, None] + seeds
    y = conditions[:, None] - seeds
    table = correlate(networks(x, y), "x", "y", -1, study_seed=3).set_index("reading")
    assert list(table.reset_index()[list(COLUMNS)].columns) == list(COLUMNS)
    assert table.loc[WITHIN, "correlation"] == pytest.approx(-1)
    assert table.loc[OVER, "correlation"] == pytest.approx(1)
    assert table["verdict"].to_dict() == {WITHIN: "holds", OVER: "fails"}
    assert (table["p_value"] < 0.001).all()
    assert table["n_networks"].tolist() == [48, 48]


def test_what_architectures_differ_in_does_not_enter() -> None:
    """Wider networks have more of both; of one width, y falls with x."""
    x = np.array([[1.0, 1.5], [2.0, 2.5], [3.0, 3.5]] * 2)
    y = -x
    alone = np.array([[40.0, 41.0]])  # the only condition of its architecture: it is left out
    table = networks(np.concatenate([x, x + 10, alone]), np.concatenate([y, y + 90, alone]))
    condition = table["architecture"].astype(int)
    table["regularizer"] = (condition % 6).astype(str)
    table["architecture"] = np.select([condition > 12, condition > 6], ["300", "200"], "100")
    found = correlate(table, "x", "y", -1, study_seed=0).set_index("reading")
    assert found.index.tolist() == list(READINGS)
    assert found.loc[OVER, "correlation"] > 0
    own = found.loc[WITHIN_ARCHITECTURES]
    assert [own[key] for key in ("correlation", "low", "high")] == pytest.approx([-1, -1, -1])
    assert own["p_value"] < 0.01
    assert (own["n_networks"], own["n_conditions"], own["verdict"]) == (24, 12, "holds")
    assert found.loc[OVER, ["n_networks", "n_conditions"]].tolist() == [26, 13]


def test_one_condition_of_each_architecture_has_no_third_reading() -> None:
    x = random().normal(size=(6, 4))
    table = correlate(networks(x, x), "x", "y", 1, study_seed=0)
    assert table["reading"].tolist() == [WITHIN, OVER]


def test_permutations_do_not_depend_on_how_many_are_in_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    groups = [tuple(random(c).normal(size=(2, 12 + c))) for c in range(3)]
    at_once = permutation_p(groups, random(7))
    monkeypatch.setattr(correlations, "_BYTES", 5000)
    assert permutation_p(groups, random(7)) == at_once
    assert 0.001 < at_once < 1


def test_pairs_are_resampled_within_their_groups() -> None:
    """The interval is that of the plain loop over samples, with ties too."""
    groups = [tuple(random(c).integers(0, 6, (2, 5 + c)).astype(float)) for c in range(3)]
    low, high = interval(groups, random(7), whole=False)
    same = random(7)
    drawn = [same.integers(0, len(a), (2_000, len(a))) for a, _ in groups]
    found = [
        pooled([(a[which[n]], b[which[n]]) for (a, b), which in zip(groups, drawn, strict=True)])
        for n in range(2_000)
    ]
    assert (low, high) == pytest.approx(tuple(np.nanquantile(found, (0.025, 0.975))))
    assert low < pooled(groups) < high


def test_few_conditions_have_no_interval_and_no_verdict() -> None:
    x = random().normal(size=(LEAST - 1, 4))
    table = correlate(networks(x, x), "x", "y", 1, study_seed=0)
    assert table[["low", "high"]].isna().all(axis=None)
    assert set(table["verdict"]) == {"undecided"}
    assert table["note"].str.contains("no interval").all()


def test_networks_without_a_number_are_left_out() -> None:
    x = random().normal(size=(6, 4))
    y = x.copy()
    y[0] = np.nan
    table = correlate(networks(x, y), "x", "y", 1, study_seed=0)
    assert table["n_networks"].tolist() == [20, 20]
    assert table["n_conditions"].tolist() == [5, 5]
