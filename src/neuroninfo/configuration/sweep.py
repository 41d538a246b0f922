"""Rows of the figure "where the claims hold": references, and what differs from each of them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any, Final

from neuroninfo.configuration.messages import ConfigurationError
from neuroninfo.configuration.plans import Condition, Plan, check_names, condition_of
from neuroninfo.configuration.schema import Key, Schema

_MEASURE: Final = "mutual_information"
_NAMES: Final = (
    *("dataset", "architecture", "activation", "regularizer"),
    *("quantizer", "replacement"),
)


def rows(resolved: Mapping[str, Any], reference: int) -> Iterator[dict[str, str]]:
    """Names of a reference, and then of all that stands against it."""
    entry = resolved["sweep"][reference]
    names = {"quantizer": resolved["measures"]["quantizers"][0], **entry}
    for product in ({}, *entry["against"]):
        values = [product.get(name, names[name]) for name in _NAMES]
        lists = [value if isinstance(value, list) else [value] for value in values]
        for chosen in itertools.product(*lists):
            yield dict(zip(_NAMES, chosen, strict=True))


def check_sweep(
    resolved: Mapping[str, Any], schema: Schema, plans: Mapping[Condition, Plan]
) -> None:
    """Each row is a condition of the study that is ablated so.

    Raises
    ------
    ConfigurationError
        One is not.
    """
    for i, entry in enumerate(resolved.get("sweep", ())):
        path: tuple[Key, ...] = ("sweep", i)
        for j, product in enumerate(({}, *entry["against"]), -1):
            below = path if j < 0 else (*path, "against", j)
            names = {key: product.get(key, entry[key]) for key in ("dataset", "regularizer")}
            check_names(resolved, schema, below, names)
        for row in rows(resolved, i):
            condition = condition_of(row)
            if condition not in plans:
                raise ConfigurationError(
                    path, f"{condition.path} is not among the conditions; add it there"
                )
            by = {"measure": _MEASURE, "quantizer": row["quantizer"]}
            sets = [resolved["orderings"][name] for name in plans[condition].orderings]
            if not any(
                by in orders["measures"] and row["replacement"] in orders["replacements"]
                for orders in sets
            ):
                raise ConfigurationError(
                    path,
                    f"{condition.path} is not ablated by {_MEASURE} with {row['quantizer']} to "
                    f"{row['replacement']}; give it orderings that do so",
                )
