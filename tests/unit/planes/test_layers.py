"""Planes epoch by epoch, failures that do not stop anything, and compression."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from numpy.typing import NDArray

from neuroninfo.files import storage, tables
from neuroninfo.planes import layers
from neuroninfo.planes.estimators.binning import EdgeBins, WidthBins
from neuroninfo.planes.estimators.protocol import Estimate, EstimationError
from neuroninfo.planes.layers import OUTPUT
from neuroninfo.results import planes

CONDITION = {
    "dataset": "digits",
    "architecture": "3-2",
    "activation": "tanh",
    "regularizer": "none",
}


@dataclass(frozen=True)
class Fails:
    """Of layers of two neurons there is no estimate; of the output NaN."""

    name: str = "fails"
    estimates: str = "nothing"

    def __call__(self, outputs: NDArray, labels: NDArray) -> Estimate:
        if outputs.shape[1] == 2:
            raise EstimationError("two neurons")
        return Estimate(np.nan if (outputs >= 0).all() else 1.0, 0.0)


def activations(n_seeds: int = 2, n_epochs: int = 3) -> xr.Dataset:
    rng = np.random.default_rng(0)
    n = 60
    hidden = np.tanh(rng.normal(size=(n_seeds, n_epochs, n, 5))).astype(np.float32)
    return xr.Dataset(
        {
            "activation": (("seed", "epoch", "sample", "neuron"), hidden),
            "output": (
                ("seed", "epoch", "sample", "class"),
                3 * rng.normal(size=(n_seeds, n_epochs, n, 4)),
            ),
            "label": ("sample", rng.integers(0, 4, n)),
        },
        coords={
            "seed": ("seed", np.arange(n_seeds), {"long_name": "seed"}),
            "epoch": ("epoch", [0, 1, 10][:n_epochs], {"long_name": "epoch"}),
            "layer": ("neuron", [1, 1, 1, 2, 2], {"long_name": "layer"}),
        },
    )


def by_epoch(data: xr.Dataset) -> Iterator[xr.Dataset]:
    for number in range(data.sizes["epoch"]):
        yield data.isel(epoch=[number])


def test_every_layer_and_epoch(tmp_path: Path) -> None:
    data = activations()
    made = layers.plane(by_epoch(data), [EdgeBins(), WidthBins(0.5)])
    assert dict(made.sizes) == {"seed": 2, "epoch": 3, "layer": 3, "estimator": 2}
    assert made["layer"].values.tolist() == ["1", "2", OUTPUT]
    for seed, epoch in ((0, 10), (1, 1)):
        here = data.sel(seed=seed, epoch=epoch)
        for layer, columns in (("1", slice(0, 3)), ("2", slice(3, 5))):
            expected = WidthBins(0.5)(here["activation"].values[:, columns], data["label"].values)
            found = made.sel(seed=seed, epoch=epoch, layer=layer, estimator="width-0.5")
            assert float(found["mutual_information_input"]) == expected.input
            assert float(found["mutual_information_label"]) == expected.label
        logits = here["output"].values
        shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        np.testing.assert_allclose(layers.probabilities(logits), shares, rtol=1e-12)
        expected = EdgeBins()(shares, data["label"].values)
        found = made.sel(seed=seed, epoch=epoch, layer=OUTPUT, estimator="edges-30")
        assert float(found["mutual_information_input"]) == pytest.approx(expected.input)
    assert (made["success"] == 1).all()
    storage.write(
        made, tmp_path / "plane.nc", kind="plane", title="t", condition={}, configuration={}
    )
    xr.testing.assert_equal(storage.read(tmp_path / "plane.nc", "plane"), made)


def test_a_failure_has_a_reason_and_stops_nothing() -> None:
    made = layers.plane(by_epoch(activations()), [Fails(), EdgeBins()])
    failed = made.sel(estimator="fails")
    assert failed["success"].sel(layer="1").values.all()
    assert not failed["success"].sel(layer=["2", OUTPUT]).values.any()
    assert np.isnan(failed["mutual_information_input"].sel(layer="2").values).all()
    assert np.isnan(failed["mutual_information_label"].sel(layer=OUTPUT).values).all()
    assert set(failed["reason"].sel(layer="2").values.ravel()) == {"two neurons"}
    assert "nan" in str(failed["reason"].sel(layer=OUTPUT).values.ravel()[0])
    assert (made.sel(estimator="edges-30")["success"] == 1).all()
    assert made["estimates"].sel(estimator="fails").item() == "nothing"


def test_nothing_to_make_a_plane_of() -> None:
    with pytest.raises(ValueError, match="no epochs"):
        layers.plane([], [EdgeBins()])
    with pytest.raises(ValueError, match="edges-30, edges-30; give each once"):
        layers.plane(by_epoch(activations()), [EdgeBins(), EdgeBins()])


def with_calibration(plane: xr.Dataset, ceiling: float = 20.0, bias: float = np.nan) -> xr.Dataset:
    """The coordinates that a plane has from training."""
    shape = plane.sizes["layer"], plane.sizes["estimator"]
    return plane.assign_coords(
        ceiling_input=("estimator", np.full(shape[1], ceiling)),
        bias_input=(("layer", "estimator"), np.full(shape, bias)),
    )


def test_what_only_trembles_does_not_fall() -> None:
    studies = np.random.default_rng(0).normal(size=(400, 8, 12))
    means = np.array([planes.falls(curves).mean() for curves in studies])
    assert abs(means.mean()) < 3 * means.std() / np.sqrt(len(means))
    assert (studies.max(axis=2) - studies[..., -1]).mean() > 1  # its own maximum lies above its end
    curves = studies[0]
    falling = curves * 1e-3 + np.r_[np.linspace(0, 2, 6), np.linspace(2, 1, 6)]
    assert planes.falls(falling) == pytest.approx(1, abs=0.02)
    assert planes.falls(np.array([[1.0, 3.0, 2.5]])).tolist() == [0.5]


def test_trust() -> None:
    made = layers.plane(by_epoch(activations()), [EdgeBins(), WidthBins(0.5)])
    highest = float(made["mutual_information_input"].mean("seed").sel(layer="1").max())
    for plane, trusted in (
        (with_calibration(made), "yes"),
        (with_calibration(made, bias=0.9), "yes"),
        (with_calibration(made, bias=-1.44), "error -1.4 bit"),
        (with_calibration(made, ceiling=highest), "saturated"),
    ):
        table = planes.compression(plane, CONDITION).set_index(["estimator", "layer"])
        row = table.loc[("edges-30", "1")]
        assert row["trust"] == trusted
        assert (row["verdict"] == "not trusted") == (trusted != "yes")
    full = planes.saturated(with_calibration(made, ceiling=0.0))
    assert full.all()
    own = full.assign_coords(estimator=["exact", "propagation-20"])
    renamed = with_calibration(made, ceiling=0.0).assign_coords(estimator=own["estimator"])
    assert not planes.saturated(renamed).any()


def test_counting_a_sample_is_trusted_three_bits_below_its_size() -> None:
    made = layers.plane(by_epoch(activations()), [EdgeBins()]).assign_coords(estimator=["exact"])
    highest = float(made["mutual_information_input"].mean("seed").sel(layer="1").max())
    for above, complete, trusted in (
        (2.9, 0, "saturated"),
        (3.1, 0, "yes"),
        (0.0, 1, "yes"),  # all inputs that there are
    ):
        plane = with_calibration(made, ceiling=highest + above).assign_attrs(complete=complete)
        assert planes.trust(plane, "exact", "1") == trusted
    # The bias at the margin is below the fall that is taken for compression.
    assert 2**-planes.COUNTED / (2 * np.log(2)) < planes.DROP


def test_compression_is_the_drop_after_the_maximum(tmp_path: Path) -> None:
    made = layers.plane(by_epoch(activations(12)), [EdgeBins(), Fails()])
    curve = xr.DataArray([1.0, 3.0, 2.5], dims="epoch")
    shift = xr.DataArray(np.linspace(-0.1, 0.1, 12), dims="seed")
    values = made["mutual_information_input"]
    made["mutual_information_input"] = values.where(
        (made["estimator"] != "edges-30") | (made["layer"] != "2"), curve * (1 + shift)
    )
    made = with_calibration(made)
    table = planes.compression(made, CONDITION)
    assert list(table.columns) == list(planes.COLUMNS)
    rows = table.set_index(["estimator", "layer"])
    row = rows.loc[("edges-30", "2")]
    assert (row["highest"], row["last"], row["drop"]) == pytest.approx((3, 2.5, 0.5))
    assert row["low"] < 0.5 < row["high"]
    assert (row["n_seeds"], row["without"]) == (12, 0)
    none = rows.loc[("fails", "2")]
    assert none["without"] == 12
    assert np.isnan(none["drop"])
    assert none["note"] == "no seed has an estimate at all epochs"
    tables.write(table, tmp_path / "c.csv")
    assert tables.read(tmp_path / "c.csv", planes.COLUMNS).equals(table)
    turned = planes.compression(made.isel(epoch=[2, 0, 1], seed=slice(None, None, -1)), CONDITION)
    assert turned.equals(table)
