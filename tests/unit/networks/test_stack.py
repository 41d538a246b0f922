"""Stacks are stored and read bitwise, and evaluated as the plain formula says."""

from pathlib import Path

import numpy as np
import pytest
import torch

from neuroninfo.files import storage
from neuroninfo.networks.activations import ACTIVATIONS
from neuroninfo.networks.forward import evaluated, losses, outputs
from neuroninfo.networks.stack import (
    BATCH_NORM_EPSILON,
    Architecture,
    Normalization,
    Stack,
    from_dataset,
    hidden_widths,
    neuron_coordinates,
    to_dataset,
)
from tests.unit.plain import ACTIVATED


def random_stack(
    *,
    seeds: tuple[int, ...] = (4, 7, 9),
    hidden: tuple[int, ...] = (5, 3),
    activation: str = "relu",
    batch_norm: bool = True,
) -> Stack:
    architecture = Architecture(6, hidden, 4, activation, batch_norm)
    rng = np.random.default_rng(1)

    def normal(*shape: int) -> torch.Tensor:
        return torch.from_numpy(rng.normal(size=shape).astype(np.float32))

    sizes = list(zip(architecture.widths[:-1], architecture.widths[1:], strict=True))
    return Stack(
        architecture,
        seeds,
        [normal(len(seeds), n_out, n_in) for n_in, n_out in sizes],
        [normal(len(seeds), n_out) for _, n_out in sizes],
        [
            Normalization(
                normal(len(seeds), width),
                normal(len(seeds), width),
                normal(len(seeds), width),
                normal(len(seeds), width).square() + 0.3,
            )
            for width in hidden
            if batch_norm
        ],
    )


def plain(stack: Stack, position: int, inputs: torch.Tensor) -> list[np.ndarray]:
    """Outputs of all layers in float64, batch norm where it stands."""

    def array(tensor: torch.Tensor) -> np.ndarray:
        return tensor[position].double().numpy()

    values, results = inputs.double().numpy(), []
    for layer, (weight, bias) in enumerate(zip(stack.weights, stack.biases, strict=True)):
        values = values @ array(weight).T + array(bias)
        if layer < len(stack.architecture.hidden):
            if stack.normalizations:
                n = stack.normalizations[layer]
                deviation = np.sqrt(array(n.variance) + BATCH_NORM_EPSILON)
                values = (values - array(n.mean)) / deviation * array(n.scale) + array(n.shift)
            values = ACTIVATED[stack.architecture.activation](values)
        results.append(values)
    return results


def arrays(stack: Stack) -> list[torch.Tensor]:
    norms = [getattr(n, f) for n in stack.normalizations for f in vars(n)]
    return [*stack.weights, *stack.biases, *norms]


INPUTS = torch.from_numpy(np.random.default_rng(0).normal(size=(2100, 6)).astype(np.float32))


def test_hidden_widths() -> None:
    assert hidden_widths("100") == (100,)
    assert hidden_widths("1024-20-20") == (1024, 20, 20)


@pytest.mark.parametrize("name", ["", "-", "0", "05", "10-0", "10--3", "-3", "3-", "3x", "3\n"])
def test_names_that_are_no_architecture(name: str) -> None:
    with pytest.raises(ValueError, match="hidden widths joined by hyphens"):
        hidden_widths(name)


def test_architecture() -> None:
    architecture = Architecture(6, (5, 3), 4, "tanh")
    assert architecture.widths == (6, 5, 3, 4)
    assert architecture.layer_names == ("1", "2", "output")
    with pytest.raises(ValueError, match="'swish': known are relu, tanh, sigmoid"):
        Architecture(6, (5,), 4, "swish")


def test_neurons_are_at_most_what_int16_numbers() -> None:
    most = np.iinfo(np.int16).max
    coordinates = neuron_coordinates(Architecture(1, (most,), 2, "relu").hidden)
    assert coordinates["unit"][1][-1] == most - 1
    with pytest.raises(ValueError, match=r"'32767-1': 32768 hidden neurons.*at most 32767"):
        Architecture(1, (most, 1), 2, "relu")


def test_neuron_coordinates() -> None:
    coordinates = {name: values for name, (_, values, _) in neuron_coordinates((2, 1, 3)).items()}
    assert coordinates["neuron"].tolist() == [0, 1, 2, 3, 4, 5]
    assert coordinates["layer"].tolist() == [1, 1, 2, 3, 3, 3]
    assert coordinates["unit"].tolist() == [0, 1, 0, 0, 1, 2]


@pytest.mark.parametrize("batch_norm", [False, True])
@pytest.mark.parametrize("hidden", [(1,), (5, 3), (2, 2, 2)])
def test_a_stack_is_stored_bitwise(
    tmp_path: Path, hidden: tuple[int, ...], batch_norm: bool
) -> None:
    stack = random_stack(hidden=hidden, batch_norm=batch_norm, activation="sigmoid")
    stack.weights[0][0, 0, :3] = torch.tensor([-0.0, 1e-42, float("nan")])
    path = tmp_path / "network.nc"
    storage.write(
        to_dataset(stack), path, kind="network", title="A stack", condition={}, configuration={}
    )
    read = from_dataset(storage.read(path, "network")).tensors("cpu")
    assert (read.architecture, read.seeds) == (stack.architecture, stack.seeds)
    assert len(arrays(read)) == len(arrays(stack)) == (2 + 4 * batch_norm) * len(hidden) + 2
    for ours, theirs in zip(arrays(stack), arrays(read), strict=True):
        assert theirs.dtype == torch.float32
        assert ours.shape == theirs.shape
        assert ours.numpy().tobytes() == theirs.numpy().tobytes()


def test_layout_of_a_stack() -> None:
    dataset = to_dataset(random_stack())
    assert dataset["weight_1"].dims == ("seed", "neuron_1", "neuron_0")
    assert dataset["weight_output"].dims == ("seed", "neuron_output", "neuron_2")
    assert dataset["bias_2"].dims == dataset["batch_norm_variance_2"].dims == ("seed", "neuron_2")
    assert dataset["seed"].values.tolist() == [4, 7, 9]
    assert "batch_norm_scale_output" not in dataset


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("batch_norm", [False, True])
def test_evaluation_is_the_plain_formula(activation: str, batch_norm: bool) -> None:
    stack = random_stack(activation=activation, batch_norm=batch_norm)
    before = [array.clone() for array in arrays(stack)]
    folded = stack.folded()
    assert (folded.normalizations, folded.architecture.batch_norm) == ([], False)
    results = outputs(folded, INPUTS)
    assert [tuple(r.shape) for r in results] == [(3, 2100, 5), (3, 2100, 3), (3, 2100, 4)]
    for position in range(3):
        for ours, theirs in zip(results, plain(stack, position, INPUTS), strict=True):
            np.testing.assert_allclose(ours[position], theirs, rtol=1e-5, atol=1e-5)
    for array, was in zip(arrays(stack), before, strict=True):
        assert torch.equal(array, was)  # folding leaves the stack as it was


def test_batch_norm_is_folded_to_the_same_bits_in_numpy_and_torch() -> None:
    stack = random_stack(hidden=(500, 300))
    in_torch, in_numpy = (arrays(each.folded()) for each in (stack, stack.numpy()))
    for ours, theirs in zip(in_torch, in_numpy, strict=True):
        np.testing.assert_array_equal(ours.numpy(), theirs)


@pytest.mark.parametrize("together", [1, 2, 3, 5])
def test_evaluation_in_blocks(together: int) -> None:
    stack = random_stack(activation="tanh")
    whole = outputs(stack.folded(), INPUTS)
    blocks = [torch.full_like(result, torch.nan) for result in whole]
    seen = torch.zeros(3, 2100)
    for seeds, rows, results in evaluated(stack, INPUTS, together):
        seen[seeds, rows] += 1
        for block, result in zip(blocks, results, strict=True):
            block[seeds, rows] = result
    assert (seen == 1).all()
    for block, result in zip(blocks, whole, strict=True):
        torch.testing.assert_close(block, result, rtol=1e-5, atol=1e-5)


def test_networks_of_a_stack() -> None:
    stack = random_stack()
    part = stack.of(slice(1, 3))
    assert part.seeds == (7, 9)
    for whole, some in zip(arrays(stack), arrays(part), strict=True):
        assert torch.equal(whole[1:3], some)
    copied = stack.tensors("cpu")
    copied.weights[0].zero_()
    copied.normalizations[0].mean.zero_()
    assert (stack.weights[0] != 0).all()
    assert (stack.normalizations[0].mean != 0).all()


def test_losses() -> None:
    logits = 20 * outputs(random_stack(batch_norm=False), INPUTS[:50])[-1]
    logits[0, 0] = torch.tensor([1e4, -1e4, 0.0, 0.0])  # exp would overflow
    labels = torch.arange(50) % 4
    ours = losses(logits, labels)
    assert ours.shape == (3, 50)
    for position in range(3):
        expected = torch.nn.functional.cross_entropy(
            logits[position].double(), labels, reduction="none"
        )
        torch.testing.assert_close(ours[position].double(), expected, rtol=1e-5, atol=1e-4)
