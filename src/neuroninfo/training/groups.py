"""Networks of a stack that are computed together."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from torch import Tensor

from neuroninfo.training.binary_weights import binarize
from neuroninfo.training.optimizers import Optimizer
from neuroninfo.training.parameters import Layer, matrix
from neuroninfo.training.settings import Settings


class Group:
    """Networks whose products are one call: views of their parameters and gradients.

    Several have the leading dimension G in all arrays; one network may have none, and its products
    are then of matrices, which take less time than those of a stack of one and have its bits.

    Parameters
    ----------
    parameters, gradients, moments
        Rows of all networks.
    signs
        With binary weights, rows in which hidden layers have the weights that they compute with,
        and `parameters` the latent ones; None: they are the same.
    layers
        Places in a row.
    decayed
        Where what l1 and l2 concern ends in a row.
    settings
        Of all networks.
    place
        A network's position, for arrays without a leading dimension, or positions of several.
    """

    def __init__(
        self,
        parameters: Tensor,
        gradients: Tensor,
        moments: Sequence[Tensor],
        signs: Tensor | None,
        layers: Sequence[Layer],
        decayed: int,
        settings: Sequence[Settings],
        place: int | slice,
    ) -> None:
        self.place = place
        self.seeds = place if isinstance(place, slice) else slice(place, place + 1)
        """Positions, for lists by seed."""
        self.parameters, self.gradients = parameters[place], gradients[place]
        """(..., length)."""
        self.shape = self.parameters.shape[:-1]
        """The leading dimension, if there is one."""
        (self.weights, self.biases), (self.weight_gradients, self.bias_gradients) = (
            (
                [matrix(rows, layer) for layer in layers],
                [rows[..., layer.bias] for layer in layers],
            )
            for rows in (self.parameters, self.gradients)
        )
        """By layer, (..., n_out, n_in) and (..., n_out)."""
        self.latent = [] if signs is None else self.weights[:-1]
        """By hidden layer, of binary weights."""
        if signs is not None:
            self.weights = [
                *(matrix(signs[place], layer) for layer in layers[:-1]),
                self.weights[-1],
            ]
        self.settings = settings[self.seeds]
        """By network."""
        self.optimizers: list[Optimizer] = []
        """One optimizer for each run of neighbouring networks with the same settings."""
        first = self.seeds.start
        for of_run, run in groupby(self.settings):
            rows = slice(first, first + len(list(run)))
            arrays = (parameters[rows], gradients[rows], [moment[rows] for moment in moments])
            self.optimizers.append(Optimizer(*arrays, decayed, of_run))
            first = rows.stop

    def binarize(self) -> None:
        """Make binary weights, if there are any, the signs of the latent ones as they are now."""
        for latent, signs in zip(self.latent, self.weights, strict=False):  # not the output layer
            binarize(latent, signs)
