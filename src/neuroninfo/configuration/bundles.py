"""Bundles: blocks of several conditions whose networks one job trains in one stack."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from neuroninfo.configuration.plans import Condition
from neuroninfo.configuration.study import Study
from neuroninfo.networks.together import in_common


@dataclass(frozen=True)
class Bundle:
    """Conditions of one data set with networks of one shape, and seeds that all of them have."""

    name: str
    conditions: tuple[Condition, ...]
    block: tuple[int, int]
    """First and last seed."""

    @property
    def dataset(self) -> str:
        """Data set of all conditions of the bundle."""
        return self.conditions[0].dataset

    @property
    def networks(self) -> int:
        """Networks in it."""
        return len(self.conditions) * (self.block[1] - self.block[0] + 1)


def bundles(study: Study) -> dict[str, Bundle]:
    """Bundles of a study by name; none where the configuration has no ``bundles.networks``.

    They hold every multilayer perceptron that the study trains, in the order of the
    configuration, so that a condition that is added to its end changes one bundle at most. Names
    begin with what the networks of a bundle share.
    """
    most = study.resolved["bundles"].get("networks")
    if most is None:
        return {}
    groups: dict[tuple[tuple[int, int], str], list[Condition]] = {}
    for condition, plan in study.plans.items():
        if condition.convolutional or not plan.orderings:
            continue
        shared = json.dumps(in_common(study.training_settings(condition)), sort_keys=True)
        for block in study.blocks(condition):
            groups.setdefault((block, shared), []).append(condition)
    found: dict[str, Bundle] = {}
    for (block, shared), conditions in groups.items():
        first, last = block
        size = max(1, most // (last - first + 1))
        alike = hashlib.sha256(shared.encode()).hexdigest()[:8]
        for start in range(0, len(conditions), size):
            members = tuple(conditions[start : start + size])
            shape = f"{members[0].dataset}-{members[0].architecture}-{members[0].activation}"
            name = f"{shape}-{alike}-{start // size}-seeds-{first}-{last}"
            found[name] = Bundle(name, members, block)
    return found
