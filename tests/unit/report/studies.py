"""Studies made up for the pages of the report."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from neuroninfo.results.claims import SHARE, STUDY_COLUMNS, WHOLE, WITHIN
from tests.unit.figures.test_figures import group

CONDITION = {
    "dataset": "mnist",
    "architecture": "100-100",
    "activation": "relu",
    "regularizer": "l2",
}


def row(claim: str, effect: float, **values: object) -> dict[str, object]:
    """A row of the table of claims, of the primary family and undecided if nothing else is said."""
    usual = dict.fromkeys(STUDY_COLUMNS, "") | CONDITION
    return (
        usual
        | {"claim": claim, "reading": WHOLE, "scope": "network", "family": "primary"}
        | {"measure": "mutual_information", "quantizer": "threshold", "replacement": "zero"}
        | {"statement": f"<{claim}> is said", "unit": "accuracy", "n_seeds": 5, "threshold": 0.0}
        | {"effect": effect, "low": effect - 0.01, "high": effect + 0.01, "p": 0.5, "p_holm": 1.0}
        | {"verdict": "undecided", "verdict_holm": "undecided"}
        | values
    )


def split(effect: float, share: float, **values: object) -> list[dict[str, object]]:
    """C1 of a condition with its two parts."""
    part = {"family": "", "verdict_holm": "", "p_holm": np.nan}
    return [
        row("C1", effect, **values),
        row("C1", share, reading=SHARE, **(values | part)),
        row("C1", effect - share, reading=WITHIN, **(values | part)),
    ]


def table(*rows: dict[str, object]) -> pd.DataFrame:
    return pd.DataFrame(rows)[list(STUDY_COLUMNS)]


def measured(seeds: int = 3, widths: tuple[int, ...] = (4, 3)) -> tuple[xr.Dataset, xr.Dataset]:
    """``neurons.nc`` and ``damage.nc`` of a condition, without class selectivity."""
    n, rng = sum(widths), np.random.default_rng(0)
    dims = ("seed", "neuron")
    coordinates = {
        "seed": np.arange(seeds),
        "layer": ("neuron", np.repeat(np.arange(len(widths)) + 1, widths)),
        "unit": ("neuron", np.concatenate([np.arange(width) for width in widths])),
    }
    neurons = xr.Dataset(
        {
            "mutual_information": (("seed", "quantizer", "neuron"), rng.random((seeds, 2, n))),
            "active_fraction": (dims, rng.random((seeds, n))),
            "taylor": (dims, rng.random((seeds, n))),
        },
        coords=coordinates | {"quantizer": ["threshold", "uniform-4"]},
    )
    split_dims = ("seed", "split", "neuron")
    damage = xr.Dataset(
        {
            "correct": (split_dims, rng.integers(80, 100, (seeds, 2, n)).astype(np.int32)),
            "correct_unablated": (split_dims[:2], np.full((seeds, 2), 90, dtype=np.int32)),
            "loss": (split_dims, rng.random((seeds, 2, n))),
            "loss_unablated": (split_dims[:2], rng.random((seeds, 2))),
            "n_examples": ("split", np.array([200, 100], dtype=np.int32)),
        },
        coords=coordinates | {"split": ["validation", "test"]},
    )
    return neurons, damage


def plane(seeds: int = 2, epochs: int = 60) -> xr.Dataset:
    """``plane.nc``: of two estimators, one has a ceiling that is reached, and layer 2 no number."""
    dims = ("seed", "epoch", "layer", "estimator")
    values = np.random.default_rng(0).random((seeds, epochs, 3, 2))
    values[:, :, 1, 1] = np.nan
    information = xr.DataArray(2 + values, dims=dims)
    return xr.Dataset(
        {
            "mutual_information_input": information,
            "mutual_information_label": information / 2,
            "ceiling_input": ("estimator", [2.5, np.inf]),
            "bias_input": (("layer", "estimator"), np.zeros((3, 2))),
        },
        coords={
            "seed": np.arange(seeds),
            "epoch": np.arange(epochs),
            "layer": ["1", "2", "output"],
            "estimator": ["edges-30", "kde-upper-0.001"],
        },
    )


def controlled(n: int) -> xr.Dataset:
    """Curves over the whole network, with control orders like the orders themselves."""
    plain = group(n)
    orders = plain.isel(ordering=(plain["measure"] != "random").values)
    control = orders.assign_coords(control=("ordering", ["layer-sequence"] * 2))
    return xr.concat(
        [plain, control], dim="ordering", data_vars="minimal", combine_attrs="override"
    )
