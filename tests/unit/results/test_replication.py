"""Two studies of the same truth agree; different ones do not."""

import numpy as np
import pandas as pd
import pytest
import scipy.stats

from neuroninfo.figures import canvas
from neuroninfo.figures import replication as figures_replication
from neuroninfo.files import tables
from neuroninfo.results import claims, replication, statistics


def judged(samples: np.ndarray) -> pd.DataFrame:
    """Claims, one a row of samples (claims, seeds), with Student's intervals."""
    rows = []
    for number, effects in enumerate(samples):
        interval = statistics.mean_over_seeds(effects)
        rows.append(
            dict.fromkeys(claims.COLUMNS, "x")
            | {"claim": f"C{number}", "unit": "accuracy", "verdict": interval.verdict(0)}
            | {"effect": interval.mean, "low": interval.low, "high": interval.high}
            | {"threshold": 0.0, "n_seeds": len(effects)}
        )
    return pd.DataFrame(rows, columns=list(claims.COLUMNS))


def test_the_interval_is_welch_s() -> None:
    rng = np.random.default_rng(1)
    here, there = rng.normal(0.1, 0.02, (3, 8)), rng.normal(0.1, 0.05, (3, 25))
    found = replication.agreement(judged(here), judged(there))
    for row, a, b in zip(found.itertuples(), here, there, strict=True):
        exact = scipy.stats.ttest_ind(a, b, equal_var=False).confidence_interval(0.95)
        assert row.difference == pytest.approx(a.mean() - b.mean())
        assert (row.low, row.high) == pytest.approx((exact.low, exact.high))


def test_of_equal_truths_most_agree_and_of_different_ones_few() -> None:
    rng = np.random.default_rng(2)
    here, there = rng.normal(size=(200, 5)), rng.normal(size=(200, 20))
    same = replication.agreement(judged(here), judged(there))
    assert 0.9 < same["agrees"].mean() < 0.99
    other = replication.agreement(judged(here + 4), judged(there))
    assert other["agrees"].mean() < 0.02
    assert ((other["low"] <= other["difference"]) & (other["difference"] <= other["high"])).all()


def test_effects_without_spread() -> None:
    ones = np.ones((1, 5))
    assert replication.agreement(judged(ones), judged(ones))["agrees"].tolist() == [True]
    assert replication.agreement(judged(ones), judged(1.5 * ones))["agrees"].tolist() == [False]


def test_only_claims_with_intervals_in_both_are_compared() -> None:
    effects = np.random.default_rng(3).normal(1, 0.1, (2, 6))
    here, there = judged(effects), judged(-effects)
    here.loc[0, ["low", "high"]] = np.nan
    found = replication.agreement(here, there)
    assert found["claim"].tolist() == ["C1"]
    assert replication.summary(found) == (
        "0 of 1 effects of all claims agree (95 % are expected to); 1 opposite verdicts"
    )
    with pytest.raises(ValueError, match="common conditions"):
        replication.agreement(here, there.assign(dataset="other"))


def test_the_figure_is_drawn_alike(tmp_path) -> None:
    rng = np.random.default_rng(4)
    truth = rng.normal(0, 0.2, (12, 1))
    agreed = replication.agreement(
        judged(truth + rng.normal(0, 0.03, (12, 5))), judged(truth + rng.normal(0, 0.03, (12, 20)))
    )
    tables.write(agreed, tmp_path / "replication.csv")
    again = replication.read(tmp_path / "replication.csv")
    pd.testing.assert_frame_equal(again, agreed)
    for name, table in (("a.png", agreed), ("b.png", again)):
        canvas.save(figures_replication.replication(table, "talk-again", "talk"), tmp_path / name)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
