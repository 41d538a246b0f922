"""Which conditions train together."""

from collections.abc import Mapping
from typing import Any

import pytest

from neuroninfo.configuration.bundles import bundles
from neuroninfo.configuration.cost import jobs
from neuroninfo.configuration.study import Study, load

from .test_study import SCHEMA_PATH

REGULARIZERS = {
    "none": {},
    "l1": {"l1": 1e-4},
    "dropout": {"dropout": 0.5},
    "batchnorm": {"batchnorm": True},
    "fast": {"training": {"learning_rate": 0.1}},
    "long": {"training": {"epochs": 7}},
}


def made(networks: int | None, regularizers: Mapping[str, Any] = REGULARIZERS) -> Study:
    alike = {"dataset": "digits", "architecture": ["8-6", "9"]}
    config = {
        "study": "small",
        "seeds": {"count": 4, "per_job": 2},
        "datasets": {"digits": {"validation": 360, "test": 360}},
        "regularizers": regularizers,
        "orderings": {"information": {}},
        "conditions": [
            {**alike, "regularizer": list(regularizers)},
            {"dataset": "digits", "architecture": "conv-4-8", "regularizer": "none"},
            {**alike, "regularizer": "none", "activation": "tanh", "orderings": []}
            | {"experiments": ["planes"]},
        ],
    }
    if networks is not None:
        config["bundles"] = {"networks": networks}
    return load(config, SCHEMA_PATH)


def members(study: Study) -> list[tuple[str, str, tuple[int, int], list[str]]]:
    return [
        (
            bundle.dataset,
            bundle.conditions[0].architecture,
            bundle.block,
            [condition.regularizer for condition in bundle.conditions],
        )
        for bundle in bundles(study).values()
    ]


def test_without_the_key_there_are_none() -> None:
    assert bundles(made(None)) == {}


@pytest.mark.parametrize(
    ("networks", "apart"),
    [
        (100, [["none", "l1", "dropout", "fast"], ["batchnorm"], ["long"]]),
        (5, [["none", "l1"], ["dropout", "fast"], ["batchnorm"], ["long"]]),
        (1, [[name] for name in ("none", "l1", "dropout", "fast", "batchnorm", "long")]),
    ],
)
def test_what_trains_together(networks: int, apart: list[list[str]]) -> None:
    """Of one shape and block; a bundle holds a block at least."""
    found = members(made(networks))
    expected = [
        ("digits", widths, block, names)
        for widths in ("8-6", "9")
        for block in ((0, 1), (2, 3))
        for names in apart
    ]
    assert sorted(found) == sorted(expected)


def test_a_condition_that_is_added_changes_one_bundle_at_most() -> None:
    before = bundles(made(4))
    after = bundles(made(4, REGULARIZERS | {"l2": {"l2": 1e-3}}))
    assert before.items() < after.items()
    grown = bundles(made(100, REGULARIZERS | {"l2": {"l2": 1e-3}}))
    assert set(grown) == set(bundles(made(100)))


def test_their_cost_is_that_of_their_blocks() -> None:
    alone, together = (
        [job for job in jobs(made(networks)) if job.stage == "train"] for networks in (None, 100)
    )
    assert len(together) == len(bundles(made(100))) < len(alone)
    for key in ("networks", "files", "disk_mib"):
        assert sum(getattr(job, key) for job in together) == sum(getattr(job, key) for job in alone)
    assert sum(job.cpu_seconds for job in together) < sum(job.cpu_seconds for job in alone)
    assert sum(job.gpu_seconds for job in together) < sum(job.gpu_seconds for job in alone)
