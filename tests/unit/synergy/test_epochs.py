"""Pairs at an epoch of the training, alone and while planes are estimated."""

import numpy as np
import pytest

from neuroninfo.synergy.epochs import of_epoch
from neuroninfo.synergy.pairs import decompose

from .test_layers import activations


def test_means_over_the_pairs_of_each_layer_that_vary() -> None:
    outputs = activations(0).isel(epoch=[1])
    outputs["activation"][..., 6:9] = 0  # of the second layer one neuron is left
    found = of_epoch(outputs)
    assert found["pair_synergy"].dims == ("seed", "epoch", "layer")
    on = outputs["activation"].values[0, 0].T[:6] > 0
    pairs = decompose(on[on.any(axis=1)], outputs["label"].values)
    first = found.isel(seed=0, epoch=0).sel(layer="1")
    assert float(first["pair_information"]) == pytest.approx(pairs.joint.mean())
    assert float(first["pair_redundancy"]) == pytest.approx(pairs.redundant["broja"].mean())
    assert float(first["pair_synergy"]) == pytest.approx(pairs.synergistic("broja").mean())
    assert np.isnan(found["pair_redundancy"].sel(layer="2")).all()
