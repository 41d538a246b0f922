"""The configuration of a study: checked, defaults filled in, resolved for each stage.

The JSON Schema is the one source of keys, types and defaults; here stand the checks that it
cannot express, and messages that name the key, the value and the mend.  Every job reads the
Snakefile and so this module: it imports nothing that Snakemake does not import itself.
"""

from __future__ import annotations

import copy
import difflib
import itertools
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import jsonschema
import yaml

from neuroninfo.networks.activations import NON_NEGATIVE, OUTPUT_RANGES
from neuroninfo.vocabulary import JOINT, REFERENCE

_QUANTIZED: Final = (
    "mutual_information",
    "mutual_information_miller_madow",
    "entropy",
    "kl_selectivity",
)

EXPERIMENTS: Final = ("pruning", "precision", "planes")
"""What else is done with trained networks; each has a section of its settings."""

_UNQUOTED: Final = "YAML reads on, off, yes and no as true or false"

_Key = str | int

_Schema = Mapping[str, Any]


class ConfigurationError(Exception):
    """The configuration is wrong; the message names the key, the value and the mend."""

    def __init__(self, path: Iterable[_Key], problem: str) -> None:
        key = ""
        for part in path:
            key += f"[{part}]" if isinstance(part, int) else f".{part}" if key else part
        super().__init__(f"{key}: {problem}" if key else problem)


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


@dataclass(frozen=True)
class Plan:
    """What is done with a condition."""

    seeds: int
    orderings: tuple[str, ...]
    """Names of sets; the first gives the claims and figures. Without any it is not ablated."""
    experiments: tuple[str, ...]
    """Of `EXPERIMENTS`."""
    figures: bool
    keep_activations: bool

    def resolved(self) -> dict[str, Any]:
        """As in a configuration."""
        return {key: list(v) if isinstance(v, tuple) else v for key, v in vars(self).items()}


@dataclass(frozen=True)
class Study:
    """A checked configuration.

    The methods ``*_settings`` give what the results of one stage depend on, as plain
    JSON-able values, and nothing else: they stand in the rules' ``params``, so that a change
    of a value reruns the jobs that it changes and no others.
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

    def n_seeds(self, condition: Condition, *section: str) -> int:
        """Seeds of a condition, or those for which a section of the configuration is done.

        A section is ``"orderings"`` and the name of a set, or one of `EXPERIMENTS`.
        """
        of_condition = self.plans[condition].seeds
        settings = self.resolved
        if section == ("planes",):
            settings = {"planes": _planes(self.resolved, condition.dataset)}
        for key in section:
            settings = settings[key]
        return min(of_condition, settings.get("seeds", of_condition) if section else of_condition)

    def blocks(self, condition: Condition, *section: str) -> list[tuple[int, int]]:
        """First and last seed, both inclusive, of each block (the seeds of one job).

        Blocks start at multiples of ``seeds.per_job`` and are always full, which `load`
        demands of numbers of seeds.  A cut last block would change its name, and be trained
        anew, when the number of seeds is raised.
        """
        size = self.seeds_per_job
        n_seeds = self.n_seeds(condition, *section)
        return [(first, first + size - 1) for first in range(0, n_seeds, size)]

    def searched(self, orderings: str) -> bool:
        """Whether a set has orders that have to be found (joint and reference orders)."""
        return not self._measures(orderings).isdisjoint({*JOINT, *REFERENCE})

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
        """Sets of a condition that ablate both to zero and to the mean."""
        sets = self.resolved["orderings"]
        return [
            name for name in self.plans[condition].orderings if len(sets[name]["replacements"]) > 1
        ]

    def _measures(self, orderings: str) -> set[str]:
        return {entry["measure"] for entry in self.resolved["orderings"][orderings]["measures"]}

    def dataset_settings(self, name: str) -> dict[str, Any]:
        """Arguments of `datasets.make`; ``test`` is None for a source with its own test file."""
        dataset = self.resolved["datasets"][name]
        return {
            "name": name,
            "study_seed": self.seed,
            "validation": dataset["validation"],
            "test": dataset.get("test"),
            "inputs": dataset["inputs"],
        }

    def training_settings(self, condition: Condition) -> dict[str, Any]:
        """How a condition is trained, the data set's own values applied.

        ``activation_epochs`` are ascending numbers of epochs; ``regularizer`` holds the numbers
        (``batch_norm_momentum`` and ``early_stopping`` are None without these), not its name.
        """
        training = _training(self.resolved, condition.dataset)
        regularizer = self.resolved["regularizers"][condition.regularizer]
        batchnorm = regularizer["batchnorm"]
        stored = self.resolved["activations"]["epochs"]
        return {
            "study_seed": self.seed,
            "dataset": condition.dataset,
            "architecture": condition.architecture,
            "activation": condition.activation,
            "regularizer": {
                **{
                    key: regularizer[key]
                    for key in ("l1", "l2", "dropout", "label_smoothing", "noise")
                },
                "batch_norm_momentum": batchnorm["momentum"] if batchnorm else None,
                "output_bits": regularizer.get("output_bits"),
                "early_stopping": regularizer.get("early_stopping"),
            },
            **training,
            **_optimizer(training),
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
        directions; ``random`` is the number of random orders.
        """
        chosen = self.resolved["orderings"][orderings]
        return {
            "study_seed": self.seed,
            "orderings": self._orders(orderings),
            **{key: chosen[key] for key in ("random", "replacements", "scopes")},
            "rows": self.resolved["memory"]["rows"],
        }

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
            "deltas": self.resolved["reading"]["deltas"],
            "rectified": condition.activation == "relu",
        }

    def pruning_orderings(self, condition: Condition) -> str:
        """The set of orderings by which a condition's neurons are kept."""
        return _pruning_orderings(self.resolved, self.plans[condition])

    def pruning_settings(self, condition: Condition) -> dict[str, Any]:
        """What is kept, by what measures (random choice among them), and how it is fine-tuned."""
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

    def plane_groups(self, condition: Condition) -> range:
        """Numbers of the groups of estimators, each of which is a job of every block."""
        planes = _planes(self.resolved, condition.dataset)
        asked = len(planes["estimators"]) + len(planes["costly"]["estimators"])
        return range(min(planes["groups"], asked))

    def plane_settings(self, condition: Condition, group: int | None = None) -> dict[str, Any]:
        """Estimators (those of one group), the number of epochs, and how networks are trained.

        Estimators are dealt out one by one, costly ones last, so that all groups take about as
        long.
        """
        planes = _planes(self.resolved, condition.dataset)
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
        }

    @property
    def gaps(self) -> tuple[str, ...]:
        """Names of what is trained for bounds."""
        return tuple(self.resolved.get("bounds", {}).get("gaps", ()))

    @property
    def supersamples(self) -> tuple[str, ...]:
        """Names of what is trained on halves of pools."""
        return tuple(self.resolved.get("bounds", {}).get("supersample", ()))

    def gap_condition(self, name: str) -> Condition:
        """What is trained, by a name of `gaps`."""
        return _condition(self.resolved["bounds"]["gaps"][name])

    def supersample_condition(self, name: str) -> Condition:
        """What is trained, by a name of `supersamples`."""
        return _condition(self.resolved["bounds"]["supersample"][name])

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
        chosen = self.resolved["bounds"]["supersample"][name]
        return {
            **{key: chosen[key] for key in ("steps", "pools", "masks", "permutations")},
            "sizes": sorted(chosen["sizes"]),
            "classes": chosen.get("classes"),
            **self._bound_training(chosen),
        }

    def _bound_training(self, chosen: Mapping[str, Any]) -> dict[str, Any]:
        """Label noise and training of a named condition, its own values before its data set's."""
        own = ("optimizer", "learning_rate", "batch_size", "sgld")
        training = _training(self.resolved, chosen["dataset"]) | {
            key: chosen[key] for key in own if key in chosen
        }
        return {
            "label_noise": chosen["label_noise"],
            "training": self.training_settings(_condition(chosen))
            | {key: training[key] for key in ("learning_rate", "batch_size", "optimizer")}
            | _optimizer(training)
            | {"epochs": 1, "activation_epochs": []},
        }

    def calibration_settings(self) -> dict[str, Any]:
        """Arguments of `calibration.sweep`, estimators by name; empty: none are calibrated."""
        calibration = self.resolved.get("calibration")
        return {} if calibration is None else {**calibration, "study_seed": self.seed}

    def toys(self, *, network: bool = False) -> list[str]:
        """Two-dimensional sets, or those on which the network is trained."""
        sets = self.resolved["toys"]["sets"]
        return [name for name, chosen in sets.items() if chosen["network"] or not network]

    def toy_settings(self, name: str) -> dict[str, Any]:
        """Arguments of `logistic.logistic`."""
        toys = self.resolved["toys"]
        return {
            "name": name,
            "points": toys["points"],
            "noise": toys["sets"][name]["noise"],
            "l2": toys["logistic_regression"]["l2"],
            "study_seed": self.seed,
        }

    def toy_network_settings(self) -> dict[str, Any]:
        """Arguments of `networks.train` beside the set."""
        return {**self.resolved["toys"]["network"], "study_seed": self.seed}

    def comparison_settings(self, name: str) -> dict[str, Any]:
        """Conditions of a comparison, and in what they differ.

        ``varies`` is a key of a condition.  Where regularizers differ in one number, ``number``
        names it and ``values`` are its values, ascending, of the conditions; else both are None.
        """
        comparison = self.resolved["comparisons"][name]
        conditions = _product(comparison)
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

    def _orders(self, orderings: str) -> list[dict[str, Any]]:
        chosen = self.resolved["orderings"][orderings]
        return [
            {
                "measure": entry["measure"],
                "quantizer": entry.get("quantizer", "none"),
                "directions": list(chosen["directions"]),
            }
            for entry in chosen["measures"]
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
    schema = yaml.safe_load(Path(schema_path).read_text(encoding="utf-8"))
    if not isinstance(config, Mapping):
        raise ConfigurationError(
            (), f"{_shown(config)} is no configuration; expected {expected(schema, schema)}"
        )
    resolved = _filled(config, schema, schema, ())
    errors = sorted(_Validator(schema).iter_errors(resolved), key=_rank)
    if errors:
        raise _schema_error(errors[0], schema)
    _check_seeds(resolved)
    plans = _plans(resolved, schema)
    _check_epochs(resolved, plans)
    _check_comparisons(resolved, plans)
    _check_pruning(resolved, plans)
    _check_planes(resolved, plans)
    _check_sgld(resolved, plans)
    _check_bounds(resolved, schema)
    for name, chosen in resolved["orderings"].items():
        users = [c for c, plan in plans.items() if name in _orderings(resolved, plan)]
        chosen["measures"] = _ordering_measures(resolved, name, users)
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


def expected(schema: _Schema, root: _Schema) -> str:
    """In words, what a value has to be; `root` is the whole schema."""
    schema = resolve(schema, root)
    if "expected" in schema:
        return str(schema["expected"])
    if "enum" in schema:
        return f"one of {', '.join(schema['enum'])}"
    kind = schema["type"]
    if kind == "object":
        return f"a mapping with the keys {', '.join(schema['properties'])}"
    words = {
        "array": "a list",
        "boolean": "true or false",
        "integer": "a whole number",
        "number": "a number",
        "string": "text",
    }
    signs = {
        "minimum": ">=",
        "exclusiveMinimum": ">",
        "maximum": "<=",
        "exclusiveMaximum": "<",
    }
    bounds = [f"{sign} {schema[bound]}" for bound, sign in signs.items() if bound in schema]
    return " ".join([words[kind], " and ".join(bounds)]).strip()


def resolve(schema: _Schema, root: _Schema, *, listed: bool = False) -> _Schema:
    """Follow a schema's reference and, by whether the value is a list, its condition."""
    if "if" in schema:
        return resolve(schema["then" if listed else "else"], root)
    if "$ref" in schema:
        return {**root["$defs"][schema["$ref"].rpartition("/")[2]], **schema}
    return schema


def _filled(value: Any, schema: _Schema, root: _Schema, path: tuple[_Key, ...]) -> Any:  # noqa: ANN401
    """A plain copy in the schema's order, with defaults; what does not fit it is left in."""
    schema = resolve(schema, root, listed=isinstance(value, list))
    value = _scalar(value, schema)
    if value is True and {"boolean", "object"} <= _kinds(schema):
        value = {}  # switched on with its defaults
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str):
                raise ConfigurationError(
                    path, f"the key {_shown(key)} is not text for YAML; quote it"
                )
        known, named = schema.get("properties", {}), schema.get("patternProperties", {})
        filled = {}
        for key, below in known.items():
            if key in value:
                filled[key] = _filled(value[key], below, root, (*path, key))
            elif "default" in below:
                filled[key] = _filled(copy.deepcopy(below["default"]), below, root, (*path, key))
        for key in sorted(value.keys() - known.keys()):
            below = next((s for pattern, s in named.items() if re.search(pattern, key)), {})
            filled[key] = _filled(value[key], below, root, (*path, key))
        return filled
    if isinstance(value, list):
        below = schema.get("items", {})
        return [_filled(entry, below, root, (*path, i)) for i, entry in enumerate(value)]
    return value


def _scalar(value: Any, schema: _Schema) -> Any:  # noqa: ANN401
    """A number or truth value that is given as text as such; numbers as floats."""
    kinds = _kinds(schema)
    if isinstance(value, str):
        if "\n" in value:  # `$` of a pattern would let the line break of a block text through
            value = value.strip()
        read = _read(value)
        if (
            (isinstance(read, bool) and "boolean" in kinds)
            or (type(read) is int and kinds & {"integer", "number"})
            or (type(read) is float and "number" in kinds)
        ):
            value = read
    if "number" in kinds and type(value) is int:
        return float(value) if abs(value) < 2**1023 else math.inf  # 1 and 1.0 are one setting
    return value


def _kinds(schema: _Schema) -> set[str]:
    """JSON types that a value may have."""
    kinds = schema.get("type", [])
    return {kinds} if isinstance(kinds, str) else set(kinds)


def _read(text: str) -> Any:  # noqa: ANN401
    """What a plain scalar means in YAML; the text itself if it is none."""
    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, ValueError):
        return text


def _is_integer(_: object, value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(_: object, value: object) -> bool:
    return _is_integer(_, value) or (isinstance(value, float) and math.isfinite(value))


# JSON Schema takes 1.0 for an integer, and NaN for a number that is in all bounds.
_Validator: Final = jsonschema.validators.extend(
    jsonschema.Draft202012Validator,
    type_checker=jsonschema.Draft202012Validator.TYPE_CHECKER.redefine_many(
        {"integer": _is_integer, "number": _is_number}
    ),
)


def _rank(error: Any) -> tuple[object, ...]:  # noqa: ANN401
    """Unknown keys first, since a misspelt one leaves another missing; types before bounds."""
    order = {"additionalProperties": 0, "required": 2}.get(error.validator, 1)
    path = [f"{part:09d}" if isinstance(part, int) else part for part in error.absolute_path]
    return order, path, error.validator != "type", error.validator, error.message


def _schema_error(error: Any, root: _Schema) -> ConfigurationError:  # noqa: ANN401
    path, value = tuple(error.absolute_path), error.instance
    schema = resolve(error.schema, root)
    match error.validator:
        case "additionalProperties":
            return _unknown_key(path, value, schema, root)
        case "required":
            missing = [key for key in error.validator_value if key not in value]
            problem = f"missing; expected {expected(schema['properties'][missing[0]], root)}"
            if not path and len(missing) > 1:
                problem += (
                    f" (also missing: {', '.join(missing[1:])}; --config by itself replaces the "
                    "default file: add --configfile config/config.yaml)"
                )
            return ConfigurationError((*path, missing[0]), problem)
        case "not":
            return ConfigurationError(path, f"{schema['expected']}; remove the key")
        case "minItems" | "minProperties":
            problem = f"is empty; expected {expected(schema, root)}"
        case "uniqueItems":
            doubled = next(entry for entry in value if value.count(entry) > 1)
            problem = f"{_shown(doubled)} stands there twice; remove one"
        case "enum":
            problem = _unknown(value, schema["enum"])
        case "type":
            problem = f"{_shown(value)} is wrong; expected {expected(schema, root)}"
            if hint := _type_hint(value, schema):
                problem += f"; {hint}"
        case _:
            problem = f"{_shown(value)} is wrong; expected {expected(schema, root)}"
    return ConfigurationError(path, problem)


def _unknown_key(
    path: tuple[_Key, ...], value: Mapping[str, Any], schema: _Schema, root: _Schema
) -> ConfigurationError:
    """Name the first key that is not known here and where it may belong."""
    known = list(schema.get("properties", ()))
    patterns = schema.get("patternProperties", ())
    key = min(
        key
        for key in value
        if key not in known and not any(re.search(pattern, key) for pattern in patterns)
    )
    if patterns:
        return ConfigurationError((*path, key), f"no name; expected {expected(schema, root)}")
    sections = root["properties"]
    home = [name for name, below in sections.items() if key in below.get("properties", ())]
    if close := _close(key, known):
        mend = f"did you mean {close!r}?"
    elif path and key in sections:
        mend = "it stands at the top level"
    elif home and path[:1] != (home[0],):
        mend = f"it stands under {home[0]!r}"
    else:
        mend = f"known are {', '.join(known)}"
    return ConfigurationError((*path, key), f"unknown key; {mend}")


def _unknown(value: str, known: Sequence[str]) -> str:
    close = _close(value, known)
    question = f"did you mean {close!r}? " if close else ""
    return f"{_shown(value)} is unknown; {question}known are {', '.join(known)}"


def _close(word: str, known: Iterable[str]) -> str | None:
    return next(iter(difflib.get_close_matches(word.lower(), known, n=1)), None)


def _shown(value: object) -> str:
    """A value as its YAML says it, or its kind."""
    match value:
        case None:
            return "null (an empty value)"
        case bool():
            return str(value).lower()
        case Mapping():
            return "a mapping"
        case list() | tuple():
            return "a list"
    shown = repr(value) if isinstance(value, str) else str(value)
    return shown if len(shown) <= 60 else f"{shown[:57]}..."


def _type_hint(value: object, schema: _Schema) -> str:
    """How to write what was meant, if that can be guessed."""
    kinds = _kinds(schema)
    numeric = bool(kinds & {"integer", "number"})
    match value:
        case None if "object" in kinds and not schema.get("required"):
            return "write {} for the defaults"
        case None:
            return "give its keys" if "object" in kinds else "give a value or remove the key"
        case bool() if "string" in kinds:
            return f"{_UNQUOTED}: quote the word"
        case bool() if numeric:
            return _UNQUOTED
        case int() | float() | date() if "string" in kinds and not numeric:
            return f"quote it: '{value}'"
        case float() if numeric and value.is_integer():
            return f"write {int(value)}"
        case str() if numeric:
            return _number_hint(value, whole="number" not in kinds)
        case str() | int() | float() if "array" in kinds and re.fullmatch(r"[\w.-]+", str(value)):
            return f"write [{value}]"
    return ""


def _number_hint(text: str, *, whole: bool) -> str:
    """How YAML wants a number written that it took for text, such as 1e-3."""
    parsed = re.fullmatch(r"([+-]?(?:\d+\.?\d*|\.\d+))(?:[eE]([+-]?\d{1,2}))?", text.strip())
    if parsed is None:
        return ""
    mantissa, exponent = parsed[1], int(parsed[2] or 0)
    number = Decimal(f"{mantissa}e{exponent}")
    if whole:
        return f"write {int(number)}" if number == int(number) else ""
    scientific = f"{mantissa if '.' in mantissa else mantissa + '.0'}e{exponent:+d}"
    return f"YAML takes it for text: write {scientific} or {number:f}"


def _check_seeds(resolved: Mapping[str, Any]) -> None:
    numbers: list[tuple[tuple[_Key, ...], Mapping[str, Any], str]] = [
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
    for path, section, key in numbers:
        count = section.get(key, per_job)
        if left := count % per_job:
            counts = [str(n) for n in (count - left, count - left + per_job) if n]
            divisor = next(n for n in range(min(count, per_job), 0, -1) if count % n == 0)
            raise ConfigurationError(
                (*path, key),
                f"{count} is no multiple of seeds.per_job {per_job} (blocks are always full, so "
                f"that more seeds rename none); use {' or '.join(counts)}, or per_job {divisor}",
            )


def _plans(resolved: Mapping[str, Any], schema: _Schema) -> dict[Condition, Plan]:
    """All conditions of the products, each once, their names checked."""
    plans: dict[Condition, Plan] = {}
    for i, product in enumerate(resolved["conditions"]):
        path: tuple[_Key, ...] = ("conditions", i)
        _check_names(resolved, schema, path, product)
        sets = product.get("orderings", list(resolved["orderings"]))
        for j, name in enumerate(sets):
            if name not in resolved["orderings"]:
                raise ConfigurationError(
                    (*path, "orderings", j),
                    f"{_unknown(name, list(resolved['orderings']))}; or define it under orderings",
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
        )
        for condition in _product(product):
            if plans.setdefault(condition, plan) != plan:
                raise ConfigurationError(
                    path,
                    f"{condition.path} stands there twice with different seeds, orderings, "
                    "experiments, figures or keep_activations; name it in one entry only",
                )
    return plans


def _check_names(
    resolved: Mapping[str, Any],
    schema: _Schema,
    path: tuple[_Key, ...],
    product: Mapping[str, Any],
) -> None:
    """Data sets and regularizers of a product are defined."""
    known = schema["properties"]["datasets"]["properties"]
    for key in ("dataset", "regularizer"):
        given, defined = product[key], resolved[f"{key}s"]
        for j, name in enumerate(given if isinstance(given, list) else [given]):
            if name in defined:
                continue
            if key == "dataset" and name not in known:
                problem = _unknown(name, list(known))
            else:
                problem = f"{_unknown(name, list(defined))}; or define it under {key}s"
            raise ConfigurationError(
                (*path, key, *([j] if isinstance(given, list) else [])), problem
            )


def _product(product: Mapping[str, Any]) -> list[Condition]:
    """Conditions of a product, in its order."""
    keys = ("dataset", "architecture", "activation", "regularizer")
    values = [product[key] if isinstance(product[key], list) else [product[key]] for key in keys]
    return [Condition(*chosen) for chosen in itertools.product(*values)]


def _pruning_orderings(resolved: Mapping[str, Any], plan: Plan) -> str:
    """The set by whose measures neurons are kept: by default the first."""
    return str(resolved["pruning"].get("orderings", plan.orderings[0]))


def _orderings(resolved: Mapping[str, Any], plan: Plan) -> set[str]:
    """All sets that a condition makes use of."""
    pruned = {_pruning_orderings(resolved, plan)} if "pruning" in plan.experiments else set()
    return {*plan.orderings, *pruned}


def _check_pruning(resolved: Mapping[str, Any], plans: Mapping[Condition, Plan]) -> None:
    """What is kept is what ascending orders within layers remove last."""
    path, sets = ("pruning", "orderings"), resolved["orderings"]
    name = resolved["pruning"].get("orderings")
    if name is not None and name not in sets:
        raise ConfigurationError(
            path, f"{_unknown(name, list(sets))}; or define it under orderings"
        )
    for plan in plans.values():
        if "pruning" not in plan.experiments:
            continue
        name = _pruning_orderings(resolved, plan)
        for key, needed in (("directions", "descending"), ("scopes", "layers")):
            if needed not in sets[name][key]:
                raise ConfigurationError(
                    path,
                    f"{name!r} is without {needed!r} in its {key}, and kept is what comes first in "
                    "descending order within a layer; add it or choose another set",
                )


def _check_comparisons(resolved: Mapping[str, Any], plans: Mapping[Condition, Plan]) -> None:
    """Each varies one key and compares conditions of the study."""
    for name, comparison in resolved["comparisons"].items():
        if sum(isinstance(value, list) for value in comparison.values()) != 1:
            raise ConfigurationError(
                ("comparisons", name),
                "activation or regularizer, and not both, has to be a list of two or more",
            )
        for condition in _product(comparison):
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


def _training(resolved: Mapping[str, Any], dataset: str) -> dict[str, Any]:
    """Training of a data set: its own values before the study's."""
    return {**resolved["training"], **resolved["datasets"][dataset]["training"]}


def _optimizer(training: Mapping[str, Any]) -> dict[str, Any]:
    """What the optimizer needs, None for what it has not."""
    return {
        "momentum": training["momentum"] if training["optimizer"] == "sgd" else None,
        "sgld": training["sgld"] if training["optimizer"] == "sgld" else None,
    }


def _condition(chosen: Mapping[str, Any]) -> Condition:
    """The condition of an entry that has one value of each key."""
    keys = ("dataset", "architecture", "activation", "regularizer")
    return Condition(*(chosen[key] for key in keys))


def _check_sgld(resolved: Mapping[str, Any], plans: Mapping[Condition, Plan]) -> None:
    """Batch norm would know more of the data than noise hides, and sgld fine-tunes nothing."""
    for condition, plan in plans.items():
        if _training(resolved, condition.dataset)["optimizer"] != "sgld":
            continue
        if resolved["regularizers"][condition.regularizer]["batchnorm"]:
            problem = "sgld goes with no batch norm, which knows the data without noise"
        elif "pruning" in plan.experiments:
            problem = "sgld fine-tunes no pruned networks"
        else:
            continue
        raise ConfigurationError(
            ("training", "optimizer"), f"{condition.path}: {problem}; use adam or sgd there"
        )


def _check_bounds(resolved: Mapping[str, Any], schema: _Schema) -> None:
    """Names are defined, and what is trained can be trained for so many steps."""
    section = resolved.get("bounds", {})
    entries: list[tuple[tuple[_Key, ...], Mapping[str, Any]]] = [
        (("bounds", kind, name), entry)
        for kind in ("gaps", "supersample")
        for name, entry in section.get(kind, {}).items()
    ]
    for path, entry in entries:
        _check_names(resolved, schema, path, entry)
        regularizer = resolved["regularizers"][entry["regularizer"]]
        optimizer = entry.get("optimizer", _training(resolved, entry["dataset"])["optimizer"])
        problem = ""
        if regularizer.get("early_stopping") is not None:
            problem = "early stopping needs losses by epoch, and training here has so many steps"
        elif (
            regularizer.get("output_bits") is not None and entry["activation"] not in OUTPUT_RANGES
        ):
            problem = f"outputs of {entry['activation']} have no range to round in"
        elif optimizer == "sgld" and regularizer["batchnorm"]:
            problem = "sgld goes with no batch norm, which knows the data without noise"
        if problem:
            raise ConfigurationError(
                (*path, "regularizer"), f"{problem}; choose another than {entry['regularizer']!r}"
            )


def _planes(resolved: Mapping[str, Any], dataset: str) -> dict[str, Any]:
    """Planes of a data set: its own values before the study's."""
    return {**resolved["planes"], **resolved["datasets"][dataset]["planes"]}


def _check_planes(resolved: Mapping[str, Any], plans: Mapping[Condition, Plan]) -> None:
    """No estimator is asked twice, and rounded outputs are not taken for others."""
    for dataset in sorted({c.dataset for c, plan in plans.items() if "planes" in plan.experiments}):
        planes = _planes(resolved, dataset)
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
                f"{condition.path}: ablation and the like compute with outputs that are not "
                "rounded; give that condition `orderings: []` and `experiments: [planes]`",
            )


def _check_epochs(resolved: Mapping[str, Any], conditions: Iterable[Condition]) -> None:
    stored = resolved["activations"]["epochs"]
    for dataset in sorted({condition.dataset for condition in conditions}):
        last = _training(resolved, dataset)["epochs"]
        for i, epoch in enumerate(stored):
            if epoch != "last" and epoch > last:
                raise ConfigurationError(
                    ("activations", "epochs", i),
                    f"{epoch} is after the end of training ({last} epochs on {dataset}); use 0 "
                    f"to {last}, or last",
                )
        if "last" not in stored and last not in stored:
            raise ConfigurationError(
                ("activations", "epochs"),
                f"the last epoch ({last} on {dataset}), which is measured, is not among "
                f"{', '.join(map(str, stored))}; add last",
            )


def _ordering_measures(
    resolved: Mapping[str, Any], name: str, conditions: Iterable[Condition]
) -> list[dict[str, str]]:
    """Measures of a set of orderings with their quantizers, each once."""
    quantizers = resolved["measures"]["quantizers"]
    signed = [condition for condition in conditions if condition.activation not in NON_NEGATIVE]
    measures = []
    for i, entry in enumerate(resolved["orderings"][name]["measures"]):
        path = ("orderings", name, "measures", i)
        measure = entry["measure"]
        if measure in _QUANTIZED:
            entry = {"measure": measure, "quantizer": entry.get("quantizer", quantizers[0])}
            if entry["quantizer"] not in quantizers:
                raise ConfigurationError(
                    (*path, "quantizer"),
                    f"{_shown(entry['quantizer'])} is not among measures.quantizers "
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
