"""The JSON Schema of a configuration, and how it is read."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

import jsonschema
import yaml

from neuroninfo.networks.activations import ACTIVATIONS, BOUNDED

Key = str | int
"""One step of a path through a configuration."""
Schema = Mapping[str, Any]

KNOWN: Final[Mapping[str, Collection[str]]] = {
    "activations": ACTIVATIONS,
    "bounded_activations": BOUNDED,
}
"""Names that the schema's word ``known`` stands for; they are listed like an ``enum``."""


# Every plan reads the schema, and every job in SLURM: libyaml, where PyYAML has it, is ten times
# as fast.
LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_yaml(text: str) -> Any:  # noqa: ANN401
    """The value of a text in YAML."""
    return yaml.load(text, Loader=LOADER)


def resolve(schema: Schema, root: Schema, *, listed: bool = False) -> Schema:
    """Follow a schema's reference and, by whether the value is a list, its condition."""
    if "if" in schema:
        return resolve(schema["then" if listed else "else"], root)
    if "$ref" in schema:
        return {**root["$defs"][schema["$ref"].rpartition("/")[2]], **schema}
    return schema


def json_types(schema: Schema) -> set[str]:
    """JSON types that a value may have."""
    kinds = schema.get("type", [])
    return {kinds} if isinstance(kinds, str) else set(kinds)


def _is_integer(_: object, value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(_: object, value: object) -> bool:
    return _is_integer(_, value) or (isinstance(value, float) and math.isfinite(value))


def _known(
    _: object, names: str, value: object, schema: Schema
) -> Iterator[jsonschema.ValidationError]:
    if isinstance(value, str) and value not in KNOWN[names]:
        yield jsonschema.ValidationError(f"{value!r} is not one of the {names}")


# JSON Schema takes 1.0 for an integer, and NaN for a number that is in all bounds.
Validator: Final = jsonschema.validators.extend(
    jsonschema.Draft202012Validator,
    {"known": _known},
    type_checker=jsonschema.Draft202012Validator.TYPE_CHECKER.redefine_many(
        {"integer": _is_integer, "number": _is_number}
    ),
)
