"""Messages about mistakes: the key, the value, and what to write instead."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final

from neuroninfo.configuration.schema import KNOWN, Key, Schema, json_types, resolve

_DASHES: Final = (
    "[\N{HYPHEN}\N{NON-BREAKING HYPHEN}\N{FIGURE DASH}\N{EN DASH}\N{EM DASH}\N{MINUS SIGN}]"
)
"""Characters that look like a hyphen, as text processors put them."""
_UNQUOTED: Final = "YAML reads on, off, yes and no as true or false"


class ConfigurationError(Exception):
    """The configuration is wrong; the message names key and value, and says what to write.

    Attributes
    ----------
    path
        Steps to the key, empty if the mistake has none.
    """

    def __init__(self, path: Iterable[Key], problem: str) -> None:
        self.path = tuple(path)
        key = ""
        for part in self.path:
            key += f"[{part}]" if isinstance(part, int) else f".{part}" if key else part
        super().__init__(f"{key}: {problem}" if key else problem)


def expected(schema: Schema, root: Schema) -> str:
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


def first_mistake(errors: Iterable[Any], root: Schema) -> ConfigurationError | None:
    """The error of the validator that is shown, always the same one; None if there are none."""
    ranked = sorted(errors, key=_rank)
    return _schema_error(ranked[0], root) if ranked else None


def _rank(error: Any) -> tuple[object, ...]:  # noqa: ANN401
    """Unknown keys first, since a misspelt one leaves another missing; types before bounds."""
    order = {"additionalProperties": 0, "required": 2}.get(error.validator, 1)
    path = [f"{part:09d}" if isinstance(part, int) else part for part in error.absolute_path]
    return order, path, error.validator != "type", error.validator, error.message


def _schema_error(error: Any, root: Schema) -> ConfigurationError:  # noqa: ANN401
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
            problem = f"has only {len(value)} of its entries" if value else "is empty"
            problem += f"; expected {expected(schema, root)}"
        case "uniqueItems":
            doubled = next(entry for entry in value if value.count(entry) > 1)
            problem = f"{shown(doubled)} is listed twice; remove one"
        case "enum":
            problem = unknown(value, schema["enum"])
        case "known":
            problem = unknown(value, KNOWN[schema["known"]])
        case "pattern" if (hyphens := re.sub(_DASHES, "-", value)) != value:
            problem = f"{shown(value)} has a dash that is no hyphen; write '{hyphens}'"
        case "type":
            problem = f"{shown(value)} is wrong; expected {expected(schema, root)}"
            if hint := _type_hint(value, schema):
                problem += f"; {hint}"
        case _:
            problem = f"{shown(value)} is wrong; expected {expected(schema, root)}"
    return ConfigurationError(path, problem)


def _unknown_key(
    path: tuple[Key, ...], value: Mapping[str, Any], schema: Schema, root: Schema
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
        return ConfigurationError(
            (*path, key), f"not a valid name; expected {expected(schema, root)}"
        )
    sections = root["properties"]
    home = [name for name, below in sections.items() if key in below.get("properties", ())]
    if close := _close(key, known):
        remedy = f"did you mean {close!r}?"
    elif path and key in sections:
        remedy = "it belongs to the top level"
    elif home and path[:1] != (home[0],):
        remedy = f"it belongs under {home[0]!r}"
    else:
        remedy = f"known are {', '.join(known)}"
    return ConfigurationError((*path, key), f"unknown key; {remedy}")


def unknown(value: str, known: Iterable[str]) -> str:
    """A name that is not among the known ones, and which of them may be meant."""
    close = _close(value, known)
    question = f"did you mean {close!r}? " if close else ""
    return f"{shown(value)} is unknown; {question}known are {', '.join(known)}"


def _close(word: str, known: Iterable[str]) -> str | None:
    return next(iter(difflib.get_close_matches(word.lower(), known, n=1)), None)


def shown(value: object) -> str:
    """A value as it is written in YAML, or its kind."""
    match value:
        case None:
            return "null (an empty value)"
        case bool():
            return str(value).lower()
        case Mapping():
            return "a mapping"
        case list() | tuple():
            return "a list"
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _type_hint(value: object, schema: Schema) -> str:
    """How to write what was meant, if that can be guessed."""
    kinds = json_types(schema)
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
    """How to write a number, such as 1e-3, that YAML has read as text."""
    parsed = re.fullmatch(r"([+-]?(?:\d+\.?\d*|\.\d+))(?:[eE]([+-]?\d{1,2}))?", text.strip())
    if parsed is None:
        return ""
    mantissa, exponent = parsed[1], int(parsed[2] or 0)
    number = Decimal(f"{mantissa}e{exponent}")
    if whole:
        return f"write {int(number)}" if number == int(number) else ""
    scientific = f"{mantissa if '.' in mantissa else mantissa + '.0'}e{exponent:+d}"
    return f"YAML takes it for text: write {scientific} or {number:f}"
