"""Mistakes in a configuration are named with their mend; defaults come from the schema."""

import copy
import datetime
import itertools
import json
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from neuroninfo.configuration import study as configuration_study
from neuroninfo.configuration.messages import ConfigurationError, expected
from neuroninfo.configuration.plans import Condition, Plan
from neuroninfo.configuration.schema import resolve
from neuroninfo.configuration.study import Study
from neuroninfo.networks.activations import ACTIVATIONS

ROOT = Path(__file__).parents[3]
SCHEMA_PATH = ROOT / "workflow/schemas/config.schema.yaml"
SCHEMA = yaml.safe_load(SCHEMA_PATH.read_text())
README = (ROOT / "config/README.md").read_text()

MINIMAL = """
study: small
seeds: {count: 10}
datasets: {digits: {validation: 360, test: 360}}
regularizers: {none: {}}
conditions: [{dataset: digits, architecture: 30-30, regularizer: none}]
"""

PLAIN = {
    "l1": 0.0,
    "l2": 0.0,
    "decay": "coupled",
    "decay_biases": True,
    "dropout": 0.0,
    "input_dropout": 0.0,
    "label_smoothing": 0.0,
    "noise": 0.0,
    "binary_weights": False,
}


def minimal() -> dict[str, Any]:
    return yaml.safe_load(MINIMAL)


def load(config: Any) -> Study:
    return configuration_study.load(config, SCHEMA_PATH)


def changed(changes: str, config: dict[str, Any] | None = None) -> dict[str, Any]:
    """The minimal configuration, or another one, with `a.b.0.c: value` lines of YAML put in."""
    config = minimal() if config is None else config
    for path, value in yaml.safe_load(changes).items():
        *parents, last = [int(part) if part.isdigit() else part for part in path.split("/")]
        below = config
        for part in parents:
            below = below[part] if isinstance(part, int) else below.setdefault(part, {})
        below[last] = value
    return config


def shipped(name: str) -> dict[str, Any]:
    return yaml.safe_load((ROOT / "config" / name).read_text())


# --- what is filled in and resolved -----------------------------------------------------


def test_defaults() -> None:
    study = load(minimal())
    assert study.resolved == {
        "study": "small",
        "seed": 0,
        "data_root": "data",
        "device": "auto",
        "seeds": {"count": 10, "per_job": 10},
        "bundles": {},
        "datasets": {
            "digits": {
                "source": "digits",
                "validation": 360,
                "test": 360,
                "inputs": "unit",
                "label_noise": 0.0,
                "training": {},
                "planes": {},
                "synergy": {},
            }
        },
        "training": {
            "optimizer": "adam",
            "momentum": 0.9,
            "learning_rate": 0.001,
            "batch_size": 128,
            "epochs": 15,
            "initialization": "default",
            "measured_split": "validation",
            "train_loss": "last",
            "sgld": {"clipping_norm": 1.0, "noise": 0.01, "noise_decay": 0.0},
        },
        "memory": {"gathered_mb": 32, "rows": 2048},
        "cluster": {},
        "checkpoints": {"minutes": 10},
        "activations": {"epochs": ["last"], "keep": True},
        "regularizers": {"none": {**PLAIN, "batchnorm": False, "training": {}}},
        "conditions": [
            {
                "dataset": "digits",
                "architecture": "30-30",
                "activation": "relu",
                "regularizer": "none",
                "seeds": 10,
                "orderings": ["information"],
                "experiments": [],
                "figures": True,
                "keep_activations": True,
                "first_seed": 0,
            }
        ],
        "measures": {"quantizers": ["threshold"], "shuffles": 10},
        "orderings": {
            "information": {
                "measures": [{"measure": "mutual_information", "quantizer": "threshold"}],
                "directions": ["ascending", "descending"],
                "random": 5,
                "controls": 2,
                "replacements": ["zero"],
                "scopes": ["layers", "network"],
            }
        },
        "convolutional": {},
        "replacing": {"bins": 100, "grid": 16, "draws": 3},
        "search": {"examples": 2000, "shuffles": 3},
        "reading": {
            "delta": 0.1,
            "deltas": [
                *(0.02, 0.04, 0.06, 0.08, 0.1, 0.12, 0.14, 0.16, 0.18, 0.2),
                *(0.25, 0.3, 0.35, 0.4, 0.45, 0.5),
            ],
            "changed": [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1],
            "lost": [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1],
        },
        "comparisons": {},
        "pruning": {"epochs": 1, "kept": [0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9]},
        "precision": {"bits": [8, 4, 2], "random": 2},
        "synergy": {"shuffles": 1, "removals": 5000, "sets": 200, "set_size": 4},
        "classes": {"random": 5},
        "robustness": {
            "noise": [0.1, 0.2, 0.3, 0.4],
            "blur": [0.5, 1.0, 1.5, 2.0],
            "shift": [1, 2, 3, 4],
        },
        "planes": {
            "epochs": 20,
            "estimators": [
                "edges-30",
                "width-0.07",
                "mass-30",
                "kde-upper-0.001",
                "kde-lower-0.001",
            ],
            "costly": {"estimators": [], "epochs": 3},
            "groups": 1,
        },
        "toys": {
            "points": 200,
            "sets": {},
            "logistic_regression": {"l2": 0.01},
            "network": {
                "layers": 2,
                "activation": "sigmoid",
                "l2": 0.0001,
                "restarts": 20,
                "learning_rate": 0.03,
                "epochs": 2000,
                "frames": 60,
            },
        },
    }
    assert (study.name, study.seed, study.seeds_per_job) == ("small", 0, 10)
    assert (study.data_root, study.device) == ("data", "auto")
    assert study.conditions == (Condition("digits", "30-30", "relu", "none"),)
    assert study.plans[study.conditions[0]] == Plan(10, ("information",), (), True, True)
    assert study.conditions[0].path == "digits/30-30/relu/none"


@pytest.mark.parametrize("config", [minimal(), shipped("config.yaml"), shipped("demo.yaml")])
def test_loading_what_was_resolved_changes_nothing(config: dict[str, Any]) -> None:
    before = copy.deepcopy(config)
    study = load(config)
    assert config == before
    assert load(json.loads(json.dumps(study.resolved))) == study
    assert hash(study) == hash(load(config))


def test_order_of_keys_changes_nothing() -> None:
    def shuffled(value: Any) -> Any:
        if isinstance(value, list):
            return [shuffled(entry) for entry in value]
        if isinstance(value, dict):
            keys = random.Random(0).sample(list(value), len(value))
            return {key: shuffled(value[key]) for key in keys}
        return value

    config = shipped("config.yaml")
    assert list(shuffled(config)) != list(config)
    assert json.dumps(load(shuffled(config)).resolved) == json.dumps(load(config).resolved)


def test_products_are_expanded_and_doubled_conditions_merged() -> None:
    config = changed(
        """
        regularizers/l2: {l2: 1}
        conditions:
          - dataset: digits
            architecture: [30-30, "100"]
            activation: [relu, tanh]
            regularizer: [none, l2, none]
          - {dataset: [digits], architecture: "100", activation: tanh, regularizer: l2}
          - {dataset: digits, architecture: "7", activation: sigmoid, regularizer: none}
        """
    )
    products = itertools.product(["30-30", "100"], ["relu", "tanh"], ["none", "l2"])
    assert load(config).conditions == (
        *(Condition("digits", *names) for names in products),
        Condition("digits", "7", "sigmoid", "none"),
    )


def test_settings_of_each_stage() -> None:
    study = load(
        changed(
            """
            seed: 7
            device: cpu
            data_root: /elsewhere
            datasets/mnist: {validation: 10000, inputs: standardized, training: {epochs: 3}}
            regularizers/all:
              {l1: 0.1, l2: 1, dropout: 0.5, batchnorm: on, label_smoothing: 0.2, noise: 0.3,
               early_stopping: 3}
            regularizers/slow: {batchnorm: {momentum: 0.01}}
            training/batch_size: 32
            activations/epochs: [last, 2, 0, 0, 3]
            conditions/0/dataset: [digits, mnist]
            conditions/0/regularizer: [none, all, slow]
            measures/quantizers: [uniform-30, threshold]
            memory/rows: 64
            search: {examples: 50, shuffles: 1}
            reading: {delta: 0.15, deltas: [0.3], lost: []}
            orderings/mine:
              measures:
                - {measure: mutual_information}
                - {measure: mutual_information, quantizer: uniform-30}
                - {measure: entropy, quantizer: threshold}
                - {measure: class_selectivity}
                - {measure: cmim}
                - {measure: greedy}
              random: 2
              replacements: [zero, mean]
            """
        )
    )
    digits, mnist = study.conditions[0], study.conditions[4]
    assert study.dataset_settings("digits") == {
        "name": "digits",
        "source": "digits",
        "study_seed": 7,
        "validation": 360,
        "test": 360,
        "inputs": "unit",
        "label_noise": 0.0,
    }
    assert study.dataset_settings("mnist") == {
        "name": "mnist",
        "source": "mnist",
        "study_seed": 7,
        "validation": 10000,
        "test": None,
        "inputs": "standardized",
        "label_noise": 0.0,
    }
    assert study.training_settings(digits) == {
        "study_seed": 7,
        "dataset": "digits",
        "architecture": "30-30",
        "activation": "relu",
        "regularizer": {
            **PLAIN,
            "batch_norm_momentum": None,
            "output_bits": None,
            "early_stopping": None,
        },
        "optimizer": "adam",
        "momentum": None,
        "sgld": None,
        "learning_rate": 0.001,
        "batch_size": 32,
        "epochs": 15,
        "initialization": "default",
        "measured_split": "validation",
        "train_loss": "last",
        "activation_epochs": [0, 2, 3, 15],
    }
    training = study.training_settings(mnist)
    assert training["regularizer"] == {
        **PLAIN,
        "l1": 0.1,
        "l2": 1.0,
        "dropout": 0.5,
        "label_smoothing": 0.2,
        "noise": 0.3,
        "batch_norm_momentum": 0.1,
        "output_bits": None,
        "early_stopping": 3,
    }
    assert (training["epochs"], training["batch_size"]) == (3, 32)
    assert training["activation_epochs"] == [0, 2, 3]
    slow = study.training_settings(study.conditions[5])
    assert slow["regularizer"] == {
        **PLAIN,
        "batch_norm_momentum": 0.01,
        "output_bits": None,
        "early_stopping": None,
    }
    assert study.measure_settings(mnist) == {
        "study_seed": 7,
        "quantizers": ["uniform-30", "threshold"],
        "shuffles": 10,
    }
    both = ["ascending", "descending"]
    found = [
        {"measure": measure, "quantizer": quantizer, "directions": both}
        for measure, quantizer in [("cmim", "threshold"), ("greedy", "none")]
    ]
    assert study.ablation_settings("mine") == {
        "study_seed": 7,
        "orderings": [
            *(
                {"measure": measure, "quantizer": quantizer, "directions": both}
                for measure, quantizer in [
                    ("mutual_information", "uniform-30"),
                    ("entropy", "threshold"),
                    ("class_selectivity", "none"),
                ]
            ),
            *found,
        ],
        "random": 2,
        "controls": 2,
        "replacements": ["zero", "mean"],
        "scopes": ["layers", "network"],
        "rows": 64,
        "draws": 3,
    }
    assert study.found_constants("mine") is False
    assert study.reading_settings(digits) == {
        "study_seed": 7,
        "delta": 0.15,
        "deltas": [0.3],
        "changed": [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1],
        "lost": [],
        "rectified": True,
    }
    assert study.search_settings("mine") == {
        "study_seed": 7,
        "orderings": found,
        "scopes": ["layers", "network"],
        "examples": 50,
        "shuffles": 1,
    }


def test_a_regularizer_trains_in_its_own_way() -> None:
    """Its values go before the data set's, and these before the study's."""
    study = load(
        changed(
            """
            training: {learning_rate: 0.1, batch_size: 4, epochs: 2}
            datasets/digits/training: {batch_size: 5, epochs: 3, initialization: glorot}
            regularizers/own:
              l2: 0.5
              decay: decoupled
              decay_biases: false
              input_dropout: 0.2
              training: {epochs: 4, optimizer: sgd, momentum: 0.5}
            conditions/0/regularizer: [none, own]
            bounds/gaps/plain: {dataset: digits, architecture: '9', regularizer: own, batch_size: 7}
            """
        )
    )
    none, own = (study.training_settings(condition) for condition in study.conditions)
    keys = ("optimizer", "momentum", "learning_rate", "batch_size", "epochs", "initialization")
    assert [none[key] for key in keys] == ["adam", None, 0.1, 5, 3, "glorot"]
    assert [own[key] for key in keys] == ["sgd", 0.5, 0.1, 5, 4, "glorot"]
    decay = {"l2": 0.5, "decay": "decoupled", "decay_biases": False, "input_dropout": 0.2}
    assert own["regularizer"] | decay == own["regularizer"]
    of_gaps = study.gap_settings("plain")["training"]
    assert [of_gaps[key] for key in keys] == ["sgd", 0.5, 0.1, 7, 1, "glorot"]


def test_a_data_set_under_a_name_of_its_own() -> None:
    study = load(
        changed(
            """
            datasets/digits-two: {source: digits, validation: 300, test: 360, inputs: standardized}
            conditions/0/dataset: [digits, digits-two]
            """
        )
    )
    one, two = (study.dataset_settings(name) for name in ("digits", "digits-two"))
    assert two == one | {"name": "digits-two", "validation": 300, "inputs": "standardized"}
    assert [c.path for c in study.conditions] == [
        "digits/30-30/relu/none",
        "digits-two/30-30/relu/none",
    ]
    names = [study.training_settings(condition)["dataset"] for condition in study.conditions]
    assert names == ["digits", "digits-two"]  # batches of their own


SWEEP = """
datasets/digits-two: {source: digits, validation: 360, test: 360}
datasets/digits-three: {source: digits, validation: 360, test: 360, inputs: standardized}
measures/quantizers: [threshold, uniform-4]
regularizers/sgd: {l2: 0.5, training: {optimizer: sgd, learning_rate: 0.05}}
regularizers/inputs: {input_dropout: 0.2}
orderings/information:
  measures: [measure: mutual_information, {measure: mutual_information, quantizer: uniform-4}]
  replacements: [zero, mean]
conditions/0/dataset: [digits, digits-two, digits-three]
conditions/0/regularizer: [none, sgd, inputs]
sweep:
  - dataset: digits
    architecture: 30-30
    regularizer: none
    against:
      - {replacement: mean}
      - {quantizer: [uniform-4]}
      - {regularizer: [inputs, sgd]}
      - {dataset: [digits-two, digits-three]}
  - dataset: digits-two
    architecture: 30-30
    regularizer: inputs
    quantizer: uniform-4
    against: [{regularizer: none, replacement: [zero, mean]}]
"""


def test_rows_of_the_sweep_say_what_differs() -> None:
    assert load(minimal()).sweep() == []
    first, second = load(changed(SWEEP)).sweep()
    assert {key: first[0][key] for key in first[0] if key != "settings"} == {
        "dataset": "digits",
        "architecture": "30-30",
        "activation": "relu",
        "regularizer": "none",
        "quantizer": "threshold",
        "replacement": "zero",
    }
    everything = first[0]["settings"]
    assert everything | {**PLAIN, "optimizer": "adam", "epochs": 15, "inputs": "unit"} == everything
    assert everything | {"activation": "relu", "quantizer": "threshold"} == everything
    assert [row["settings"] for row in first[1:]] == [
        {"replacement": "mean"},
        {"quantizer": "uniform-4"},
        {"input_dropout": 0.2},
        {"l2": 0.5, "optimizer": "sgd", "momentum": 0.9, "learning_rate": 0.05},
        {"dataset": "digits-two"},
        {"dataset": "digits-three", "inputs": "standardized"},
    ]
    assert second[0]["quantizer"] == "uniform-4"
    assert [row["settings"] for row in second[1:]] == [
        {"input_dropout": 0.0},
        {"input_dropout": 0.0, "replacement": "mean"},
    ]
    names = [[row["dataset"], row["regularizer"], row["replacement"]] for row in second]
    assert names[1:] == [["digits-two", "none", "zero"], ["digits-two", "none", "mean"]]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ("sweep: []", "sweep: is empty; expected a list of mappings with the keys dataset, "),
        ("sweep/0/against: []", "sweep[0].against: is empty; expected a list of mappings, such as"),
        (
            "sweep/0/against: [{}]",
            "sweep[0].against[0]: is empty; expected a mapping with the keys",
        ),
        (
            "sweep/0/regularizer: nine",
            "sweep[0].regularizer: 'nine' is unknown; did you mean 'none'",
        ),
        (
            "sweep/0/against: [{replacement: mean}, {regularizer: [sgd, input]}]",
            "sweep[0].against[1].regularizer[1]: 'input' is unknown; did you mean 'inputs'? known "
            "are inputs, none, sgd; or define it under regularizers",
        ),
        (
            "sweep/1/against: [{architecture: '7'}]",
            "sweep[1]: digits-two/7/relu/inputs is not among the conditions; add it there",
        ),
        (
            "{measures/quantizers: [threshold, uniform-4, uniform-8], "
            "sweep/0/against: [{quantizer: uniform-8}]}",
            "sweep[0]: digits/30-30/relu/none is not ablated by mutual_information with uniform-8 "
            "to zero; give it orderings that do so",
        ),
        (
            "{conditions/0/orderings: [], sweep/0/against: [{replacement: mean}]}",
            "sweep[0]: digits/30-30/relu/none is not ablated by mutual_information with threshold "
            "to zero",
        ),
        (
            "sweep/0/against: [{quantiser: uniform-4}]",
            "sweep[0].against[0].quantiser: unknown key; did you mean 'quantizer'?",
        ),
    ],
)
def test_mistakes_about_the_sweep(changes: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        load(changed(changes, changed(SWEEP)))
    assert message in str(raised.value)


SPLITS = """
seeds: {count: 4, per_job: 2}
datasets/digits-two: {source: digits, validation: 360, test: 360}
datasets/digits-three: {source: digits, validation: 360, test: 360}
regularizers/l2: {l2: 0.5}
conditions/0/regularizer: [none, l2]
conditions/1: {dataset: digits-two, architecture: 30-30, regularizer: [none, l2], first_seed: 4}
conditions/2: {dataset: digits-three, architecture: 30-30, regularizer: [none, l2], first_seed: 8}
splits:
  dataset: [digits, digits-two, digits-three]
  architecture: 30-30
  regularizer: [none, l2]
"""


def with_splits(changes: str = "{}") -> dict[str, Any]:
    config = minimal()
    config["conditions"] += [{}, {}]
    return changed(changes, changed(SPLITS, config))


def test_seeds_begin_where_a_condition_says() -> None:
    study = load(with_splits("orderings: {information: {}, some: {seeds: 2}}"))
    condition = study.splits[2]
    assert condition.path == "digits-two/30-30/relu/none"
    assert study.seed_numbers(condition) == [4, 5, 6, 7]
    assert study.blocks(condition) == [(4, 5), (6, 7)]
    assert study.seed_numbers(condition, "orderings", "some") == [4, 5]
    assert study.blocks(condition, "orderings", "some") == [(4, 5)]
    assert study.blocks(study.splits[0]) == [(0, 1), (2, 3)]
    assert load(study.resolved) == study


def test_conditions_on_several_splits() -> None:
    assert load(minimal()).splits == ()
    study = load(with_splits())
    assert list(study.splits) == list(study.conditions)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            "splits/dataset: [digits, digits-two]",
            "splits.dataset: has only 2 of its entries; expected a list of three or more names",
        ),
        (
            "splits/dataset: [digits, digits-two, digits-tree]",
            "splits.dataset[2]: 'digits-tree' is unknown; did you mean 'digits-three'",
        ),
        ("splits/regularizer: l1", "splits.regularizer: 'l1' is unknown; known are l2, none"),
        (
            "splits/architecture: '7'",
            "splits: digits/7/relu/none is not among the conditions that are ablated; add it there",
        ),
        (
            "conditions/2/orderings: []",
            "splits: digits-three/30-30/relu/none is not among the conditions that are ablated",
        ),
        (
            "datasets/digits-two/inputs: standardized",
            "splits.dataset: digits-two differs from digits in inputs, so more than the split",
        ),
        (
            "datasets/digits-three/training: {epochs: 3}",
            "splits.dataset: digits-three differs from digits in training, so more than the split",
        ),
        (
            "conditions/1/seeds: 2",
            "splits: digits-two/30-30/relu/none has seeds: 2; the analysis of variance needs two "
            "or more, and the same number in every condition (digits/30-30/relu/none: 4)",
        ),
        (
            "seeds: {count: 1, per_job: 1}",
            "splits: digits/30-30/relu/none has seeds: 1; the analysis of variance needs two or "
            "more",
        ),
        (
            "conditions/2/first_seed: 6",
            "splits: digits-two/30-30/relu/none and digits-three/30-30/relu/none share seed 6, "
            "which begins with the same weights on both; give each data set a first_seed",
        ),
        (
            "conditions/2/first_seed: 9",
            "conditions[2].first_seed: 9 is not a multiple of seeds.per_job 2 (the seeds of one "
            "job begin there); use 8 or 10",
        ),
    ],
)
def test_mistakes_about_splits(changes: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        load(with_splits(changes))
    assert message in str(raised.value)


def test_what_is_done_with_each_condition() -> None:
    study = load(
        changed(
            """
            seeds: {count: 20, per_job: 5}
            measures/quantizers: [threshold, uniform-4]
            orderings:
              information: {replacements: [zero, mean]}
              some: {measures: [measure: entropy, measure: damage], seeds: 10, scopes: [layers]}
              bins:
                measures:
                  - {measure: entropy, quantizer: threshold}
                  - {measure: entropy, quantizer: uniform-4}
            pruning: {orderings: some, seeds: 10}
            precision: {bits: [4]}
            conditions:
              - dataset: digits
                architecture: 30-30
                regularizer: none
                experiments: [pruning, precision]
              - dataset: digits
                architecture: "7"
                regularizer: none
                seeds: 5
                orderings: [information, some]
                figures: false
                keep_activations: false
            """
        )
    )
    everything, little = study.conditions
    assert study.plans[everything].orderings == ("bins", "information", "some")
    assert study.plans[little] == Plan(5, ("information", "some"), (), False, False)
    sections = ((), ("orderings", "information"), ("orderings", "some"), ("pruning",))
    assert [study.n_seeds(everything, *section) for section in sections] == [20, 20, 10, 10]
    assert [study.n_seeds(little, *section) for section in sections] == [5, 5, 5, 5]
    assert study.blocks(everything, "orderings", "some") == [(0, 4), (5, 9)]
    assert study.pruning_orderings(everything) == "some"
    assert study.pruning_settings(everything)["measures"] == [
        {"measure": "entropy", "quantizer": "threshold"},
        {"measure": "damage", "quantizer": "none"},
        {"measure": "random", "quantizer": "none"},
    ]
    assert study.precision_settings()["bits"] == [32, 4]
    assert [study.searched(name) for name in ("information", "some", "bins")] == [
        False,
        True,
        False,
    ]


def all_settings(config: dict[str, Any]) -> str:
    study = load(config)
    return json.dumps(
        [
            [
                study.dataset_settings(condition.dataset),
                study.training_settings(condition),
                study.measure_settings(condition),
                study.ablation_settings(study.plans[condition].orderings[0]),
                study.search_settings(study.plans[condition].orderings[0]),
            ]
            for condition in study.conditions
        ]
    )


@pytest.mark.parametrize(
    "changes",
    [
        "device: cuda",
        "data_root: /elsewhere",
        "activations/keep: false",
        "memory/gathered_mb: 1",
        "checkpoints/minutes: 0",
        "checkpoints/minutes: 0.5",
        "conditions/0/figures: false",
        "conditions/0/seeds: 20",
        "orderings: {information: {}, other: {measures: [measure: entropy]}}",
        "seeds: {count: 40, per_job: 20}",
        "study: other",
        "datasets/mnist: {validation: 5}",
        "regularizers/l2: {l2: 1}",
        "training/learning_rate: 1.0e-3",
    ],
)
def test_settings_hold_only_what_results_depend_on(changes: str) -> None:
    assert all_settings(changed(changes)) == all_settings(minimal())


def test_blocks_are_full_and_keep_their_names_when_seeds_are_added() -> None:
    def blocks(count: int, per_job: int) -> list[tuple[int, int]]:
        study = load(changed(f"seeds: {{count: {count}, per_job: {per_job}}}"))
        return study.blocks(study.conditions[0])

    assert blocks(20, 10) == [(0, 9), (10, 19)]
    assert blocks(3, 1) == [(0, 0), (1, 1), (2, 2)]
    assert blocks(5, 5) == [(0, 4)]
    for per_job, factor in itertools.product([1, 3, 10], [1, 2, 5]):
        fewer, more = blocks(per_job * factor, per_job), blocks(per_job * (factor + 3), per_job)
        assert more[: len(fewer)] == fewer
        seeds = [seed for first, last in more for seed in range(first, last + 1)]
        assert seeds == list(range(per_job * (factor + 3)))


def test_text_from_the_command_line_is_read_as_yaml() -> None:
    """`--config 'seeds={count: 20}'` gives all nested values as text."""
    config = minimal() | {
        "seeds": {"count": "20", "per_job": "10"},
        "training": {"learning_rate": "1.0e-2", "epochs": "3"},
        "activations": {"epochs": ["0", "last"], "keep": "false"},
        "regularizers": {"none": {}, "5": {"l2": "1", "batchnorm": "true"}},
        "conditions": [{"dataset": "digits", "architecture": "100", "regularizer": "5"}],
    }
    study = load(config)
    plan = study.plans[study.conditions[0]]
    assert (plan.seeds, plan.keep_activations) == (20, False)
    training = study.training_settings(study.conditions[0])
    assert (training["learning_rate"], training["epochs"]) == (0.01, 3)
    assert training["activation_epochs"] == [0, 3]
    assert (training["regularizer"]["l2"], training["regularizer"]["batch_norm_momentum"]) == (
        1.0,
        0.1,
    )


# --- mistakes ---------------------------------------------------------------------------

QUANTIZER_NAMES = "expected threshold, uniform-<bins> or quantile-<bins> with 2 to 256 bins"
WIDTHS = (
    "expected widths of the hidden layers joined by hyphens, such as '100-100', or numbers of "
    "channels, such as conv-16-32-64 or resnet-16-32-64"
)

MISTAKES = [
    # unknown keys
    ("training/epoch: 3", "training.epoch: unknown key; did you mean 'epochs'?"),
    ("Study: x", "Study: unknown key; did you mean 'study'?"),
    ("epochs: 3", "epochs: unknown key; it belongs under 'training'"),
    ("training/seed: 3", "training.seed: unknown key; it belongs to the top level"),
    (
        "training/schedule: cosine",
        "training.schedule: unknown key; known are optimizer, momentum, learning_rate, "
        "batch_size, epochs, initialization, measured_split, train_loss, sgld",
    ),
    (
        "conditions/0/regulariser: none",
        "conditions[0].regulariser: unknown key; did you mean 'regularizer'?",
    ),
    (
        "datasets/svhn: {validation: 3}",
        "datasets.svhn.source: 'svhn' is unknown; known are digits, icosahedron, szt, mnist, "
        "fashion_mnist, cifar10",
    ),
    (
        "datasets/minst: {validation: 3}",
        "datasets.minst.source: 'minst' is unknown; did you mean 'mnist'? known are digits, ",
    ),
    (
        "datasets/My_digits: {source: digits, validation: 3}",
        "datasets.My_digits: not a valid name; expected a name of lower-case letters, digits, "
        "hyphens and underscores, such as 'mnist', with the keys source, validation, ",
    ),
    (
        "regularizers/L2: {l2: 1}",
        "regularizers.L2: not a valid name; expected a name of lower-case letters, digits, dots "
        "and hyphens, such as 'l2', with the keys l1, l2, decay, decay_biases, dropout, ",
    ),
    (
        "regularizers/none/training: {epoch: 3}",
        "regularizers.none.training.epoch: unknown key; did you mean 'epochs'?",
    ),
    (
        "regularizers/none/decay: decoupeld",
        "regularizers.none.decay: 'decoupeld' is unknown; did you mean 'decoupled'? known are "
        "coupled, decoupled",
    ),
    (
        "training/initialization: kaiming",
        "training.initialization: 'kaiming' is unknown; known are default, he, glorot",
    ),
    # missing keys
    ("seeds: {}", "seeds.count: missing; expected a whole number >= 1"),
    (
        "conditions: [{dataset: digits, architecture: 30-30}]",
        "conditions[0].regularizer: missing; expected a name under regularizers",
    ),
    (
        "datasets/digits: {validation: 360}",
        "datasets.digits.test: missing; expected a whole number >= 1",
    ),
    (
        "datasets/digits-two: {source: digits, validation: 360}",
        "datasets.digits-two.test: missing; expected a whole number >= 1",
    ),
    (
        "datasets/mine: {source: mnist, validation: 3, test: 3}",
        "datasets.mine.test: this data set has a test file of its own; remove the key",
    ),
    (
        "datasets/mnist: {validation: 3, test: 3}",
        "datasets.mnist.test: this data set has a test file of its own; remove the key",
    ),
    # nothing there
    (
        "training: ~",
        "training: null (an empty value) is wrong; expected a mapping with the keys "
        "optimizer, momentum, learning_rate, batch_size, epochs, initialization, measured_split, "
        "train_loss, sgld; write {} for the defaults",
    ),
    (
        "regularizers/none: ~",
        "regularizers.none: null (an empty value) is wrong; expected a mapping with the keys l1, "
        "l2, decay, decay_biases, dropout, input_dropout, batchnorm, label_smoothing, noise, "
        "output_bits, binary_weights, early_stopping, training; write {} for the defaults",
    ),
    (
        "seeds: ~",
        "seeds: null (an empty value) is wrong; expected a mapping with the keys count, per_job; "
        "give its keys",
    ),
    (
        "training/epochs: ~",
        "training.epochs: null (an empty value) is wrong; expected a whole number >= 1; give a "
        "value or remove the key",
    ),
    (
        "conditions: []",
        "conditions: is empty; expected a list of mappings with the keys dataset, architecture, "
        "activation, regularizer, seeds, first_seed, orderings, experiments, figures, "
        "keep_activations",
    ),
    (
        "activations/epochs: []",
        "activations.epochs: is empty; expected a list of epochs, such as [0, last]",
    ),
    (
        "datasets: {}",
        "datasets: is empty; expected a name of lower-case letters, digits, hyphens and "
        "underscores, such as 'mnist', with the keys source, validation, ",
    ),
    # numbers
    (
        "training/learning_rate: 1e-3",
        "training.learning_rate: '1e-3' is wrong; expected a number > 0; YAML takes it for text: "
        "write 1.0e-3 or 0.001",
    ),
    (
        "regularizers/none/l2: 5E-6",
        "regularizers.none.l2: '5E-6' is wrong; expected a number >= 0; YAML takes it for text: "
        "write 5.0e-6 or 0.000005",
    ),
    (
        "training/batch_size: 1e2",
        "training.batch_size: '1e2' is wrong; expected a whole number >= 1; write 100",
    ),
    (
        "training/epochs: 15.0",
        "training.epochs: 15.0 is wrong; expected a whole number >= 1; write 15",
    ),
    (
        "training/epochs: 1.5",
        "training.epochs: 1.5 is wrong; expected a whole number >= 1",
    ),
    (
        "training/epochs: many",
        "training.epochs: 'many' is wrong; expected a whole number >= 1",
    ),
    ("training/epochs: 0", "training.epochs: 0 is wrong; expected a whole number >= 1"),
    (
        "training/learning_rate: .nan",
        "training.learning_rate: nan is wrong; expected a number > 0",
    ),
    (
        "training/learning_rate: .inf",
        "training.learning_rate: inf is wrong; expected a number > 0",
    ),
    (
        "regularizers/none/dropout: 1",
        "regularizers.none.dropout: 1.0 is wrong; expected a number >= 0 and <= 0.99",
    ),
    (
        "regularizers/none/dropout: on",
        "regularizers.none.dropout: true is wrong; expected a number >= 0 and <= 0.99; YAML "
        "reads on, off, yes and no as true or false",
    ),
    ("seed: -1", "seed: -1 is wrong; expected a whole number >= 0"),
    (
        "regularizers/none/batchnorm: 0.1",
        "regularizers.none.batchnorm: 0.1 is wrong; expected true, false or a mapping with the "
        "key momentum",
    ),
    (
        "regularizers/none/batchnorm: {momentum: 0}",
        "regularizers.none.batchnorm.momentum: 0.0 is wrong; expected a number > 0 and <= 1",
    ),
    (
        "activations/keep: 1",
        "activations.keep: 1 is wrong; expected true or false",
    ),
    # text
    (
        "conditions/0/architecture: 100",
        f"conditions[0].architecture: 100 is wrong; {WIDTHS}; quote it: '100'",
    ),
    (
        "conditions/0/architecture: [30-30, 100]",
        f"conditions[0].architecture[1]: 100 is wrong; {WIDTHS}; quote it: '100'",
    ),
    ("conditions/0/architecture: 100x100", f"architecture: '100x100' is wrong; {WIDTHS}"),
    ("conditions/0/architecture: 100-0", f"architecture: '100-0' is wrong; {WIDTHS}"),
    (
        "study: off",
        "study: false is wrong; expected lower-case letters, digits and hyphens, such as 'talk' "
        "(but not 'datasets'); YAML reads on, off, yes and no as true or false: quote the word",
    ),
    ("study: 2022", "study: 2022 is wrong; expected lower-case letters, digits and hyphens, "),
    ("study: My study", "study: 'My study' is wrong; expected lower-case letters, digits and "),
    ("study: ../up", "study: '../up' is wrong; expected lower-case letters, digits and hyphens"),
    ("study: datasets", "study: 'datasets' is wrong; expected lower-case letters, digits and "),
    ("data_root: ''", "data_root: '' is wrong; expected a folder"),
    # names
    (
        "device: gpu",
        "device: 'gpu' is unknown; did you mean 'cpu'? known are auto, cpu, cuda",
    ),
    (
        "conditions/0/activation: rleu",
        "conditions[0].activation: 'rleu' is unknown; did you mean 'relu'? known are relu, tanh, "
        "sigmoid, leaky_relu, silu",
    ),
    (
        "comparisons/a: {dataset: digits, architecture: 30-30, activation: [relu, rleu], "
        "regularizer: none}",
        "comparisons.a.activation[1]: 'rleu' is unknown; did you mean 'relu'? known are relu, ",
    ),
    (
        "bounds/gaps/a: {dataset: digits, architecture: '9', activation: tahn, regularizer: none}",
        "bounds.gaps.a.activation: 'tahn' is unknown; did you mean 'tanh'? known are relu, ",
    ),
    (
        "conditions/0/activation: 5",
        "conditions[0].activation: 5 is wrong; expected name of an activation, such as relu; quote "
        "it: '5'",
    ),
    (
        "toys/network: {activation: relu}",
        "toys.network.activation: 'relu' is unknown; known are tanh, sigmoid",
    ),
    (
        "conditions/0/dataset: minst",
        "conditions[0].dataset: 'minst' is unknown; did you mean 'mnist'? known are digits, "
        "icosahedron, szt, mnist, fashion_mnist, cifar10",
    ),
    (
        "conditions/0/dataset: [digits, cifar10]",
        "conditions[0].dataset[1]: 'cifar10' is unknown; known are digits; or define it under "
        "datasets",
    ),
    (
        "conditions/0/regularizer: dropout",
        "conditions[0].regularizer: 'dropout' is unknown; known are none; or define it under "
        "regularizers",
    ),
    (
        "orderings/mine/measures: [measure: mutual_info]",
        "orderings.mine.measures[0].measure: 'mutual_info' is unknown; did you mean "
        "'mutual_information'? known are mutual_information, ",
    ),
    (
        "orderings/mine/directions: [up]",
        "orderings.mine.directions[0]: 'up' is unknown; known are ascending, descending",
    ),
    (
        "measures/quantizers: [uniform-1]",
        f"measures.quantizers[0]: 'uniform-1' is wrong; {QUANTIZER_NAMES}",
    ),
    ("measures/quantizers: [quantile-257]", QUANTIZER_NAMES),
    ("measures/quantizers: [uniform]", QUANTIZER_NAMES),
    # lists and mappings
    (
        "measures/quantizers: threshold",
        "measures.quantizers: 'threshold' is wrong; expected a list of quantizers, such as "
        "[threshold, quantile-4]; write [threshold]",
    ),
    (
        "measures/quantizers: [threshold, threshold]",
        "measures.quantizers: 'threshold' is listed twice; remove one",
    ),
    (
        "regularizers/none/l2: 1" + 400 * "0",
        "regularizers.none.l2: inf is wrong; expected a number >= 0",
    ),
    (
        "seeds: 20",
        "seeds: 20 is wrong; expected a mapping with the keys count, per_job",
    ),
    (
        "regularizers: [l2]",
        "regularizers: a list is wrong; expected a name of lower-case letters",
    ),
    (
        "conditions: {dataset: digits}",
        "conditions: a mapping is wrong; expected a list of mappings with the keys dataset, ",
    ),
    (
        "orderings/mine/measures: [entropy]",
        "orderings.mine.measures[0]: 'entropy' is wrong; expected a mapping with the keys measure, "
        "quantizer",
    ),
    # what depends on several keys
    (
        "seeds/count: 25",
        "seeds.count: 25 is not a multiple of seeds.per_job 10 (blocks are always full, so that "
        "adding seeds renames no block); use 20 or 30, or per_job 5",
    ),
    ("seeds/count: 7", "use 10, or per_job 7"),
    (
        "activations/epochs: [0, 20, last]",
        "activations.epochs[1]: 20 is after the end of training (15 epochs of "
        "digits/30-30/relu/none); use 0 to 15, or last",
    ),
    (
        "{activations/epochs: [5, last], datasets/digits/training: {epochs: 4}}",
        "activations.epochs[0]: 5 is after the end of training (4 epochs of "
        "digits/30-30/relu/none)",
    ),
    (
        "{activations/epochs: [5, last], regularizers/none/training: {epochs: 4}, "
        "datasets/digits/training: {epochs: 6}}",
        "activations.epochs[0]: 5 is after the end of training (4 epochs of "
        "digits/30-30/relu/none)",
    ),
    (
        "activations/epochs: [-1]",
        "activations.epochs[0]: -1 is wrong; expected an epoch: 0 (before training) to the "
        "number of epochs, or last",
    ),
    ("activations/epochs: [first]", "activations.epochs[0]: 'first' is wrong; expected an epoch"),
    (
        "activations/epochs: [0, 5]",
        "activations.epochs: the last epoch (15 of digits/30-30/relu/none), which is measured, is "
        "not among 0, 5; add last",
    ),
    (
        "orderings/mine/measures: [{measure: entropy, quantizer: uniform-8}]",
        "orderings.mine.measures[0].quantizer: 'uniform-8' is not among measures.quantizers "
        "(threshold); add it there or use one of them",
    ),
    (
        "orderings/mine/measures: [{measure: class_selectivity, quantizer: threshold}]",
        "orderings.mine.measures[0].quantizer: class_selectivity takes no quantizer; "
        "remove the key",
    ),
    (
        "{conditions/0/activation: [relu, tanh], "
        "orderings/mine/measures: [measure: entropy, measure: class_selectivity]}",
        "orderings.mine.measures[1].measure: class_selectivity needs activations that are never "
        "negative, which tanh of the condition digits/30-30/tanh/none may be; remove the "
        "measure, or give that condition other orderings",
    ),
    (
        "orderings/mine/measures: [{measure: jmi, quantizer: uniform-8}]",
        "orderings.mine.measures[0].quantizer: jmi takes threshold only; remove the key",
    ),
    ("orderings/mine/replacements: [mean]", "orderings.mine.replacements: a list is wrong; "),
    (
        "conditions/0/orderings: [informations]",
        "conditions[0].orderings[0]: 'informations' is unknown; did you mean 'information'? known "
        "are information; or define it under orderings",
    ),
    (
        "{orderings: {information: {seeds: 10}}, conditions/0/seeds: 20}",
        "conditions[0].orderings: 'information' comes first and gives the claims, so it needs "
        "all 20 seeds, both scopes and both directions; put another set first, or change it",
    ),
    ("{orderings: {a: {scopes: [layers]}}}", "conditions[0].orderings: 'a' comes first"),
    ("{orderings: {a: {directions: [ascending]}}}", "conditions[0].orderings: 'a' comes first"),
    ("conditions/0/seeds: 15", "conditions[0].seeds: 15 is not a multiple of seeds.per_job 10"),
    ("orderings/mine/seeds: 4", "orderings.mine.seeds: 4 is not a multiple of seeds.per_job 10"),
    (
        "conditions: [{dataset: digits, architecture: 30-30, regularizer: none}, "
        "{dataset: digits, architecture: 30-30, regularizer: none, seeds: 20}]",
        "conditions[1]: digits/30-30/relu/none is listed twice with different seeds, ",
    ),
    (
        "comparisons/a: {dataset: digits, architecture: 30-30, regularizer: none}",
        "comparisons.a: activation or regularizer, and not both, has to be a list of two or more",
    ),
    (
        "comparisons/a: {dataset: digits, architecture: 30-30, activation: [relu, tanh], "
        "regularizer: none}",
        "comparisons.a: digits/30-30/tanh/none is not among the conditions; add it there",
    ),
    (
        "{conditions/0/experiments: [pruning], pruning: {orderings: informations}}",
        "pruning.orderings: 'informations' is unknown; did you mean 'information'?",
    ),
    (
        "{conditions/0/experiments: [pruning], pruning: {orderings: up}, "
        "orderings: {information: {}, up: {directions: [ascending]}}}",
        "pruning.orderings: 'up' has no 'descending' in its directions",
    ),
    ("pruning: {kept: [1.0]}", "pruning.kept[0]: 1.0 is wrong; expected a number > 0 and < 1"),
    ("precision: {bits: [1]}", "precision.bits[0]: 1 is wrong; expected a whole number >= 2"),
    ("precision: {seeds: 4}", "precision.seeds: 4 is not a multiple of seeds.per_job 10"),
    # of several mistakes the misspelt key comes first, since it makes another one missing
    ("{conditions: ~, seeds: {counts: 3}}", "seeds.counts: unknown key; did you mean 'count'?"),
]


CONVOLUTIONAL = """
    regularizers/batchnorm: {batchnorm: true, l2: 1.0e-4, dropout: 0.2, label_smoothing: 0.1}
    conditions/0: {dataset: digits, architecture: [conv-4, resnet-4-8], regularizer: batchnorm}
    measures/quantizers: [quantile-4]
    convolutional/examples: 100
"""


def test_convolutional_networks() -> None:
    study = load(changed(CONVOLUTIONAL))
    one, two = study.conditions
    assert one.convolutional
    assert not load(minimal()).conditions[0].convolutional
    assert study.training_settings(one)["architecture"] == "conv-4"
    assert study.convolutional_settings() == {"examples": 100}
    assert load(minimal()).convolutional_settings() == {"examples": None}
    # Control orders are of several layers.
    assert [study.controlled(condition) for condition in (one, two)] == [False, True]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        *(
            (
                f"conditions/0/architecture: {name}",
                f"conditions[0].architecture: '{name}' is wrong; {WIDTHS}",
            )
            for name in ("conv", "conv-", "conv-0", "conv-4-", "resnet-4", "vgg-4-8", "Conv-4")
        ),
        (
            "datasets/bits: {source: icosahedron, validation: 10, test: 10}\n"
            "conditions/0/dataset: bits",
            "conditions: bits/conv-4/relu/batchnorm: icosahedron has no images",
        ),
        *(
            (
                f"regularizers/batchnorm/{key}: {value}",
                f"regularizers.batchnorm.{key}: digits/conv-4/relu/batchnorm: it is not available "
                "for convolutional networks; remove it",
            )
            for key, value in (("l1", 0.1), ("input_dropout", 0.1), ("noise", 0.1))
        ),
        (
            "regularizers/batchnorm/early_stopping: 2",
            "regularizers.batchnorm.early_stopping: digits/conv-4/relu/batchnorm: ",
        ),
        (
            "{regularizers/batchnorm/decay: decoupled, training: {optimizer: sgd}}",
            "regularizers.batchnorm.decay: digits/conv-4/relu/batchnorm: convolutional networks "
            "have decoupled decay with adam only; use coupled",
        ),
        (
            "{regularizers/batchnorm/batchnorm: false, training: {optimizer: sgld}}",
            "training.optimizer: digits/conv-4/relu/batchnorm: convolutional networks are not "
            "trained with sgld; use adam or sgd",
        ),
        (
            "training: {initialization: he}",
            "training.initialization: digits/conv-4/relu/batchnorm: convolutional networks have "
            "the default initialization only; use default",
        ),
        *(
            (
                f"conditions/0/experiments: [{name}]",
                f"conditions: digits/conv-4/relu/batchnorm: {name} is available for "
                "multilayer perceptrons only",
            )
            for name in ("pruning", "precision", "planes", "synergy")
        ),
        *(
            (
                f"orderings: {{mine: {{measures: [measure: entropy, measure: {name}]}}}}",
                f"orderings.mine.measures[1].measure: digits/conv-4/relu/batchnorm: {name} is "
                "available for multilayer perceptrons only; give this condition other orderings",
            )
            for name in ("taylor", "incoming_weight_norm", "cmim", "damage", "greedy")
        ),
        (
            "bounds/gaps/one: {dataset: digits, architecture: conv-4, regularizer: batchnorm}",
            "bounds.gaps.one.architecture: 'conv-4' is wrong; expected widths of the hidden layers "
            "joined by hyphens, such as '100-100'",
        ),
    ],
)
def test_mistakes_about_convolutional_networks(changes: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        load(changed(changes, changed(CONVOLUTIONAL)))
    assert str(raised.value).startswith(message)


def test_sets_are_drawn_by_what_they_hold() -> None:
    study = load(
        changed(
            """
            measures/quantizers: [threshold, uniform-4]
            orderings:
              information: {}
              several: {measures: [measure: entropy, measure: damage]}
              bins:
                measures:
                  - {measure: entropy, quantizer: threshold}
                  - {measure: entropy, quantizer: uniform-4}
              both: {replacements: [zero, mean]}
            """
        )
    )
    (condition,) = study.conditions
    assert study.ranked_sets(condition) == ["several"]
    assert study.quantizer_sets(condition) == ["bins"]
    assert study.balanced_sets(condition) == ["both"]


def test_conditions_are_compared() -> None:
    study = load(
        changed(
            """
            conditions/0/activation: [relu, tanh]
            comparisons/bends:
              dataset: digits
              architecture: 30-30
              activation: [tanh, relu]
              regularizer: none
            """
        )
    )
    assert study.comparison_settings("bends") == {
        "varies": "activation",
        "number": None,
        "values": None,
        "conditions": [["digits", "30-30", name, "none"] for name in ("tanh", "relu")],
    }


@pytest.mark.parametrize(
    ("regularizers", "number", "values"),
    [
        ("{c: {l2: 0.1}, a: {}, b: {l2: 0.01}}", "l2", [0.0, 0.01, 0.1]),
        ("{c: {dropout: 0.5}, a: {dropout: 0.2}}", "dropout", [0.2, 0.5]),
        ("{c: {l2: 0.1}, a: {l1: 0.1}}", None, None),
        ("{c: {l2: 0.1}, a: {}, b: {}}", None, None),  # two conditions at one place
        ("{c: {batchnorm: true}, a: {}}", None, None),
        ("{c: {early_stopping: 3}, a: {}}", None, None),  # none is no number
    ],
)
def test_strengths_are_an_axis(
    regularizers: str, number: str | None, values: list[float] | None
) -> None:
    config = minimal() | {"regularizers": yaml.safe_load(regularizers)}
    names = list(config["regularizers"])
    config["conditions"][0]["regularizer"] = names
    compared = {"dataset": "digits", "architecture": "30-30", "regularizer": names}
    found = load(config | {"comparisons": {"mine": compared}}).comparison_settings("mine")
    assert (found["number"], found["values"]) == (number, values)
    order = [condition[-1] for condition in found["conditions"]]
    assert order == (names if number is None else sorted(names))


@pytest.mark.parametrize(("changes", "message"), MISTAKES, ids=[m[0] for m in MISTAKES])
def test_mistake(changes: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        load(changed(changes))
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 350


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (None, "null (an empty value) is no configuration; expected a mapping with the keys "),
        ([1], "a list is no configuration; expected a mapping with the keys study, "),
        ("text", "'text' is no configuration"),
        (
            {"seed": 3},
            "study: missing; expected lower-case letters, digits and hyphens, such as 'talk' "
            "(but not 'datasets') (also missing: seeds, datasets, regularizers, conditions; "
            "--config by itself replaces the default file: add --configfile config/config.yaml)",
        ),
        (
            {k: v for k, v in minimal().items() if k != "study"},
            "study: missing; expected lower-case letters, digits and hyphens, such as 'talk'",
        ),
        (
            minimal() | {"regularizers": {False: {}}},
            "regularizers: the key false is not text for YAML; quote it",
        ),
        (minimal() | {1: 2}, "the key 1 is not text for YAML; quote it"),
        (
            minimal() | {"study": datetime.date(2022, 3, 4)},
            "quote it: '2022-03-04'",
        ),
    ],
)
def test_mistake_of_the_whole(config: Any, message: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        load(config)
    assert message in str(raised.value)


PLANES = """
conditions/0/experiments: [planes]
conditions/0/orderings: []
"""


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            PLANES + "planes: {costly: {estimators: [edges-30]}}",
            "planes.costly.estimators: 'edges-30' is among the other estimators on digits too; "
            "remove one",
        ),
        (
            PLANES + "datasets/digits/planes: {seeds: 3}",
            "datasets.digits.planes.seeds: 3 is not a multiple of seeds.per_job 10",
        ),
        (
            PLANES + "regularizers/none: {output_bits: 4}\nconditions/0/activation: silu",
            "regularizers.none.output_bits: digits/30-30/silu/none: outputs of silu have no range; "
            "use relu, tanh, sigmoid",
        ),
        (
            "regularizers/none: {output_bits: 4}",
            "regularizers.none.output_bits: digits/30-30/relu/none: outputs are rounded for the "
            "experiment planes only, not for ablation and others; give that condition "
            "`orderings: []` and `experiments: [planes]`",
        ),
        (
            "regularizers/none: {binary_weights: true, l2: 0.1}",
            "regularizers.none.l2: binary weights are the signs of latent ones, which l2 makes no "
            "smaller; remove it, or use dropout",
        ),
        (
            "regularizers/none: {binary_weights: true}\nconditions/0/experiments: [pruning]",
            "regularizers.none.binary_weights: digits/30-30/relu/none: pruned networks are trained "
            "further, and the latent weights are not stored; remove the experiment pruning there",
        ),
        (
            "regularizers/none: {binary_weights: true}\ntraining/optimizer: sgld",
            "training.optimizer: digits/30-30/relu/none: sgld adds its noise to real "
            "weights, so the weights cannot be binary; use adam or sgd there",
        ),
        (
            "conditions/0/orderings: []\nconditions/0/experiments: [precision]",
            "conditions[0].orderings: is empty, and precision needs one at least",
        ),
        (
            PLANES
            + "conditions/0/activation: [relu, tanh]\n"
            + "comparisons/c: {dataset: digits, architecture: 30-30, activation: [relu, tanh], "
            "regularizer: none}",
            "comparisons.c: digits/30-30/relu/none has no orderings to compare; give it some",
        ),
        (
            "planes: {estimators: [renyi-1]}",
            "planes.estimators[0]: 'renyi-1' is wrong; expected an estimator, such as edges-30",
        ),
    ],
)
def test_mistakes_about_planes(changes: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        load(changed(changes))
    assert message in str(raised.value)


FIRST_VERSION = """
datasets/mnist: {validation: 100}
conditions: [{dataset: mnist, architecture: 100-100, activation: sigmoid, regularizer: none}]
orderings/paper:
  measures: [measure: mutual_information, measure: entropy, measure: kl_selectivity]
  replacements: [zero, mean]
"""
BESIDE = "first_version: {dataset: mnist, architecture: 100-100, regularizer: none}\n"


def test_the_first_version_stands_beside_conditions() -> None:
    assert load(minimal()).first_version == ()
    (condition,) = load(changed(FIRST_VERSION + BESIDE)).first_version
    assert condition.path == "mnist/100-100/sigmoid/none"  # sigmoid by default
    study = load(shipped("paper-v1.yaml"))
    assert [c.regularizer for c in study.first_version] == [
        "l2-1e-5",  # the drawn one
        "l2-1e-6",
        "l2-1e-4",
        "l2-1e-3",
    ]
    assert [study.plans[c].seeds for c in study.first_version] == [20, 5, 5, 5]
    assert set(study.first_version) == set(study.conditions)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            BESIDE,
            "first_version: mnist/100-100/sigmoid/none is not among the conditions that are "
            "ablated; add it there",
        ),
        (
            "regularizers/l2: {l2: 1}\n" + FIRST_VERSION + BESIDE.replace("none", "[none, l2]"),
            "first_version: mnist/100-100/sigmoid/l2 is not among the conditions that are ablated; "
            "add it there",
        ),
        (
            FIRST_VERSION.replace("none}]", "none, orderings: []}]") + BESIDE,
            "first_version: mnist/100-100/sigmoid/none is not among the conditions that are "
            "ablated; add it there",
        ),
        (
            FIRST_VERSION + BESIDE.replace("100-100", "30-30"),
            "first_version.architecture: '30-30' is unknown; known are 100-100",
        ),
        (
            FIRST_VERSION.replace(", measure: entropy", "") + BESIDE,
            "orderings.paper: entropy by threshold is not among its measures, and first_version "
            "needs it; add it, or remove first_version",
        ),
        (
            "measures: {quantizers: [uniform-4, threshold]}\n" + FIRST_VERSION + BESIDE,
            "orderings.paper: mutual_information by threshold is not among its measures",
        ),
        (
            FIRST_VERSION.replace("[zero, mean]", "[zero]") + BESIDE,
            "orderings.paper: mean is not among its replacements, and first_version needs it",
        ),
        (
            BESIDE.replace(", regularizer: none", ""),
            "first_version.regularizer: missing; expected a name under regularizers",
        ),
    ],
)
def test_mistakes_about_the_first_version(changes: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        load(changed(changes))
    assert message in str(raised.value)


def test_the_talk_counts_neurons_of_some_networks() -> None:
    study = load(shipped("strengths.yaml"))
    counted = {condition.path for condition in study.conditions if study.has_talk_counts(condition)}
    regularizers = ("l2", "none", "l2-1e-5", "l2-1e-4", "l2-3e-4", "l2-3e-3")
    assert counted == {f"cifar10/250-500-250-500/relu/{name}" for name in regularizers}


def test_removed_pairs_of_a_data_set() -> None:
    study = load(
        changed(
            MINIMAL
            + """
            datasets/mnist: {validation: 100, synergy: {removals: 7}}
            conditions/0/dataset: [digits, mnist]
            """.replace("            ", "")
        )
    )
    digits, mnist = study.conditions
    assert study.synergy_settings(digits)["removals"] == 5000
    assert study.synergy_settings(mnist)["removals"] == 7


def test_planes_of_a_data_set() -> None:
    study = load(
        changed(
            PLANES
            + """
            datasets/mnist: {validation: 100, planes: {epochs: 5, seeds: 10, examples: 50}}
            conditions/0/dataset: [digits, mnist]
            conditions/0/seeds: 20
            planes: {epochs: 7, estimators: [exact]}
            calibration: {}
            """.replace("            ", "")
        )
    )
    digits, mnist = study.conditions
    assert study.ablated == ()
    assert study.with_planes == (digits, mnist)
    assert study.plane_settings(digits)["epochs"] == 7
    assert study.plane_settings(digits)["examples"] is None
    own = study.plane_settings(mnist)
    assert (own["epochs"], own["estimators"], own["examples"]) == (5, ["exact"], 50)
    assert own["training"]["activation_epochs"] == []
    assert (study.n_seeds(digits, "planes"), study.n_seeds(mnist, "planes")) == (20, 10)
    assert list(study.plane_groups(mnist)) == [0]
    assert study.plane_settings(mnist, 0) == own
    many = study.resolved | {
        "planes": study.resolved["planes"]
        | {
            "estimators": ["edges-30", "width-1", "exact"],
            "costly": {"estimators": ["renyi-2", "infonce-1"], "epochs": 4},
            "groups": 2,
        }
    }
    dealt = load(many)
    assert list(dealt.plane_groups(digits)) == [0, 1]
    groups = [dealt.plane_settings(digits, group) for group in (0, 1)]
    assert [group["estimators"] for group in groups] == [["edges-30", "exact"], ["width-1"]]
    assert [group["costly"]["estimators"] for group in groups] == [["infonce-1"], ["renyi-2"]]
    assert len(load(many | {"planes": many["planes"] | {"groups": 9}}).plane_groups(digits)) == 5
    shown = {
        (key, name): load(
            many
            | {"regularizers": {digits.regularizer: {key: value}}, "planes": {"estimators": of}}
        ).plane_shown(digits)
        for key, value in (("l2", 0.1), ("noise", 0.1), ("output_bits", 4))
        for name, of in (("all", ["edges-30", "exact", "propagation-4"]), ("one", ["width-1"]))
    }
    # A true information is shown where there is one.
    assert [shown[key, "all"] for key in ("l2", "noise", "output_bits")] == [
        "edges-30",
        "propagation-4",
        "exact",
    ]
    assert {shown[key, "one"] for key in ("l2", "noise", "output_bits")} == {"width-1"}
    assert study.calibration_settings()["examples"] == [100, 1000, 4096]
    assert load(minimal()).calibration_settings() == {}


def test_a_block_text_keeps_no_line_break() -> None:
    assert load(minimal() | {"study": "small\n"}).name == "small"


# --- the schema and what is shipped -----------------------------------------------------


def keys(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any], bool]]:
    """Path, schema and whether it is required, of every key; equal mappings once."""
    schema = resolve(schema, SCHEMA)
    if "items" in schema:
        yield from keys(schema["items"], f"{path}[]")
    below = dict(schema.get("properties", {}))
    for entry in schema.get("patternProperties", {}).values():
        below["<name>"] = {"description": "One regularizer.", "default": {}} | entry
    for key, entry in below.items():
        here = f"{path}.{key}" if path else key
        if not key.startswith("<"):
            yield here, entry, key in schema.get("required", ())
        yield from keys(entry, here)


KEYS = list(keys(SCHEMA))


def test_schema_and_library_know_the_same_names() -> None:
    from neuroninfo.data import datasets
    from neuroninfo.data.catalogue import SOURCES
    from neuroninfo.toys import sets

    own = SCHEMA["properties"]["toys"]["properties"]
    assert list(own["sets"]["properties"]) == list(sets.RULES)
    dataset = SCHEMA["$defs"]["dataset"]
    assert set(dataset["properties"]["source"]["enum"]) == set(SOURCES)
    assert set(dataset["properties"]["inputs"]["enum"]) == set(datasets.INPUTS)
    drawn, given = (rule["if"]["properties"]["source"]["enum"] for rule in dataset["allOf"])
    assert set(drawn) == {name for name, source in SOURCES.items() if not source.n_test}
    assert set(given) == {name for name, source in SOURCES.items() if source.n_test}


def test_an_activation_that_is_added_can_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing but `ACTIVATIONS` says which there are."""
    named = changed("conditions/0/activation: [relu, gelu]")
    with pytest.raises(
        ConfigurationError, match=r"activation\[1\]: 'gelu' is unknown; did you mean"
    ):
        load(named)
    monkeypatch.setitem(ACTIVATIONS, "gelu", ACTIVATIONS["silu"])
    assert [condition.activation for condition in load(named).conditions] == ["relu", "gelu"]


def test_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert len(KEYS) > 35


def test_every_mapping_of_the_schema_is_closed() -> None:
    def mappings(value: Any) -> Iterator[dict[str, Any]]:
        if isinstance(value, dict):
            if "object" in value.get("type", ()) and ("properties" in value):
                yield value
            value = list(value.values())
        if isinstance(value, list):
            for entry in value:
                yield from mappings(entry)

    assert all(entry["additionalProperties"] is False for entry in mappings(SCHEMA))
    assert SCHEMA["properties"]["regularizers"]["additionalProperties"] is False


@pytest.mark.parametrize(("path", "entry", "required"), KEYS, ids=[key[0] for key in KEYS])
def test_every_key_is_described(path: str, entry: dict[str, Any], required: bool) -> None:
    resolved = resolve(entry, SCHEMA)
    description = entry.get("description") or resolved["description"]
    of_dataset = tuple(
        f"datasets.<name>.{section}." for section in ("training", "planes", "synergy")
    )
    own = (*of_dataset, "regularizers.<name>.training.")
    absent = "absent:" in description or (path.startswith(own) and "default" not in entry)
    assert description.endswith(".")
    assert [required, "default" in entry, absent].count(True) == 1
    kinds = resolved.get("type", ())
    if "number" in kinds or "integer" in kinds:
        assert "unit" in resolved or path == "seed"


def row(path: str, entry: dict[str, Any], required: bool) -> str:
    """The key's row in the table of config/README.md."""
    resolved = resolve(entry, SCHEMA)
    description = entry.get("description") or resolved["description"]
    section = resolved["type"] == "object"
    value = "section" if section else expected(entry, SCHEMA)
    if "if" in entry:
        value += "; or a list"
    unit = entry.get("unit") or resolved.get("unit", "")
    default = "**required**" if required else ""
    if "default" in entry and not section:
        text = yaml.safe_dump(entry["default"], default_flow_style=True, width=1000)
        default = f"`{text.removesuffix(chr(10)).removesuffix(f'{chr(10)}...')}`"
    return f"| `{path}` | {value} | {unit} | {default} | {description} |"


@pytest.mark.parametrize(("path", "entry", "required"), KEYS, ids=[key[0] for key in KEYS])
def test_every_key_is_in_the_readme(path: str, entry: dict[str, Any], required: bool) -> None:
    assert row(path, entry, required) in README.splitlines()


def test_readme_has_no_other_keys() -> None:
    table = README.partition("## Keys")[2].splitlines()
    assert sum(line.startswith("| `") for line in table) == len(KEYS)


def test_shipped_configurations() -> None:
    talk, demo = load(shipped("config.yaml")), load(shipped("demo.yaml"))
    assert talk.name == "talk"
    slides = [condition.path for condition, plan in talk.plans.items() if plan.seeds == 10]
    planes = ["tanh/none", "relu/none", "tanh/noise-0.1", "tanh/qat-4", "tanh/qat-8"]
    assert slides == [
        *(f"icosahedron/10-7-5-4-3/{name}" for name in planes),
        "mnist/100-100/relu/l2",
        "mnist/100-100/relu/dropout",
        "fashion_mnist/100-100/relu/l2",
        "fashion_mnist/30-30/relu/l2",
    ]
    assert demo.name == "demo"
    assert set(demo.resolved["datasets"]) == {"digits"}
    assert {condition.dataset for condition in demo.conditions} == {"digits"}
    assert len(demo.conditions) == 5
    assert len(demo.ablated) == 3  # as many as are compared


BOUNDS = """
    regularizers/batchnorm: {batchnorm: true}
    regularizers/early: {early_stopping: 3}
    bounds/gaps/plain: {dataset: digits, architecture: '9', regularizer: none}
    bounds/gaps/noisy:
      {dataset: digits, architecture: '9', regularizer: none, label_noise: 0.2, optimizer: sgld,
       learning_rate: 0.1, sgld: {noise: 0.3}}
    bounds/supersample/two:
      {dataset: digits, classes: [4, 9], architecture: '9', regularizer: none}
    bounds/supersample/noisy:
      {dataset: digits, architecture: '9', regularizer: none, label_noise: 0.2, optimizer: sgld,
       learning_rate: 0.1, sgld: {noise: 0.3}, sizes: [100, 30]}
    bounds/sizes: [100, 30]
"""


def test_bounds() -> None:
    assert load(minimal()).gaps == ()
    assert load(minimal()).supersamples == ()
    study = load(changed(BOUNDS))
    assert study.gaps == ("noisy", "plain")
    assert study.gap_condition("noisy") == Condition("digits", "9", "relu", "none")
    plain, noisy = study.gap_settings("plain"), study.gap_settings("noisy")
    assert noisy["sizes"] == [30, 100]
    assert (plain["label_noise"], noisy["label_noise"]) == (0.0, 0.2)
    assert (plain["training"]["optimizer"], plain["training"]["sgld"]) == ("adam", None)
    assert noisy["training"]["learning_rate"] == 0.1
    assert noisy["training"]["sgld"] == {"clipping_norm": 1.0, "noise": 0.3, "noise_decay": 0.0}
    assert noisy["training"]["momentum"] is None
    assert study.supersamples == ("noisy", "two")
    assert study.supersample_condition("two") == Condition("digits", "9", "relu", "none")
    halves = {name: study.supersample_settings(name) for name in study.supersamples}
    assert (halves["two"]["classes"], halves["noisy"]["classes"]) == ([4, 9], None)
    assert halves["noisy"]["sizes"] == [30, 100]
    for name, same in (("two", plain), ("noisy", noisy)):  # trained as those of gaps are
        assert halves[name]["training"] == same["training"]
        assert halves[name]["label_noise"] == same["label_noise"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ("bounds/gaps/plain/regularizer: l3", r"bounds\.gaps\.plain\.regularizer: 'l3' is unknown"),
        ("bounds/gaps/plain/regularizer: early", r"early stopping needs losses"),
        ("bounds/gaps/noisy/regularizer: batchnorm", r"excludes batch norm.*than 'batchnorm'"),
        (
            "bounds/supersample/two/dataset: mnist",
            r"bounds\.supersample\.two\.dataset: 'mnist' is unknown",
        ),
        (
            "bounds/supersample/noisy/regularizer: batchnorm",
            r"excludes batch norm.*than 'batchnorm'",
        ),
        (  # one condition without a name
            "bounds/supersample: {dataset: digits, architecture: '9', regularizer: none}",
            r"bounds\.supersample\.architecture: '9' is wrong; expected a mapping with the keys",
        ),
        ("bounds/gaps/plain/sgdl: {}", r"unknown key; did you mean 'sgld'"),
        ("bounds/gaps/plain/label_noise: 2", r"expected a number >= 0 and <= 1"),
        (
            "{training/optimizer: sgld, conditions/0/regularizer: batchnorm}",
            r"training\.optimizer: digits/30-30/relu/batchnorm: sgld excludes batch norm",
        ),
        (
            "{training/optimizer: sgld, conditions/0/experiments: [pruning]}",
            r"pruned networks cannot be fine-tuned with sgld; use adam or sgd there",
        ),
    ],
)
def test_mistakes_about_bounds(changes: str, message: str) -> None:
    wrong = yaml.safe_load(BOUNDS) | yaml.safe_load(changes)
    with pytest.raises(ConfigurationError, match=message):
        load(changed(yaml.safe_dump(wrong)))


def test_toys() -> None:
    study = load(minimal() | {"toys": {"sets": {"xor": {}, "separable": {"network": False}}}})
    assert study.toys() == ["separable", "xor"]
    assert study.toys(network=True) == ["xor"]
    assert study.toy_settings("xor") == {
        "name": "xor",
        "points": 200,
        "noise": 0.2,
        "l2": 0.01,
        "study_seed": 0,
    }
    assert study.toy_network_settings()["restarts"] == 20
    with pytest.raises(ConfigurationError, match=r"toys\.sets\.moon.*moons"):
        load(minimal() | {"toys": {"sets": {"moon": {}}}})


def test_import_is_light() -> None:
    heavy = "{'torch', 'xarray', 'scipy', 'sklearn', 'netCDF4', 'numba', 'matplotlib'}"
    code = f"import sys, neuroninfo.configuration.study; sys.exit(str({heavy} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stderr.strip() == "set()"
