"""Layouts of orders and of curves: ``orders-<set>.nc``, ``ablation-<set>.nc``, ``precision.nc``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import xarray as xr

from neuroninfo.ablation.orders import Ordering
from neuroninfo.files.storage import labelled

ORDERINGS: Final[dict[str, str]] = {
    "measure": "what the order is made by",
    "quantizer": "quantizer of the measure",
    "direction": "ascending: lowest first",
    "repeat": "number of the random or control order, or of the draw of examples, else -1",
    "replacement": "what ablated neurons put out: zero, mean (on train), mode, optimal, resample",
    "control": "layer-sequence: neurons permuted within layers; layer-rank: by rank in their layer",
}
"""Coordinates of the dimension ``ordering`` -> their words: the fields of `Ordering`."""
_CURVES: Final = {
    "correct": ("correct predictions on test after the removals", "1"),
    "changed": ("test predictions that differ from those without ablation", "1"),
    "loss": ("mean cross-entropy on test after the removals", "nat"),
}
"""Variables by number of removals -> words and unit."""


def order_variable(order: np.ndarray, over: Sequence[str] = ("seed",)) -> tuple[Any, ...]:
    """The variable ``order``.

    Parameters
    ----------
    order
        (over, ordering, step) positions within the scope.
    over
        Dimensions before those.
    """
    words = "neuron removed in this step, numbered within the scope"
    return (*over, "ordering", "step"), order.astype(np.int16), labelled(words, "1")


def order_coordinates(
    orderings: Sequence[Ordering], n_steps: int, words: Mapping[str, str] = ORDERINGS
) -> dict[str, tuple[Any, ...]]:
    """Coordinates of the dimensions ``ordering`` and ``step``.

    Parameters
    ----------
    orderings
        What the orders are made by.
    n_steps
        Neurons of the scope.
    words
        Those fields of the orderings that are coordinates, with their long names.
    """
    return {
        "step": ("step", np.arange(n_steps), {"long_name": "step of the ablation"}),
        **{
            field: ("ordering", [getattr(o, field) for o in orderings], {"long_name": long_name})
            for field, long_name in words.items()
        },
    }


def curves_dataset(
    orderings: Sequence[Ordering],
    order: np.ndarray,
    curves: Mapping[str, np.ndarray],
    labels: np.ndarray,
    n_classes: int,
    *,
    over: Sequence[str] = ("seed",),
    words: Mapping[str, str] = ORDERINGS,
) -> xr.Dataset:
    """Orders of one scope and what the removals do to the predictions.

    Parameters
    ----------
    orderings, order, over, words
        As of `order_variable` and `order_coordinates`; coordinates of `over` are not set.
    curves
        ``correct``, ``changed`` and ``loss``, or some of them -> (over, ordering, removed).
    labels
        (n) classes of the examples that are predicted.
    n_classes
        Of the networks.
    """
    n_steps = order.shape[-1]
    removed = ("removed", np.arange(n_steps + 1), {"long_name": "number of neurons ablated"})
    return xr.Dataset(
        {
            **{
                name: ((*over, "ordering", "removed"), values, labelled(*_CURVES[name]))
                for name, values in curves.items()
            },
            "order": order_variable(order, over),
        },
        coords={"removed": removed, **order_coordinates(orderings, n_steps, words)},
        attrs={
            "n_test": len(labels),
            "n_classes": n_classes,
            "chance_correct": int(np.bincount(np.asarray(labels)).max()),
        },
    )
