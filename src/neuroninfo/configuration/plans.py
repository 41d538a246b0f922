"""Conditions, the stages of each, and the settings that hold for it."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from neuroninfo.configuration.messages import ConfigurationError, unknown
from neuroninfo.configuration.schema import Key, Schema
from neuroninfo.vocabulary import CONDITION

EXPERIMENTS: Final = ("pruning", "precision", "planes", "synergy", "classes", "robustness")
"""Experiments with trained networks; each one has a section of settings."""

FOUND_CONSTANTS: Final = ("mode", "optimal")
"""Replacements of ablated neurons that a job of its own finds."""

TALK_COUNTS: Final = ("cifar10", "250-500-250-500")
"""Data set and hidden layers of slides T13 and T14, which give numbers of neurons."""

FIRST_VERSION_MEASURES: Final = ("mutual_information", "entropy", "kl_selectivity")
FIRST_VERSION_QUANTIZER: Final = "threshold"
"""Measures of the paper's first version, and their quantizer."""


@dataclass(frozen=True)
class Condition:
    """What is trained: names of a data set, a shape, a nonlinearity and a regularizer."""

    dataset: str
    architecture: str
    activation: str
    regularizer: str

    @property
    def path(self) -> str:
        """Its folder below the study's, such as ``mnist/100-100/relu/dropout``."""
        return f"{self.dataset}/{self.architecture}/{self.activation}/{self.regularizer}"

    @property
    def convolutional(self) -> bool:
        """Whether its networks are convolutional: their architecture begins with a family."""
        return self.architecture[:1].isalpha()


@dataclass(frozen=True)
class Plan:
    """What is done with a condition."""

    seeds: int
    orderings: tuple[str, ...]
    """Names of sets; the first gives the claims and figures. Without any it is not ablated."""
    experiments: tuple[str, ...]
    """Names of `EXPERIMENTS`."""
    figures: bool
    keep_activations: bool
    first_seed: int = 0

    @property
    def seed_numbers(self) -> range:
        """All of its seeds."""
        return range(self.first_seed, self.first_seed + self.seeds)

    def resolved(self) -> dict[str, Any]:
        """The plan as it is written in a configuration."""
        return {key: list(v) if isinstance(v, tuple) else v for key, v in vars(self).items()}


def planned(resolved: Mapping[str, Any], schema: Schema) -> dict[Condition, Plan]:
    """All conditions of the products, each once, their names checked."""
    plans: dict[Condition, Plan] = {}
    for i, product in enumerate(resolved["conditions"]):
        path: tuple[Key, ...] = ("conditions", i)
        check_names(resolved, schema, path, product)
        sets = product.get("orderings", list(resolved["orderings"]))
        for j, name in enumerate(sets):
            if name not in resolved["orderings"]:
                raise ConfigurationError(
                    (*path, "orderings", j),
                    f"{unknown(name, list(resolved['orderings']))}; or define it under orderings",
                )
        n_seeds = product.get("seeds", resolved["seeds"]["count"])
        first = resolved["orderings"][sets[0]] if sets else {}
        needing = [name for name in product["experiments"] if name != "planes"]
        if not sets and needing:
            raise ConfigurationError(
                (*path, "orderings"), f"is empty, and {needing[0]} needs one at least"
            )
        if sets and (
            first.get("seeds", n_seeds) < n_seeds
            or set(first["scopes"]) != {"layers", "network"}
            or set(first["directions"]) != {"ascending", "descending"}
        ):
            raise ConfigurationError(
                (*path, "orderings"),
                f"{sets[0]!r} comes first and gives the claims, so it needs all {n_seeds} seeds, "
                "both scopes and both directions; put another set first, or change it",
            )
        plan = Plan(
            seeds=n_seeds,
            orderings=tuple(sets),
            experiments=tuple(product["experiments"]),
            figures=product["figures"],
            keep_activations=product.get("keep_activations", resolved["activations"]["keep"]),
            first_seed=product["first_seed"],
        )
        for condition in expanded(product):
            if plans.setdefault(condition, plan) != plan:
                raise ConfigurationError(
                    path,
                    f"{condition.path} is listed twice with different seeds, first_seed, "
                    "orderings, experiments, figures or keep_activations; name it in one entry "
                    "only",
                )
    return plans


def check_names(
    resolved: Mapping[str, Any],
    schema: Schema,
    path: tuple[Key, ...],
    product: Mapping[str, Any],
) -> None:
    """Data sets and regularizers of a product are defined."""
    sources = schema["$defs"]["dataset"]["properties"]["source"]["enum"]
    for key in ("dataset", "regularizer"):
        given, defined = product[key], resolved[f"{key}s"]
        for j, name in enumerate(given if isinstance(given, list) else [given]):
            if name in defined:
                continue
            known = list(defined)
            if key == "dataset" and name not in sources:  # perhaps a source is meant
                known += [source for source in sources if source not in defined]
            problem = f"{unknown(name, known)}; or define it under {key}s"
            raise ConfigurationError(
                (*path, key, *([j] if isinstance(given, list) else [])), problem
            )


def expanded(product: Mapping[str, Any]) -> list[Condition]:
    """Conditions of a product, in its order."""
    values = [
        product[key] if isinstance(product[key], list) else [product[key]] for key in CONDITION
    ]
    return [Condition(*names) for names in itertools.product(*values)]


def condition_of(entry: Mapping[str, Any]) -> Condition:
    """The condition of an entry that has one value of each key."""
    return Condition(*(entry[key] for key in CONDITION))


def pruning_orderings(resolved: Mapping[str, Any], plan: Plan) -> str:
    """The set by whose measures neurons are kept: by default the first."""
    return str(resolved["pruning"].get("orderings", plan.orderings[0]))


def orderings_used(resolved: Mapping[str, Any], plan: Plan) -> set[str]:
    """All sets that a condition makes use of."""
    pruned = {pruning_orderings(resolved, plan)} if "pruning" in plan.experiments else set()
    return {*plan.orderings, *pruned}


def training_of(resolved: Mapping[str, Any], condition: Condition) -> dict[str, Any]:
    """Training of a condition: the regularizer's own values, the data set's, the study's."""
    return {
        **resolved["training"],
        **resolved["datasets"][condition.dataset]["training"],
        **resolved["regularizers"][condition.regularizer]["training"],
    }


def optimizer_values(training: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of the optimizer; None for those that it does not have."""
    return {
        "momentum": training["momentum"] if training["optimizer"] == "sgd" else None,
        "sgld": training["sgld"] if training["optimizer"] == "sgld" else None,
    }


def planes_of(resolved: Mapping[str, Any], dataset: str) -> dict[str, Any]:
    """Planes of a data set: its own values before the study's."""
    return {**resolved["planes"], **resolved["datasets"][dataset]["planes"]}
