"""How networks are trained."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from neuroninfo.networks.together import OWN_STRENGTHS, in_common


@dataclass(frozen=True)
class Regularizer:
    """Regularizers that keep the weights small or the neurons independent, in any combination."""

    l1: float = 0.0
    """lambda of the term lambda * sign(w) that is added to the gradient; of what:
    `decay_biases`."""
    l2: float = 0.0
    """lambda of the term lambda * w that is added to the gradient; of what and how:
    `decay_biases`, `decay`."""
    dropout: float = 0.0
    """Probability that an output of a hidden neuron is dropped in a training step."""
    batch_norm_momentum: float | None = None
    """Weight of a batch in the tracked mean and variance; None: no batch norm."""
    label_smoothing: float = 0.0
    """Share of the target that is spread over all classes (Szegedy et al. 2016, section 7)."""
    noise: float = 0.0
    """Standard deviation of the Gaussian noise that is added to every output of a hidden neuron in
    a training step (Goldfeld et al. 2019), before dropout; loss and accuracy are without."""
    output_bits: int | None = None
    """Bits of the outputs of hidden neurons, in training and after; gradients pass as if outputs
    had not been rounded (straight-through, Bengio et al. 2013)."""
    binary_weights: bool = False
    """Whether hidden layers compute with the signs of their weights (`binary_weights`); those of
    the output layer, and all biases, stay real."""
    early_stopping: int | None = None
    """Patience: a network stops after this number of epochs without a lower validation loss."""
    input_dropout: float = 0.0
    """Probability that an input of the network is dropped in a training step."""
    decay: str = "coupled"
    """``coupled``: the term of l2 is part of the gradient.  ``decoupled``: each step first takes
    the share learning rate * lambda off the parameters, whatever the optimizer (AdamW, Loshchilov
    and Hutter 2019)."""
    decay_biases: bool = True
    """Whether l1 and l2 concern biases too."""

    def __post_init__(self) -> None:
        """Nothing makes signs smaller.

        Raises
        ------
        ValueError
            Weights are binary, and l1 or l2 acts on them.
        """
        if self.binary_weights and (self.l1 or self.l2):
            raise ValueError(
                f"binary weights with l1 {self.l1} and l2 {self.l2}, which make no sign smaller: "
                "leave these out"
            )


@dataclass(frozen=True)
class Sgld:
    """Noisy gradient descent w <- w - eta clip(g) + sigma_t N(0, I) (Pensia, Jog, Loh 2018).

    Clipped is the gradient of the loss, mean over the batch, to a norm; terms of l1 and l2 do not
    depend on data and are added after.
    """

    clipping_norm: float = math.inf
    """Largest norm over all parameters; infinite: not clipped."""
    noise: float = 0.0
    """sigma_1, standard deviation of the noise added to each parameter in the first step."""
    noise_decay: float = 0.0
    """sigma_t = sigma_1 / t^noise_decay in step t."""

    def deviation(self, step: float) -> float:
        """sigma_t of a step, from 1 on."""
        return self.noise / step**self.noise_decay


@dataclass(frozen=True)
class Settings:
    """How to train on the cross-entropy."""

    study_seed: int
    dataset: str
    architecture: str
    """Widths of the hidden layers, joined by hyphens."""
    activation: str
    """Activation of the hidden layers, a key of `networks.activations.ACTIVATIONS`."""
    learning_rate: float
    batch_size: int
    epochs: int
    activation_epochs: tuple[int, ...]
    """Epochs after which the activations are kept; 0 is before training, and the number of epochs
    stands for the trained network, which early stopping may have taken from an earlier one."""
    regularizer: Regularizer
    optimizer: str = "adam"
    """``adam``, ``sgd`` or ``sgld``."""
    momentum: float | None = None
    """Momentum of sgd; None for other optimizers."""
    sgld: Sgld | None = None
    """Settings of sgld; None for other optimizers."""
    initialization: str = "default"
    """``default``: weights and biases as torch's Linear draws them; ``he``, ``glorot``: normal
    weights of He et al. 2015 and of Glorot and Bengio 2010, biases 0."""
    measured_split: str = "validation"
    """Split whose activations are kept, one of `vocabulary.SPLITS`."""
    train_loss: str = "last"
    """When loss and accuracy on the train split are evaluated: after the ``last`` epoch, or after
    ``every_epoch``, as those on the other splits are."""

    def __post_init__(self) -> None:
        """Noisy steps are sgld's, and sgld has them; weights are real there.

        Raises
        ------
        ValueError
            One of `optimizer` and `sgld` says so and the other does not, or weights are binary.
        """
        if (self.optimizer == "sgld") != (self.sgld is not None):
            raise ValueError(
                f"optimizer {self.optimizer} with noisy steps {self.sgld}: make both say the same"
            )
        if self.sgld is not None and self.regularizer.binary_weights:
            raise ValueError("sgld with binary weights: its noise is of real ones; use adam or sgd")


def shared(each: Sequence[Settings]) -> Settings:
    """The settings of the first network, whose stack has the rest in common with it.

    Networks that train together may differ in what `networks.together.in_common` leaves out.

    Raises
    ------
    ValueError
        They differ in more.
    """
    for one in each:
        if in_common(asdict(one)) != in_common(asdict(each[0])):
            raise ValueError(
                f"networks that train together have {one} and {each[0]}: they may differ in the "
                f"learning rate (but for sgld), momentum, decay, {', '.join(OWN_STRENGTHS)} only"
            )
    return each[0]


def log_spaced_epochs(epochs: int, most: int) -> list[int]:
    """Epoch 0 and others to the last, evenly in their logarithm.

    They are `most` at most (2 or more): the first ones are whole numbers too near to each other.
    """
    if most == 2:
        return [0, epochs]
    spaced = np.geomspace(1, epochs, most - 1).round().astype(int)
    return [0, *sorted({*spaced.tolist()})]
