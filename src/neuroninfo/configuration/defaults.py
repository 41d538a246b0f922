"""A configuration with the schema's defaults filled in."""

from __future__ import annotations

import copy
import math
import re
from collections.abc import Mapping
from typing import Any

import yaml

from neuroninfo.configuration.messages import ConfigurationError, shown
from neuroninfo.configuration.schema import Key, Schema, json_types, read_yaml, resolve


def with_defaults(value: Any, schema: Schema, root: Schema, path: tuple[Key, ...]) -> Any:  # noqa: ANN401
    """A plain copy in the schema's order, with defaults; what does not fit it is left in."""
    schema = resolve(schema, root, listed=isinstance(value, list))
    value = _scalar(value, schema)
    if value is True and {"boolean", "object"} <= json_types(schema):
        value = {}  # switched on with its defaults
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str):
                raise ConfigurationError(
                    path, f"the key {shown(key)} is not text for YAML; quote it"
                )
        known, named = schema.get("properties", {}), schema.get("patternProperties", {})
        filled = {}
        for key, below in known.items():
            if key in value:
                filled[key] = with_defaults(value[key], below, root, (*path, key))
            elif "default" in below:
                filled[key] = with_defaults(
                    copy.deepcopy(below["default"]), below, root, (*path, key)
                )
        for key in sorted(value.keys() - known.keys()):
            below = next((s for pattern, s in named.items() if re.search(pattern, key)), {})
            filled[key] = with_defaults(value[key], below, root, (*path, key))
        return filled
    if isinstance(value, list):
        below = schema.get("items", {})
        return [with_defaults(entry, below, root, (*path, i)) for i, entry in enumerate(value)]
    return value


def with_sources(resolved: dict[str, Any]) -> dict[str, Any]:
    """The same, where data sets without a source have their own name as source."""
    datasets = resolved.get("datasets")
    for name, entry in datasets.items() if isinstance(datasets, Mapping) else ():
        if isinstance(entry, dict):
            entry.setdefault("source", name)
    return resolved


def _scalar(value: Any, schema: Schema) -> Any:  # noqa: ANN401
    """A number or truth value that is given as text as such; numbers as floats."""
    kinds = json_types(schema)
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


def _read(text: str) -> Any:  # noqa: ANN401
    """The value of a plain scalar in YAML, or the text itself if it is not one."""
    try:
        return read_yaml(text)
    except (yaml.YAMLError, ValueError):
        return text
