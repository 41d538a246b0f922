"""Sizes that no machine can handle are refused before anything is planned, with an estimate."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any, Final

from neuroninfo.configuration.messages import ConfigurationError
from neuroninfo.configuration.plans import Condition, Plan
from neuroninfo.data.catalogue import SOURCES

MOST_JOBS: Final = 500_000
"""Chosen: their plan takes a quarter of an hour."""
JOB_KB, JOB_MS = 22, 2
"""Memory and time that Snakemake takes to plan a job, as docs/cluster.md has them."""
STEPS: Final = 3
"""Jobs of a block beside those of its orderings, at least: train, measure, damage."""

MOST_GB: Final = 256
"""Chosen: more than a GPU has, and most nodes of a cluster."""
COPIES: Final = 4
"""Float32 numbers for each weight in training: itself, its gradient, and two moments of Adam."""


def check_limits(resolved: Mapping[str, Any], plans: Mapping[Condition, Plan]) -> None:
    """Splits that data sets have, jobs that can be planned, and networks that fit in memory.

    Raises
    ------
    ConfigurationError
        Something is too large; the message estimates by how much.
    """
    for name in dict.fromkeys(condition.dataset for condition in plans):
        _check_splits(name, resolved["datasets"][name])
    per_job = resolved["seeds"]["per_job"]
    jobs = sum(
        plan.seeds // per_job * (STEPS + len(plan.orderings) + len(plan.experiments))
        for plan in plans.values()
    )
    if jobs > MOST_JOBS:
        memory, minutes = jobs * JOB_KB / 1e6, jobs * JOB_MS / 60_000
        raise ConfigurationError(
            ("seeds",),
            f"these seeds make about {jobs:,} jobs, whose plan alone would take {memory:,.0f} GB "
            f"of memory and {minutes:,.0f} minutes; use fewer seeds or conditions, or more seeds "
            "per job (seeds.per_job)",
        )
    for condition in plans:
        if condition.convolutional:
            continue
        task = SOURCES[resolved["datasets"][condition.dataset]["source"]]
        widths = [task.n_features, *map(int, condition.architecture.split("-")), task.n_classes]
        weights = sum((fan_in + 1) * width for fan_in, width in itertools.pairwise(widths))
        gigabytes = per_job * weights * 4 * COPIES / 1e9
        if gigabytes > MOST_GB:
            raise ConfigurationError(
                ("conditions",),
                f"{condition.path}: a network has {weights:,} weights and biases, so a job with "
                f"{per_job} of them would need more than {gigabytes:,.0f} GB of memory (at most "
                f"{MOST_GB} GB are planned); use narrower layers or fewer seeds per job "
                "(seeds.per_job)",
            )


def _check_splits(name: str, dataset: Mapping[str, Any]) -> None:
    task = SOURCES[dataset["source"]]
    left = task.n_training
    for part in ("validation",) if task.n_test else ("test", "validation"):
        if dataset[part] >= left:
            beside = "" if left == task.n_training else f" beside the {dataset['test']:,} for test"
            raise ConfigurationError(
                ("datasets", name, part),
                f"{dataset[part]} is too large: the training file has {left:,} examples{beside}, "
                f"and some have to be left to train on; use 1 to {left - 1}",
            )
        left -= dataset[part]
