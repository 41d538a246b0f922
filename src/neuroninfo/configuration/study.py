"""The configuration of a study: checked, defaults filled in, resolved for each stage.

The JSON Schema is the one source of keys, types and defaults.  Every job reads the Snakefile and
so this module: it imports nothing that Snakemake does not import itself.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from neuroninfo.configuration import checks
from neuroninfo.configuration.defaults import with_defaults, with_sources
from neuroninfo.configuration.messages import (
    ConfigurationError,
    expected,
    first_mistake,
    shown,
)
from neuroninfo.configuration.plans import (
    FOUND_CONSTANTS,
    TALK_COUNTS,
    Condition,
    Plan,
    condition_of,
    expanded,
    optimizer_values,
    planes_of,
    planned,
    pruning_orderings,
    training_of,
)
from neuroninfo.configuration.schema import Validator, read_yaml
from neuroninfo.configuration.sweep import check_sweep, rows
from neuroninfo.data.catalogue import SOURCES
from neuroninfo.vocabulary import JOINT, REFERENCE, UNQUANTIZED


@dataclass(frozen=True)
class Study:
    """A checked configuration.

    The methods ``*_settings`` give what the results of one stage depend on, as plain
    JSON-able values, and nothing else: they stand in the rules' ``params``, so that a change
    of a value reruns the jobs that it changes and no others.  The stage makes a dataclass of
    them, which stands in the module `settings` of its package and says what each key means.
    """

    name: str
    replicates: str
    """The study that it is compared with; empty: none."""
    seed: int
    seeds_per_job: int
    data_root: str
    device: str
    plans: Mapping[Condition, Plan] = field(hash=False)
    """What is done with each condition, in the order of the configuration."""
    resolved: dict[str, Any] = field(hash=False, repr=False)
    """The whole configuration with all defaults, JSON-able; loading it gives this study."""

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """In the order of the configuration, each once."""
        return tuple(self.plans)

    @property
    def ablated(self) -> tuple[Condition, ...]:
        """Conditions with orderings."""
        return tuple(condition for condition, plan in self.plans.items() if plan.orderings)

    @property
    def with_planes(self) -> tuple[Condition, ...]:
        """Conditions with information planes."""
        return tuple(c for c, plan in self.plans.items() if "planes" in plan.experiments)

    def kind(self, condition: Condition) -> dict[str, Any]:
        """What networks of a condition learn, and what they compute with.

        Conditions of one kind differ in data, architecture, activation and strengths.
        """
        regularizer = self.resolved["regularizers"][condition.regularizer]
        return {
            "source": self.resolved["datasets"][condition.dataset]["source"],
            "binary_weights": regularizer["binary_weights"],
            "output_bits": regularizer.get("output_bits", UNQUANTIZED),
        }

    def label_noise(self, condition: Condition) -> dict[str, Any]:
        """How the labels that networks of a condition train on are drawn anew."""
        dataset = self.resolved["datasets"][condition.dataset]
        return {
            "label_noise": dataset["label_noise"],
            "n_classes": SOURCES[dataset["source"]].n_classes,
        }

    @property
    def with_synergy(self) -> tuple[Condition, ...]:
        """Conditions whose redundancy and synergy are measured."""
        return tuple(c for c, plan in self.plans.items() if "synergy" in plan.experiments)

    @property
    def with_classes(self) -> tuple[Condition, ...]:
        """Conditions that are ablated in the orders of each class."""
        return tuple(c for c, plan in self.plans.items() if "classes" in plan.experiments)

    @property
    def with_robustness(self) -> tuple[Condition, ...]:
        """Conditions whose accuracy on corrupted inputs is measured."""
        return tuple(c for c, plan in self.plans.items() if "robustness" in plan.experiments)

    @property
    def first_version(self) -> tuple[Condition, ...]:
        """Conditions that are compared with the paper's first version; the first one is drawn."""
        section = self.resolved.get("first_version")
        return () if section is None else tuple(expanded(section))

    @property
    def splits(self) -> tuple[Condition, ...]:
        """Conditions that are compared over splits."""
        section = self.resolved.get("splits")
        return () if section is None else tuple(expanded(section))

    def n_seeds(self, condition: Condition, *section: str) -> int:
        """Seeds of a condition, or those for which a section of the configuration is done.

        A section is ``"orderings"`` and the name of a set, or one of `EXPERIMENTS`.
        """
        of_condition = self.plans[condition].seeds
        settings = self.resolved
        if section == ("planes",):
            settings = {"planes": planes_of(self.resolved, condition.dataset)}
        for key in section:
            settings = settings[key]
        return min(of_condition, settings.get("seeds", of_condition) if section else of_condition)

    def seed_numbers(self, condition: Condition, *section: str) -> list[int]:
        """The same seeds by number."""
        return list(self.plans[condition].seed_numbers[: self.n_seeds(condition, *section)])

    def blocks(self, condition: Condition, *section: str) -> list[tuple[int, int]]:
        """First and last seed, both inclusive, of each block (the seeds of one job).

        Blocks start at multiples of ``seeds.per_job`` and are always full, which `load`
        demands of numbers of seeds.  A cut last block would change its name, and be trained
        anew, when the number of seeds is raised.
        """
        size = self.seeds_per_job
        numbers = self.seed_numbers(condition, *section)
        return [(first, first + size - 1) for first in numbers[::size]]

    def controlled(self, condition: Condition) -> bool:
        """Whether the first set of a condition has control orders over several layers."""
        first = self.resolved["orderings"][self.plans[condition].orderings[0]]
        widths = condition.architecture.removeprefix("conv-")
        return first["controls"] > 0 and "-" in widths

    def searched(self, orderings: str) -> bool:
        """Whether a set has orders that have to be found (joint and reference orders)."""
        return not self._measures(orderings).isdisjoint({*JOINT, *REFERENCE})

    def found_constants(self, orderings: str) -> bool:
        """Whether a set ablates to constants that have to be found."""
        replacements = self.resolved["orderings"][orderings]["replacements"]
        return not set(FOUND_CONSTANTS).isdisjoint(replacements)

    def ranked_sets(self, condition: Condition) -> list[str]:
        """Sets of a condition that order by several measures."""
        return [name for name in self.plans[condition].orderings if len(self._measures(name)) > 1]

    def quantizer_sets(self, condition: Condition) -> list[str]:
        """Sets of a condition that order by one measure under several quantizers."""
        return [
            name
            for name in self.plans[condition].orderings
            if len(self._measures(name)) == 1 < len(self._orders(name))
        ]

    def balanced_sets(self, condition: Condition) -> list[str]:
        """Sets of a condition that ablate to zero and to something else."""
        sets = self.resolved["orderings"]
        return [
            name for name in self.plans[condition].orderings if len(sets[name]["replacements"]) > 1
        ]

    def has_talk_counts(self, condition: Condition) -> bool:
        """Whether the talk gives numbers of neurons of such networks."""
        return (condition.dataset, condition.architecture) == TALK_COUNTS

    def _measures(self, orderings: str) -> set[str]:
        return {entry["measure"] for entry in self.resolved["orderings"][orderings]["measures"]}

    def dataset_settings(self, name: str) -> dict[str, Any]:
        """How a data set is split; ``test`` is None for a source with its own test file."""
        dataset = self.resolved["datasets"][name]
        return {
            "name": name,
            "source": dataset["source"],
            "study_seed": self.seed,
            "validation": dataset["validation"],
            "test": dataset.get("test"),
            "inputs": dataset["inputs"],
            "label_noise": dataset["label_noise"],
        }

    def training_settings(self, condition: Condition) -> dict[str, Any]:
        """How a condition is trained, values of its data set and its regularizer applied.

        ``activation_epochs`` are ascending numbers of epochs; ``regularizer`` holds the numbers
        (``batch_norm_momentum`` and ``early_stopping`` are None without these), not its name.
        """
        training = training_of(self.resolved, condition)
        regularizer = self.resolved["regularizers"][condition.regularizer]
        batchnorm = regularizer["batchnorm"]
        apart = ("batchnorm", "output_bits", "early_stopping", "training")
        stored = self.resolved["activations"]["epochs"]
        return {
            "study_seed": self.seed,
            "dataset": condition.dataset,
            "architecture": condition.architecture,
            "activation": condition.activation,
            "regularizer": {
                **{key: value for key, value in regularizer.items() if key not in apart},
                "batch_norm_momentum": batchnorm["momentum"] if batchnorm else None,
                "output_bits": regularizer.get("output_bits"),
                "early_stopping": regularizer.get("early_stopping"),
            },
            **training,
            **optimizer_values(training),
            "activation_epochs": sorted(
                {training["epochs"] if epoch == "last" else epoch for epoch in stored}
            ),
        }

    def measure_settings(self, condition: Condition) -> dict[str, Any]:
        """What is measured (the same for every condition): quantizers, shuffles."""
        return {"study_seed": self.seed, **self.resolved["measures"]}

    def ablation_settings(self, orderings: str) -> dict[str, Any]:
        """Orders of a set and how neurons are ablated.

        ``orderings`` are mappings of measure, quantizer (``none`` where there is none) and
        directions; ``random`` is the number of random orders, ``controls`` that of draws of the
        control orders.
        """
        of_set = self.resolved["orderings"][orderings]
        return {
            "study_seed": self.seed,
            "orderings": self._orders(orderings),
            **{key: of_set[key] for key in ("random", "controls", "replacements", "scopes")},
            "rows": self.resolved["memory"]["rows"],
            "draws": self.resolved["replacing"]["draws"],
        }

    def convolutional_settings(self) -> dict[str, Any]:
        """Examples that convolutional networks are ablated on; None: all."""
        return {"examples": self.resolved["convolutional"].get("examples")}

    def constant_settings(self) -> dict[str, Any]:
        """How the mode and the optimal constant of a neuron are found."""
        replacing = {key: self.resolved["replacing"][key] for key in ("bins", "grid")}
        return {**replacing, "rows": self.resolved["memory"]["rows"]}

    def search_settings(self, orderings: str) -> dict[str, Any]:
        """Orders of a set that have to be found, and how."""
        return {
            "study_seed": self.seed,
            "orderings": [
                entry
                for entry in self._orders(orderings)
                if entry["measure"] in (*JOINT, *REFERENCE)
            ],
            "scopes": self.resolved["orderings"][orderings]["scopes"],
            **self.resolved["search"],
        }

    def reading_settings(self, condition: Condition) -> dict[str, Any]:
        """How curves are read: tolerances, and whether a neuron can be off."""
        return {
            "study_seed": self.seed,
            **self.resolved["reading"],
            "rectified": condition.activation == "relu",
        }

    def pruning_orderings(self, condition: Condition) -> str:
        """The set of orderings by which a condition's neurons are kept."""
        return pruning_orderings(self.resolved, self.plans[condition])

    def pruning_settings(self, condition: Condition) -> dict[str, Any]:
        """Which neurons pruning keeps, by which measures (or at random), and the fine-tuning."""
        orders = self._orders(self.pruning_orderings(condition))
        measures = [{key: entry[key] for key in ("measure", "quantizer")} for entry in orders]
        return {
            "study_seed": self.seed,
            "measures": [*measures, {"measure": "random", "quantizer": "none"}],
            **{key: self.resolved["pruning"][key] for key in ("kept", "epochs")},
            "training": self.training_settings(condition),
        }

    def precision_settings(self) -> dict[str, Any]:
        """Numbers of bits, the network as trained (32) first, and how they are measured."""
        return {
            "study_seed": self.seed,
            "bits": [32, *self.resolved["precision"]["bits"]],
            "random": self.resolved["precision"]["random"],
            "shuffles": self.resolved["measures"]["shuffles"],
            "rows": self.resolved["memory"]["rows"],
        }

    def synergy_settings(self, condition: Condition) -> dict[str, Any]:
        """How redundancy and synergy are measured."""
        own = self.resolved["datasets"][condition.dataset]["synergy"]
        section = {**self.resolved["synergy"], **own}
        return {
            "study_seed": self.seed,
            "shuffles": section["shuffles"],
            "removals": section["removals"],
            "sets": section["sets"],
            "set_size": section["set_size"],
        }

    def class_settings(self) -> dict[str, Any]:
        """How layers are ablated in the orders of each class."""
        return {
            "study_seed": self.seed,
            "random": self.resolved["classes"]["random"],
            "rows": self.resolved["memory"]["rows"],
        }

    def robustness_settings(self, condition: Condition) -> dict[str, Any]:
        """Corruptions of the inputs with their strengths."""
        source = SOURCES[self.resolved["datasets"][condition.dataset]["source"]]
        section = self.resolved["robustness"]
        return {
            "study_seed": self.seed,
            "unit": source.unit,
            "shape": source.image,
            **{key: section[key] for key in ("noise", "blur", "shift")},
        }

    def plane_groups(self, condition: Condition) -> range:
        """Numbers of the groups of estimators, each of which is a job of every block."""
        planes = planes_of(self.resolved, condition.dataset)
        asked = len(planes["estimators"]) + len(planes["costly"]["estimators"])
        return range(min(planes["groups"], asked))

    def plane_settings(self, condition: Condition, group: int | None = None) -> dict[str, Any]:
        """Estimators (those of one group), the number of epochs, and how networks are trained.

        Estimators are dealt out one by one, costly ones last, so that all groups take about as
        long.
        """
        planes = planes_of(self.resolved, condition.dataset)
        both = [planes["estimators"], planes["costly"]["estimators"]]
        if group is not None:
            every = len(self.plane_groups(condition))
            places = itertools.count()
            both = [[name for name in names if next(places) % every == group] for names in both]
        return {
            "epochs": planes["epochs"],
            "estimators": list(both[0]),
            "costly": {**planes["costly"], "estimators": list(both[1])},
            "training": self.training_settings(condition) | {"activation_epochs": []},
            "examples": planes.get("examples"),
            "synergy": condition in self.with_synergy,
        }

    def plane_shown(self, condition: Condition) -> str:
        """The estimator whose plane is drawn by itself: the first of the list.

        Of networks that have a true information, the first that gives it, if it is listed.
        """
        names = self.plane_settings(condition)["estimators"]
        regularizer = self.resolved["regularizers"][condition.regularizer]
        true = "propagation-" if regularizer["noise"] else "exact"
        if regularizer["noise"] or regularizer.get("output_bits"):
            return next((name for name in names if name.startswith(true)), names[0])
        return str(names[0])

    @property
    def gaps(self) -> tuple[str, ...]:
        """Names of the sections whose networks are trained for bounds."""
        return tuple(self.resolved.get("bounds", {}).get("gaps", ()))

    @property
    def supersamples(self) -> tuple[str, ...]:
        """Names of the sections whose networks are trained on halves of pools."""
        return tuple(self.resolved.get("bounds", {}).get("supersample", ()))

    def gap_condition(self, name: str) -> Condition:
        """What is trained, by a name of `gaps`."""
        return condition_of(self.resolved["bounds"]["gaps"][name])

    def supersample_condition(self, name: str) -> Condition:
        """What is trained, by a name of `supersamples`."""
        return condition_of(self.resolved["bounds"]["supersample"][name])

    def gap_settings(self, name: str) -> dict[str, Any]:
        """Training sizes, estimators, numbers of the bounds, and how networks are trained.

        ``epochs`` of the training is 1: it follows from the steps and the size.
        """
        section = self.resolved["bounds"]
        keys = ("sizes", "steps", "estimators", "measured", "highest", "delta")
        return {
            **{key: section[key] for key in keys},
            "sizes": sorted(section["sizes"]),
            **self._bound_training(section["gaps"][name]),
        }

    def supersample_settings(self, name: str) -> dict[str, Any]:
        """Pools, masks, and how networks are trained (``epochs`` as of `gap_settings`)."""
        entry = self.resolved["bounds"]["supersample"][name]
        return {
            **{key: entry[key] for key in ("steps", "pools", "masks", "permutations")},
            "sizes": sorted(entry["sizes"]),
            "classes": entry.get("classes"),
            **self._bound_training(entry),
        }

    def _bound_training(self, entry: Mapping[str, Any]) -> dict[str, Any]:
        """Label noise and training of a named condition, its own values before all others."""
        own = ("optimizer", "learning_rate", "batch_size", "sgld")
        condition = condition_of(entry)
        training = training_of(self.resolved, condition) | {
            key: entry[key] for key in own if key in entry
        }
        return {
            "label_noise": entry["label_noise"],
            "training": self.training_settings(condition)
            | {key: training[key] for key in ("learning_rate", "batch_size", "optimizer")}
            | optimizer_values(training)
            | {"epochs": 1, "activation_epochs": []},
        }

    def calibration_settings(self) -> dict[str, Any]:
        """Estimators and the samples they are tried on; empty: none are calibrated."""
        calibration = self.resolved.get("calibration")
        return {} if calibration is None else {**calibration, "study_seed": self.seed}

    def toys(self, *, network: bool = False) -> list[str]:
        """Two-dimensional sets, or those on which the network is trained."""
        sets = self.resolved["toys"]["sets"]
        return [name for name, toy in sets.items() if toy["network"] or not network]

    def toy_settings(self, name: str) -> dict[str, Any]:
        """A two-dimensional set, and its logistic regression."""
        toys = self.resolved["toys"]
        return {
            "name": name,
            "points": toys["points"],
            "noise": toys["sets"][name]["noise"],
            "l2": toys["logistic_regression"]["l2"],
            "study_seed": self.seed,
        }

    def toy_network_settings(self) -> dict[str, Any]:
        """Networks of width two, the same for every set."""
        return {**self.resolved["toys"]["network"], "study_seed": self.seed}

    def comparison_settings(self, name: str) -> dict[str, Any]:
        """Conditions of a comparison, and the key in which they differ.

        ``varies`` is a key of a condition.  Where regularizers differ in one number, ``number``
        names it and ``values`` are its values, ascending, of the conditions; else both are None.
        """
        comparison = self.resolved["comparisons"][name]
        conditions = expanded(comparison)
        varies = next(key for key, value in comparison.items() if isinstance(value, list))
        number, values = None, None
        if varies == "regularizer":
            number = _differing([self.resolved["regularizers"][c.regularizer] for c in conditions])
        if number is not None:
            strengths = {
                c: self.resolved["regularizers"][c.regularizer][number] for c in conditions
            }
            conditions.sort(key=strengths.__getitem__)
            values = [strengths[c] for c in conditions]
        return {
            "varies": varies,
            "number": number,
            "values": values,
            "conditions": [
                [c.dataset, c.architecture, c.activation, c.regularizer] for c in conditions
            ],
        }

    def sweep(self) -> list[list[dict[str, Any]]]:
        """Rows of the figure of where claims hold, by reference, which is the first row.

        Each row has the names of its condition, its quantizer and its replacement.  Its
        ``settings`` are what else is set for it: of a reference everything, of others what is
        different there.
        """
        groups = []
        for number in range(len(self.resolved.get("sweep", ()))):
            members = list(rows(self.resolved, number))
            settings = [self._everything(row) for row in members]
            groups.append(
                [
                    {
                        **row,
                        "settings": {k: v for k, v in own.items() if not n or v != settings[0][k]},
                    }
                    for n, (row, own) in enumerate(zip(members, settings, strict=True))
                ]
            )
        return groups

    def _everything(self, row: Mapping[str, str]) -> dict[str, Any]:
        """All settings of data, training and ablation of a row of the sweep."""
        condition = condition_of(row)
        training = self.training_settings(condition)
        settings = {
            **training["regularizer"],
            **training,
            **self.dataset_settings(condition.dataset),
            **row,
        }
        names = ("study_seed", "name", "regularizer", "activation_epochs", "sgld", "train_loss")
        return {key: value for key, value in settings.items() if key not in names}

    def _orders(self, orderings: str) -> list[dict[str, Any]]:
        of_set = self.resolved["orderings"][orderings]
        return [
            {
                "measure": entry["measure"],
                "quantizer": entry.get("quantizer", "none"),
                "directions": list(of_set["directions"]),
            }
            for entry in of_set["measures"]
        ]


def load(config: Mapping[str, Any], schema_path: str | Path) -> Study:
    """Check a configuration and fill in the defaults.

    Parameters
    ----------
    config
        As read from YAML. Text that YAML would read as a number or truth value is taken as
        such where one is expected: Snakemake's ``--config`` gives all nested values as text.
    schema_path
        The JSON Schema, ``workflow/schemas/config.schema.yaml``.

    Raises
    ------
    ConfigurationError
        Something is wrong; of several mistakes one, always the same, is named.
    """
    schema = read_yaml(Path(schema_path).read_text(encoding="utf-8"))
    if not isinstance(config, Mapping):
        raise ConfigurationError(
            (), f"{shown(config)} is no configuration; expected {expected(schema, schema)}"
        )
    resolved = with_sources(with_defaults(config, schema, schema, ()))
    if mistake := first_mistake(Validator(schema).iter_errors(resolved), schema):
        raise mistake
    checks.check_seeds(resolved)
    plans = planned(resolved, schema)
    checks.check(resolved, schema, plans)
    for name, orders in resolved["orderings"].items():
        orders["measures"] = checks.ordering_measures(resolved, name, plans)
    check_sweep(resolved, schema, plans)
    resolved["conditions"] = [
        {**vars(condition), **plan.resolved()} for condition, plan in plans.items()
    ]
    return Study(
        name=resolved["study"],
        replicates=resolved.get("replicates", ""),
        seed=resolved["seed"],
        seeds_per_job=resolved["seeds"]["per_job"],
        data_root=resolved["data_root"],
        device=resolved["device"],
        plans=plans,
        resolved=resolved,
    )


def _differing(regularizers: Sequence[Mapping[str, Any]]) -> str | None:
    """The only key in which regularizers differ, if it is a strength and differs in all."""
    keys = {key for one in regularizers for key in one}
    differ = [
        key for key in keys if any(r.get(key) != regularizers[0].get(key) for r in regularizers)
    ]
    if len(differ) != 1:
        return None
    values = [one.get(differ[0]) for one in regularizers]
    numeric = all(isinstance(value, float) for value in values)
    return differ[0] if numeric and len(set(values)) == len(values) else None
