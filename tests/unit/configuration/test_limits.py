"""Absurd sizes are refused before anything is planned, with an estimate."""

import pytest

from neuroninfo.configuration.limits import COPIES, MOST_GB, MOST_JOBS
from neuroninfo.configuration.messages import ConfigurationError

from .test_study import ROOT, changed, load, shipped


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            "datasets/digits/validation: 1437",
            ("datasets.digits.validation: 1437", "1,437 examples beside the 360", "1 to 1436"),
        ),
        ("datasets/digits/test: 1797", ("datasets.digits.test", "1,797 examples", "1 to 1796")),
        (
            "datasets: {mnist: {validation: 60000}}\nconditions/0/dataset: mnist",
            ("datasets.mnist.validation: 60000", "has 60,000 examples, and", "1 to 59999"),
        ),
        # Ten million blocks of train, measure, damage and one set of orderings.
        ("seeds/count: 100000000", ("seeds:", "40,000,000 jobs", "880 GB", "1,333 minutes")),
        (
            "conditions/0/architecture: 1000000-1000000",
            ("digits/1000000-1000000", "1,000,076,000,010 weights", "160,012 GB", "narrower"),
        ),
        (
            "conditions/0/architecture: 100\N{EN DASH}100",
            ("conditions[0].architecture", "a dash that is no hyphen; write '100-100'"),
        ),
    ],
)
def test_what_cannot_be_is_refused_with_an_estimate(changes: str, words: tuple[str, ...]) -> None:
    with pytest.raises(ConfigurationError) as refused:
        load(changed(changes))
    for word in words:
        assert word in str(refused.value)


def test_the_largest_sizes_are_accepted() -> None:
    seeds = MOST_JOBS // 4 * 10
    assert load(changed(f"seeds/count: {seeds}\ndatasets/digits/validation: 1436"))
    with pytest.raises(ConfigurationError, match="use fewer seeds"):
        load(changed(f"seeds/count: {seeds + 10}"))
    widest = int(MOST_GB * 1e9 / (10 * 4 * COPIES)) // (65 + 10) - 1
    assert load(changed(f"conditions/0/architecture: '{widest}'"))
    with pytest.raises(ConfigurationError, match="narrower layers"):
        load(changed(f"conditions/0/architecture: '{widest + 3}'"))


def test_shipped_studies_are_within_the_limits() -> None:
    for path in (ROOT / "config").glob("*.yaml"):
        assert load(shipped(path.name)).conditions
