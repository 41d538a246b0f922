"""The configuration of a study: checked, defaults filled in, resolved for each stage.

The JSON Schema is the one source of keys, types and defaults; here stand the checks that it
cannot express, and messages that name the key, the value and the mend.  Every job reads the
Snakefile and so this module: it imports nothing heavy.
"""

from __future__ import annotations

import copy
import difflib
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

_QUANTIZED: Final = ("mutual_information", "entropy", "kl_selectivity")
SIGNED: Final = ("tanh",)
"""Activations that may be negative, for which class selectivity is not defined."""
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
class Study:
    """A checked configuration.

    The methods ``*_settings`` give what the results of one stage depend on, as plain
    JSON-able values, and nothing else: they stand in the rules' ``params``, so that a change
    of a value reruns the jobs that it changes and no others.
    """

    name: str
    seed: int
    n_seeds: int
    seeds_per_job: int
    data_root: str
    device: str
    keep_activations: bool
    conditions: tuple[Condition, ...]
    """In the order of the configuration, each once."""
    resolved: dict[str, Any] = field(hash=False, repr=False)
    """The whole configuration with all defaults, JSON-able; loading it gives this study."""

    def blocks(self) -> list[tuple[int, int]]:
        """First and last seed, both inclusive, of each block (the seeds of one job).

        Blocks start at multiples of ``seeds.per_job`` and are always full, which `load`
        demands of ``seeds.count``.  A cut last block would change its name, and be trained
        anew, when the number of seeds is raised.
        """
        size = self.seeds_per_job
        return [(first, first + size - 1) for first in range(0, self.n_seeds, size)]

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

        ``activation_epochs`` are ascending numbers of epochs; ``regularizer`` holds ``l2``,
        ``dropout`` and ``batch_norm_momentum`` (None: no batch norm), not its name.
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
                "l2": regularizer["l2"],
                "dropout": regularizer["dropout"],
                "batch_norm_momentum": batchnorm["momentum"] if batchnorm else None,
            },
            **training,
            "momentum": training["momentum"] if training["optimizer"] == "sgd" else None,
            "activation_epochs": sorted(
                {training["epochs"] if epoch == "last" else epoch for epoch in stored}
            ),
        }

    def measure_settings(self, condition: Condition) -> dict[str, Any]:
        """What is measured (the same for every condition): quantizers, shuffles."""
        return {"study_seed": self.seed, **self.resolved["measures"]}

    def ablation_settings(self, condition: Condition) -> dict[str, Any]:
        """Orders of ablation (the same for every condition).

        ``orderings`` are mappings of measure, quantizer (``none`` where there is none) and
        directions; ``random`` is the number of random orders.
        """
        orderings = self.resolved["orderings"]
        return {
            "study_seed": self.seed,
            "orderings": [
                {
                    "measure": ordering["measure"],
                    "quantizer": ordering.get("quantizer", "none"),
                    "directions": list(orderings["directions"]),
                }
                for ordering in orderings["measures"]
            ],
            "random": orderings["random"],
        }


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
    conditions = _conditions(resolved, schema)
    _check_epochs(resolved, conditions)
    resolved["orderings"]["measures"] = _ordering_measures(resolved, conditions)
    resolved["conditions"] = [dict(vars(condition)) for condition in conditions]
    return Study(
        name=resolved["study"],
        seed=resolved["seed"],
        n_seeds=resolved["seeds"]["count"],
        seeds_per_job=resolved["seeds"]["per_job"],
        data_root=resolved["data_root"],
        device=resolved["device"],
        keep_activations=resolved["activations"]["keep"],
        conditions=tuple(conditions),
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


# --- defaults ---------------------------------------------------------------------------


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


# --- mistakes that the schema finds -----------------------------------------------------


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


# --- checks beyond the schema -----------------------------------------------------------


def _check_seeds(resolved: Mapping[str, Any]) -> None:
    count, per_job = resolved["seeds"]["count"], resolved["seeds"]["per_job"]
    if left := count % per_job:
        counts = [str(n) for n in (count - left, count - left + per_job) if n]
        divisor = next(n for n in range(min(count, per_job), 0, -1) if count % n == 0)
        raise ConfigurationError(
            ("seeds", "count"),
            f"{count} is no multiple of seeds.per_job {per_job} (blocks are always full, so that "
            f"more seeds rename none); use count {' or '.join(counts)}, or per_job {divisor}",
        )


def _conditions(resolved: Mapping[str, Any], schema: _Schema) -> list[Condition]:
    """All conditions of the products, each once, their names checked."""
    known = schema["properties"]["datasets"]["properties"]
    conditions: dict[Condition, None] = {}
    for i, product in enumerate(resolved["conditions"]):
        values = {}
        for key, given in product.items():
            values[key] = given if isinstance(given, list) else [given]
            if key not in ("dataset", "regularizer"):
                continue
            defined = resolved[f"{key}s"]
            for j, name in enumerate(values[key]):
                if name in defined:
                    continue
                if key == "dataset" and name not in known:
                    problem = _unknown(name, list(known))
                else:
                    problem = f"{_unknown(name, list(defined))}; or define it under {key}s"
                path = ("conditions", i, key, *([j] if isinstance(given, list) else []))
                raise ConfigurationError(path, problem)
        for dataset in values["dataset"]:
            for architecture in values["architecture"]:
                for activation in values["activation"]:
                    for regularizer in values["regularizer"]:
                        conditions[Condition(dataset, architecture, activation, regularizer)] = None
    return list(conditions)


def _training(resolved: Mapping[str, Any], dataset: str) -> dict[str, Any]:
    """Training of a data set: its own values before the study's."""
    return {**resolved["training"], **resolved["datasets"][dataset]["training"]}


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
    resolved: Mapping[str, Any], conditions: Iterable[Condition]
) -> list[dict[str, str]]:
    """Measures of the orderings with their quantizers, each once."""
    quantizers = resolved["measures"]["quantizers"]
    signed = [condition for condition in conditions if condition.activation in SIGNED]
    measures = []
    for i, entry in enumerate(resolved["orderings"]["measures"]):
        path = ("orderings", "measures", i)
        measure = entry["measure"]
        if measure in _QUANTIZED:
            entry = {"measure": measure, "quantizer": entry.get("quantizer", quantizers[0])}
            if entry["quantizer"] not in quantizers:
                raise ConfigurationError(
                    (*path, "quantizer"),
                    f"{_shown(entry['quantizer'])} is not among measures.quantizers "
                    f"({', '.join(quantizers)}); add it there or use one of them",
                )
        elif "quantizer" in entry:
            raise ConfigurationError(
                (*path, "quantizer"), f"{measure} takes no quantizer; remove the key"
            )
        if measure == "class_selectivity" and signed:
            raise ConfigurationError(
                (*path, "measure"),
                f"class_selectivity needs activations that are never negative, which "
                f"{signed[0].activation} of the condition {signed[0].path} may be; remove the "
                "measure, or those conditions to a study of their own",
            )
        if entry not in measures:
            measures.append(entry)
    return measures
