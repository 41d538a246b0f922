"""Checks of a configuration that the schema cannot express."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from typing import Any, Final

from neuroninfo.configuration.limits import check_limits
from neuroninfo.configuration.messages import ConfigurationError, shown, unknown
from neuroninfo.configuration.plans import (
    EXPERIMENTS,
    FIRST_VERSION_MEASURES,
    FIRST_VERSION_QUANTIZER,
    Condition,
    Plan,
    check_names,
    condition_of,
    expanded,
    orderings_used,
    planes_of,
    pruning_orderings,
    training_of,
)
from neuroninfo.configuration.schema import Key, Schema
from neuroninfo.networks.activations import NON_NEGATIVE, OUTPUT_RANGES
from neuroninfo.vocabulary import JOINT, MEAN, REFERENCE, ZERO

_OF_STACKS: Final = (
    *("incoming_weight_norm", "outgoing_weight_norm", "taylor"),
    *(*JOINT, *REFERENCE),
)
"""Measures that convolutional networks do not have."""
_NOT_OF_MODULES: Final = (
    *("l1", "input_dropout", "noise", "output_bits", "binary_weights", "early_stopping"),
)
"""Keys of regularizers that convolutional networks are not trained with."""
_NO_IMAGES: Final = ("icosahedron", "szt")

_QUANTIZED: Final = (
    "mutual_information",
    "mutual_information_miller_madow",
    "entropy",
    "kl_selectivity",
)


def check_seeds(resolved: Mapping[str, Any]) -> None:
    """Numbers of seeds fill blocks, and first seeds begin them."""
    numbers: list[tuple[tuple[Key, ...], Mapping[str, Any], str]] = [
        (("seeds",), resolved["seeds"], "count"),
        *((("conditions", i), entry, "seeds") for i, entry in enumerate(resolved["conditions"])),
        *((("orderings", name), entry, "seeds") for name, entry in resolved["orderings"].items()),
        *(((name,), resolved[name], "seeds") for name in EXPERIMENTS),
        *(
            (("datasets", name, "planes"), entry["planes"], "seeds")
            for name, entry in resolved["datasets"].items()
        ),
    ]
    per_job = resolved["seeds"]["per_job"]
    for i, entry in enumerate(resolved["conditions"]):
        if left := entry["first_seed"] % per_job:
            first = entry["first_seed"] - left
            raise ConfigurationError(
                ("conditions", i, "first_seed"),
                f"{first + left} is not a multiple of seeds.per_job {per_job} (the seeds of one "
                f"job begin there); use {first} or {first + per_job}",
            )
    for path, section, key in numbers:
        count = section.get(key, per_job)
        if left := count % per_job:
            counts = [str(n) for n in (count - left, count - left + per_job) if n]
            divisor = next(n for n in range(min(count, per_job), 0, -1) if count % n == 0)
            raise ConfigurationError(
                (*path, key),
                f"{count} is not a multiple of seeds.per_job {per_job} (blocks are always full, so "
                f"that adding seeds renames no block); use {' or '.join(counts)}, or per_job "
                f"{divisor}",
            )


def check(resolved: Mapping[str, Any], schema: Schema, plans: Mapping[Condition, Plan]) -> None:
    """Checks that depend on several keys; of several mistakes, always the same one is named.

    Raises
    ------
    ConfigurationError
        Something is wrong.
    """
    check_limits(resolved, plans)
    _check_epochs(resolved, plans)
    _check_comparisons(resolved, plans)
    _check_pruning(resolved, plans)
    _check_planes(resolved, plans)
    _check_binary_weights(resolved, plans)
    _check_sgld(resolved, plans)
    _check_convolutional(resolved, plans)
    _check_bounds(resolved, schema)
    _check_first_version(resolved, plans)
    _check_splits(resolved, schema, plans)


def _check_epochs(resolved: Mapping[str, Any], conditions: Iterable[Condition]) -> None:
    stored = resolved["activations"]["epochs"]
    for condition in conditions:
        last = training_of(resolved, condition)["epochs"]
        for i, epoch in enumerate(stored):
            if epoch != "last" and epoch > last:
                raise ConfigurationError(
                    ("activations", "epochs", i),
                    f"{epoch} is after the end of training ({last} epochs of {condition.path}); "
                    f"use 0 to {last}, or last",
                )
        if "last" not in stored and last not in stored:
            raise ConfigurationError(
                ("activations", "epochs"),
                f"the last epoch ({last} of {condition.path}), which is measured, is not among "
                f"{', '.join(map(str, stored))}; add last",
            )


def _check_comparisons(resolved: Mapping[str, Any], plans: Mapping[Condition, Plan]) -> None:
    """Each varies one key and compares conditions of the study."""
    for name, comparison in resolved["comparisons"].items():
        if sum(isinstance(value, list) for value in comparison.values()) != 1:
            raise ConfigurationError(
                ("comparisons", name),
                "activation or regularizer, and not both, has to be a list of two or more",
            )
        for condition in expanded(comparison):
            if condition in plans and not plans[condition].orderings:
                raise ConfigurationError(
                    ("comparisons", name),
                    f"{condition.path} has no orderings to compare; give it some",
                )
            if condition not in plans:
                raise ConfigurationError(
                    ("comparisons", name),
                    f"{condition.path} is not among the conditions; add it there",
                )


def _check_pruning(resolved: Mapping[str, Any], plans: Mapping[Condition, Plan]) -> None:
    """Pruning keeps the neurons that ascending orders within layers remove last."""
    path, sets = ("pruning", "orderings"), resolved["orderings"]
    name = resolved["pruning"].get("orderings")
    if name is not None and name not in sets:
        raise ConfigurationError(path, f"{unknown(name, list(sets))}; or define it under orderings")
    for plan in plans.values():
        if "pruning" not in plan.experiments:
            continue
        name = pruning_orderings(resolved, plan)
        for key, needed in (("directions", "descending"), ("scopes", "layers")):
            if needed not in sets[name][key]:
                raise ConfigurationError(
                    path,
                    f"{name!r} has no {needed!r} in its {key}, but pruning keeps the "
                    "neurons that come first in descending order within a layer; add it or choose "
                    "another set",
                )


def _check_planes(resolved: Mapping[str, Any], plans: Mapping[Condition, Plan]) -> None:
    """No estimator is asked twice, and rounded outputs are not taken for others."""
    for dataset in sorted({c.dataset for c, plan in plans.items() if "planes" in plan.experiments}):
        planes = planes_of(resolved, dataset)
        costly = planes["costly"]["estimators"]
        if both := [name for name in costly if name in planes["estimators"]]:
            raise ConfigurationError(
                ("planes", "costly", "estimators"),
                f"{both[0]!r} is among the other estimators on {dataset} too; remove one",
            )
    for condition, plan in plans.items():
        if resolved["regularizers"][condition.regularizer].get("output_bits") is None:
            continue
        path = ("regularizers", condition.regularizer, "output_bits")
        if condition.activation not in OUTPUT_RANGES:
            raise ConfigurationError(
                path,
                f"{condition.path}: outputs of {condition.activation} have no range; use "
                f"{', '.join(OUTPUT_RANGES)}",
            )
        if plan.orderings or set(plan.experiments) != {"planes"}:
            raise ConfigurationError(
                path,
                f"{condition.path}: outputs are rounded for the experiment planes only, not for "
                "ablation and others; give that condition `orderings: []` and `experiments: "
                "[planes]`",
            )


def _check_binary_weights(resolved: Mapping[str, Any], plans: Mapping[Condition, Plan]) -> None:
    """Binary weights exclude L1 and L2, which change no sign, and pruning, which trains further."""
    for name, regularizer in resolved["regularizers"].items():
        for key in ("l1", "l2"):
            if regularizer["binary_weights"] and regularizer[key]:
                raise ConfigurationError(
                    ("regularizers", name, key),
                    f"binary weights are the signs of latent ones, which {key} makes no smaller; "
                    "remove it, or use dropout",
                )
    for condition, plan in plans.items():
        if not resolved["regularizers"][condition.regularizer]["binary_weights"]:
            continue
        if "pruning" in plan.experiments:
            raise ConfigurationError(
                ("regularizers", condition.regularizer, "binary_weights"),
                f"{condition.path}: pruned networks are trained further, and the latent weights "
                "are not stored; remove the experiment pruning there",
            )


def _check_sgld(resolved: Mapping[str, Any], plans: Mapping[Condition, Plan]) -> None:
    """SGLD excludes batch norm, whose statistics contain the data without noise, and pruning.

    Its noise is of real weights.
    """
    for condition, plan in plans.items():
        if training_of(resolved, condition)["optimizer"] != "sgld":
            continue
        if resolved["regularizers"][condition.regularizer]["batchnorm"]:
            problem = "sgld excludes batch norm, whose statistics contain the data without noise"
        elif resolved["regularizers"][condition.regularizer]["binary_weights"]:
            problem = "sgld adds its noise to real weights, so the weights cannot be binary"
        elif "pruning" in plan.experiments:
            problem = "pruned networks cannot be fine-tuned with sgld"
        else:
            continue
        raise ConfigurationError(
            ("training", "optimizer"), f"{condition.path}: {problem}; use adam or sgd there"
        )


def _check_convolutional(resolved: Mapping[str, Any], plans: Mapping[Condition, Plan]) -> None:
    """Convolutional networks need images, and lack the stages that only stacks have."""
    for condition, plan in plans.items():
        if not condition.convolutional:
            continue
        regularizer = resolved["regularizers"][condition.regularizer]
        training = training_of(resolved, condition)
        path: tuple[Key, ...] = ("regularizers", condition.regularizer)
        source = resolved["datasets"][condition.dataset]["source"]
        measures = [
            (name, j, entry["measure"])
            for name in plan.orderings
            for j, entry in enumerate(resolved["orderings"][name]["measures"])
        ]
        unmeasured = next((each for each in measures if each[2] in _OF_STACKS), None)
        refused = [key for key in _NOT_OF_MODULES if regularizer.get(key)]
        problem = ""
        if source in _NO_IMAGES:
            path, problem = ("conditions",), f"{source} has no images"
        elif refused:
            path = (*path, refused[0])
            problem = "it is not available for convolutional networks; remove it"
        elif regularizer["decay"] == "decoupled" and training["optimizer"] != "adam":
            path, problem = (
                (*path, "decay"),
                "convolutional networks have decoupled decay with adam only; use coupled",
            )
        elif training["optimizer"] == "sgld":
            path, problem = (
                ("training", "optimizer"),
                "convolutional networks are not trained with sgld; use adam or sgd",
            )
        elif training["initialization"] != "default":
            path, problem = (
                ("training", "initialization"),
                "convolutional networks have the default initialization only; use default",
            )
        elif plan.experiments:
            path = ("conditions",)
            problem = (
                f"{plan.experiments[0]} is available for multilayer perceptrons only; "
                "remove it from this condition"
            )
        elif unmeasured is not None:
            path = ("orderings", unmeasured[0], "measures", unmeasured[1], "measure")
            problem = (
                f"{unmeasured[2]} is available for multilayer perceptrons only; give this "
                "condition other orderings"
            )
        if problem:
            raise ConfigurationError(path, f"{condition.path}: {problem}")


def _check_bounds(resolved: Mapping[str, Any], schema: Schema) -> None:
    """Names are defined, and training is possible for the given number of steps."""
    section = resolved.get("bounds", {})
    entries: list[tuple[tuple[Key, ...], Mapping[str, Any]]] = [
        (("bounds", kind, name), entry)
        for kind in ("gaps", "supersample")
        for name, entry in section.get(kind, {}).items()
    ]
    for path, entry in entries:
        check_names(resolved, schema, path, entry)
        regularizer = resolved["regularizers"][entry["regularizer"]]
        trained = training_of(resolved, condition_of(entry))
        optimizer = entry.get("optimizer", trained["optimizer"])
        problem = ""
        if regularizer.get("early_stopping") is not None:
            problem = "early stopping needs losses by epoch, and training here is given in steps"
        elif (
            regularizer.get("output_bits") is not None and entry["activation"] not in OUTPUT_RANGES
        ):
            problem = f"outputs of {entry['activation']} have no range to round in"
        elif optimizer == "sgld" and regularizer["batchnorm"]:
            problem = "sgld excludes batch norm, whose statistics contain the data without noise"
        elif optimizer == "sgld" and regularizer["binary_weights"]:
            problem = "sgld adds its noise to real weights, so the weights cannot be binary"
        if problem:
            raise ConfigurationError(
                (*path, "regularizer"), f"{problem}; choose another than {entry['regularizer']!r}"
            )


def _check_first_version(resolved: Mapping[str, Any], plans: Mapping[Condition, Plan]) -> None:
    """The first set of each condition has all orders for which the paper gives numbers."""
    section = resolved.get("first_version")
    for condition in expanded(section) if section is not None else ():
        plan = plans.get(condition)
        if plan is None or not plan.orderings:
            raise ConfigurationError(
                ("first_version",),
                f"{condition.path} is not among the conditions that are ablated; add it there",
            )
        name = plan.orderings[0]
        chosen = resolved["orderings"][name]
        quantizer = resolved["measures"]["quantizers"][0]
        by_threshold = {
            entry["measure"]
            for entry in chosen["measures"]
            if entry.get("quantizer", quantizer) == FIRST_VERSION_QUANTIZER
        }
        problem = ""
        if missing := [m for m in FIRST_VERSION_MEASURES if m not in by_threshold]:
            problem = f"{missing[0]} by {FIRST_VERSION_QUANTIZER} is not among its measures"
        elif missing := [r for r in (ZERO, MEAN) if r not in chosen["replacements"]]:
            problem = f"{missing[0]} is not among its replacements"
        if problem:
            raise ConfigurationError(
                ("orderings", name),
                f"{problem}, and first_version needs it; add it, or remove first_version",
            )


def _check_splits(
    resolved: Mapping[str, Any], schema: Schema, plans: Mapping[Condition, Plan]
) -> None:
    """Data sets differ in their names only, and no two of them share a seed."""
    section = resolved.get("splits")
    if section is None:
        return
    check_names(resolved, schema, ("splits",), section)
    first, *others = section["dataset"]
    for name in others:
        here, there = resolved["datasets"][name], resolved["datasets"][first]
        if differing := [key for key in there if here.get(key) != there[key]]:
            raise ConfigurationError(
                ("splits", "dataset"),
                f"{name} differs from {first} in {differing[0]}, so more than the split would "
                "differ; give both the same settings",
            )
    conditions = expanded(section)
    for condition in conditions:
        if condition not in plans or not plans[condition].orderings:
            raise ConfigurationError(
                ("splits",),
                f"{condition.path} is not among the conditions that are ablated; add it there",
            )
        n_seeds, wanted = plans[condition].seeds, plans[conditions[0]].seeds
        if n_seeds < 2 or n_seeds != wanted:
            raise ConfigurationError(
                ("splits",),
                f"{condition.path} has seeds: {n_seeds}; the analysis of variance needs two or "
                f"more, and the same number in every condition ({conditions[0].path}: {wanted})",
            )
    for one, other in itertools.combinations(conditions, 2):
        numbers = plans[one].seed_numbers, plans[other].seed_numbers
        if one.dataset != other.dataset and (shared := set(numbers[0]).intersection(numbers[1])):
            raise ConfigurationError(
                ("splits",),
                f"{one.path} and {other.path} share seed {min(shared)}, which begins with the same "
                "weights on both; give each data set a first_seed of its own in conditions",
            )


def ordering_measures(
    resolved: Mapping[str, Any], name: str, plans: Mapping[Condition, Plan]
) -> list[dict[str, str]]:
    """Measures of a set of orderings with their quantizers, each once."""
    quantizers = resolved["measures"]["quantizers"]
    users = [c for c, plan in plans.items() if name in orderings_used(resolved, plan)]
    signed = [condition for condition in users if condition.activation not in NON_NEGATIVE]
    measures = []
    for i, entry in enumerate(resolved["orderings"][name]["measures"]):
        path = ("orderings", name, "measures", i)
        measure = entry["measure"]
        if measure in _QUANTIZED:
            entry = {"measure": measure, "quantizer": entry.get("quantizer", quantizers[0])}
            if entry["quantizer"] not in quantizers:
                raise ConfigurationError(
                    (*path, "quantizer"),
                    f"{shown(entry['quantizer'])} is not among measures.quantizers "
                    f"({', '.join(quantizers)}); add it there or use one of them",
                )
        elif measure in JOINT:
            if entry.get("quantizer", "threshold") != "threshold":
                raise ConfigurationError(
                    (*path, "quantizer"), f"{measure} takes threshold only; remove the key"
                )
            entry = {"measure": measure, "quantizer": "threshold"}
        elif "quantizer" in entry:
            raise ConfigurationError(
                (*path, "quantizer"), f"{measure} takes no quantizer; remove the key"
            )
        if measure == "class_selectivity" and signed:
            raise ConfigurationError(
                (*path, "measure"),
                f"class_selectivity needs activations that are never negative, which "
                f"{signed[0].activation} of the condition {signed[0].path} may be; remove the "
                "measure, or give that condition other orderings",
            )
        if entry not in measures:
            measures.append(entry)
    return measures
