"""Own networks: the same function as torch's, refused with the mend, studied from end to end."""

import runpy
import sys
from collections import OrderedDict
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn.utils import prune

import neuroninfo
from neuroninfo.ablation.settings import OrderBy
from neuroninfo.networks import modules
from neuroninfo.networks.activations import ACTIVATIONS
from neuroninfo.networks.forward import outputs
from neuroninfo.networks.modules import module
from neuroninfo.own_network.study import StudiedNetwork, study

MODULES = {
    "relu": nn.ReLU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
    "leaky_relu": nn.LeakyReLU,
    "silu": nn.SiLU,
}


def make_model(
    rng: np.random.Generator, widths: tuple[int, ...], activation: str, *, image: bool = False
) -> nn.Sequential:
    """Blocks with or without bias, batch norm (of any epsilon) and dropout, drawn by chance."""

    def normal(*shape: int) -> torch.Tensor:
        return torch.from_numpy(rng.normal(size=shape).astype(np.float32))

    layers: list[nn.Module] = [nn.Flatten()] if image else []
    for number, (n_in, n_out) in enumerate(pairwise(widths), start=1):
        linear = nn.Linear(n_in, n_out, bias=bool(rng.integers(2)))
        with torch.no_grad():
            for parameter in linear.parameters():
                parameter.copy_(normal(*parameter.shape))
        layers.append(linear)
        if number == len(widths) - 1:
            break
        if rng.integers(2):
            norm = nn.BatchNorm1d(
                n_out, eps=float(rng.choice([1e-5, 0.1])), affine=rng.random() < 0.5
            )
            norm.running_mean.copy_(normal(n_out))
            norm.running_var.copy_(normal(n_out).square())
            with torch.no_grad():
                for parameter in norm.parameters():
                    parameter.copy_(normal(n_out))
            layers.append(norm)
        layers.append(MODULES[activation]())
        if rng.integers(2):
            layers.append(nn.Dropout(0.5))
    return nn.Sequential(*layers)


@settings(max_examples=80, deadline=None)
@given(
    st.integers(0, 10**6),
    st.lists(st.integers(1, 7), min_size=3, max_size=5).map(tuple),
    st.sampled_from(sorted(ACTIVATIONS)),
    st.booleans(),
)
def test_the_stack_is_the_same_function(
    seed: int, widths: tuple[int, ...], activation: str, image: bool
) -> None:
    rng = np.random.default_rng(seed)
    model = make_model(rng, widths, activation, image=image)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    stack = modules.stack(model, seed=3)
    assert model.training  # it is left as it is
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert stack.seeds == (3,)
    assert stack.architecture.widths == widths
    assert stack.architecture.activation == activation
    inputs = torch.from_numpy(rng.normal(size=(9, widths[0])).astype(np.float32))
    with torch.no_grad():
        expected = model.eval().double()(inputs.double()).numpy()
    ours = outputs(stack.tensors("cpu"), inputs)[-1][0]
    np.testing.assert_allclose(
        ours, expected, rtol=1e-4, atol=1e-4 * max(1, np.abs(expected).max())
    )
    back = module(stack)
    with torch.no_grad():
        np.testing.assert_allclose(
            back(inputs), expected, rtol=1e-4, atol=1e-4 * max(1, np.abs(expected).max())
        )
    again = modules.stack(back, seed=3)
    for a, b in zip(again.weights + again.biases, stack.weights + stack.biases, strict=True):
        assert a.tobytes() == b.tobytes()


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ([nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 3), nn.Tanh(), nn.Linear(3, 2)],
         r"module 3, Tanh\(\): others are ReLU; use one throughout"),
        ([nn.Linear(4, 3), nn.LeakyReLU(0.2), nn.Linear(3, 2)],
         r"module 1, LeakyReLU\(negative_slope=0.2\): only the slope 0.01"),
        ([nn.Linear(4, 3), nn.GELU(), nn.Linear(3, 2)],
         r"module 1, GELU.*known are Flatten, Linear, BatchNorm1d, Dropout and .* ReLU, Tanh"),
        ([nn.Conv2d(1, 1, 3), nn.ReLU(), nn.Linear(3, 2)], r"module 0, Conv2d.*known are"),
        ([nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2), nn.Softmax(dim=1)],
         r"module 3, Softmax\(dim=1\): .* logits; remove it"),
        ([nn.Linear(4, 3), nn.Linear(3, 2)], "module 1, Linear.*merge the two"),
        ([nn.Linear(4, 3), nn.ReLU(), nn.Linear(5, 2)], "module 2, .* takes 5 .* has 3 outputs"),
        ([nn.Linear(4, 3), nn.BatchNorm1d(4), nn.ReLU(), nn.Linear(3, 2)], "module 1, .* has 3"),
        ([nn.Linear(4, 3), nn.ReLU(), nn.BatchNorm1d(3), nn.Linear(3, 2)],
         "module 2, BatchNorm1d.*between a Linear and its activation"),
        ([nn.Linear(4, 3), nn.BatchNorm1d(3, track_running_stats=False), nn.ReLU(),
          nn.Linear(3, 2)], "module 1, .*no statistics; train with track_running_stats=True"),
        ([nn.Linear(4, 3), nn.ReLU(), nn.ReLU(), nn.Linear(3, 2)], "module 2, .*exactly one"),
        ([nn.ReLU(), nn.Linear(3, 2)], "module 0, .*exactly one activation"),
        ([nn.Linear(4, 3), nn.Flatten(), nn.ReLU(), nn.Linear(3, 2)], "module 1, Flatten.*before"),
        ([nn.Flatten(0), nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2)], "module 0, .*all but"),
        ([nn.Sequential(nn.Linear(4, 3), nn.ReLU()), nn.Linear(3, 2)],
         "module 0, .*outer Sequential"),
        ([nn.Linear(4, 3), nn.ReLU()], "ends in module 1: .* end in a Linear"),
        ([nn.Linear(4, 3)], "ends in module 0: it needs at least one hidden layer"),
        ([nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2), nn.BatchNorm1d(2)], "ends in module 3"),
    ],
)  # fmt: skip
def test_what_is_no_such_network(layers: list[nn.Module], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        modules.stack(nn.Sequential(*layers))


def test_nothing_at_all_and_no_sequential() -> None:
    with pytest.raises(ValueError, match="at least one hidden layer"):
        modules.stack(nn.Sequential())
    with pytest.raises(ValueError, match=r"a Linear is no nn\.Sequential: put its layers"):
        modules.stack(nn.Linear(3, 2))


def test_modules_may_have_names() -> None:
    named = nn.Sequential(OrderedDict(first=nn.Linear(4, 3), on=nn.ReLU(), last=nn.Linear(3, 2)))
    assert modules.stack(named).architecture.hidden == (3,)


def small_study(**options: object) -> StudiedNetwork:
    rng = np.random.default_rng(0)
    model = make_model(rng, (12, 6, 5, 3), "relu", image=True)
    inputs = rng.normal(size=(200, 1, 3, 4)).astype(np.float32)
    labels = rng.integers(0, 3, 200)
    parts = {
        "validation": (inputs[:120], labels[:120]),
        "test": (torch.from_numpy(inputs[120:]), torch.from_numpy(labels[120:])),
    }
    return study(model, **parts | options)


def test_a_study_is_what_its_parts_say(tmp_path: Path) -> None:
    studied = small_study(name="probe")
    assert studied.neurons.sizes["neuron"] == 11
    assert list(studied.ablation) == ["layer-1", "layer-2", "network"]
    assert set(studied.figures) == {"ablation-network", "ablation-layers", "information"}
    model = make_model(np.random.default_rng(0), (12, 6, 5, 3), "relu", image=True).eval()
    inputs = np.random.default_rng(0)  # the model's numbers come first
    make_model(inputs, (12, 6, 5, 3), "relu", image=True)
    data = torch.from_numpy(inputs.normal(size=(200, 1, 3, 4)).astype(np.float32))
    labels = inputs.integers(0, 3, 200)
    with torch.no_grad():
        right = int((model(data[120:]).argmax(1).numpy() == labels[120:]).sum())
    for group in studied.ablation.children.values():
        assert (group["correct"].isel(removed=0) == right).all()
        assert group.attrs["n_test"] == 80
    studied.save(tmp_path, formats=["png", "csv"])
    tree = neuroninfo.load(tmp_path)
    assert list(tree.children) == ["ablation", "neurons"]
    assert list(tree["ablation"].children) == list(studied.ablation)
    information = tree["neurons/mutual_information"]
    np.testing.assert_array_equal(information, studied.neurons["mutual_information"])
    for name in studied.figures:
        assert (tmp_path / f"{name}.png").stat().st_size > 10_000
        assert (tmp_path / f"{name}.csv").exists()
    assert "mutual_information" in studied._repr_html_()
    assert "probe, hidden layers" in "".join(
        text.get_text() for text in studied.figures["information"].texts
    )


def test_the_same_seed_gives_the_same_numbers() -> None:
    first, again, other = small_study(), small_study(), small_study(seed=1)
    assert first.neurons.identical(again.neurons)
    assert all(first.ablation[scope].identical(again.ablation[scope]) for scope in first.ablation)
    order = first.ablation["network"]["order"].values
    assert (order != other.ablation["network"]["order"].values).any()


def test_other_measures() -> None:
    studied = small_study(
        quantizers=["threshold", "uniform-4"],
        orderings=[
            OrderBy("mutual_information", "uniform-4", ("ascending",)),
            OrderBy("taylor", "none", ("descending",)),
        ],
        random=1,
        controls=1,
    )
    curves = studied.ablation["network"]
    assert list(zip(curves["measure"].values, curves["control"].values, strict=True)) == [
        ("mutual_information", "none"),
        ("taylor", "none"),
        ("random", "none"),
        ("mutual_information", "layer-sequence"),
        ("mutual_information", "layer-rank"),
        ("taylor", "layer-sequence"),
        ("taylor", "layer-rank"),
    ]


@pytest.mark.parametrize(
    ("validation", "message"),
    [
        (
            (np.zeros((4, 11)), np.zeros(4, int)),
            r"does not take inputs of shape \(4, 11\): .*4x11 and 12x",
        ),
        ((np.zeros((4, 12)), np.zeros(3, int)), "validation: 4 inputs and 3 labels"),
        ((np.zeros((0, 12)), np.zeros(0, int)), "validation: 0 inputs"),
        ((np.zeros((2, 12)), np.array([0, 3])), "classes from 0 to 3; the network's 3 outputs"),
        ((np.zeros((2, 12)), np.array([-1, 2])), "classes from -1 to 2"),
    ],
)
def test_data_that_do_not_fit(validation: tuple[np.ndarray, np.ndarray], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        small_study(validation=validation)


def test_the_example_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    script = Path(__file__).parents[3] / "docs" / "own_network.py"
    monkeypatch.setattr(sys, "argv", [str(script), str(tmp_path)])
    state = torch.get_rng_state()
    try:
        runpy.run_path(str(script))
    finally:
        torch.set_rng_state(state)
    printed = capsys.readouterr().out
    assert printed.count(" bit\n") == 5
    assert float(printed.split("Accuracy on test: ")[1].split(";")[0]) > 0.9
    assert (tmp_path / "curves.png").stat().st_size > 10_000
    assert neuroninfo.load(tmp_path)["neurons"].sizes["neuron"] == 60


def three_layers(seed: int = 0) -> tuple[nn.Sequential, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    model = nn.Sequential(nn.Linear(12, 8), nn.ReLU(), nn.Linear(8, 3))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator))
    inputs = torch.randn(200, 12, generator=generator)
    return model, inputs, torch.randint(0, 3, (200,), generator=generator)


def right(model: nn.Module, inputs: torch.Tensor, labels: torch.Tensor) -> int:
    with torch.no_grad():
        return int((model.eval()(inputs).argmax(1) == labels).sum())


@pytest.mark.filterwarnings("ignore:.*weight_norm.*:FutureWarning")
@pytest.mark.parametrize("kind", ["prune", "weight_norm"])
def test_weights_that_a_pass_makes_anew_are_not_stale(kind: str) -> None:
    model, inputs, labels = three_layers()
    if kind == "prune":
        prune.l1_unstructured(model[0], "weight", amount=0.5)
    else:
        nn.utils.weight_norm(model[0])
    name = "weight_orig" if kind == "prune" else "weight_v"
    with torch.no_grad():  # a step of training after the last pass
        getattr(model[0], name).copy_(torch.randn(8, 12, generator=torch.manual_seed(1)))
    studied = study(model, (inputs, labels), (inputs, labels))
    counted = studied.ablation["network"]["correct"].isel(removed=0).values
    assert (counted == right(model, inputs, labels)).all()


class Twice(nn.Sequential):
    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return super().forward(2 * inputs)


def test_what_layers_in_sequence_do_not_compute_goes_by_passes() -> None:
    model, inputs, labels = three_layers()
    twice = Twice(*model)
    for each in (twice, model):
        if each is model:
            model[1].register_forward_hook(lambda module, inputs, output: output.square())
        studied = study(each, (inputs, labels), (inputs, labels), progress=False)
        assert studied.neurons.attrs["computed_by"] == "passes of the model"
        counted = studied.ablation["network"]["correct"].isel(removed=0).values
        assert (counted == right(each, inputs, labels)).all()


def test_modes_are_given_back() -> None:
    model, inputs, labels = three_layers()
    model[1].eval()
    study(model, (inputs, labels), (inputs, labels))
    assert [part.training for part in model] == [True, False, True]


def test_what_is_not_finite_and_labels_that_are_no_classes() -> None:
    model, inputs, labels = three_layers()
    good = (inputs, labels)
    broken = inputs.clone()
    broken[17, 3] = torch.nan
    with pytest.raises(ValueError, match="test: input 17 has values that are not finite"):
        study(model, good, (broken, labels))
    with pytest.raises(ValueError, match=r"validation: label -0\.5 is not a class; number the"):
        study(model, (inputs, labels - 0.5), good)
    with pytest.raises(ValueError, match="validation: label cat is not a number"):
        study(model, (inputs, ["cat"] * 200), good)
    with pytest.raises(ValueError, match=r"labels of shape \(200, 3\); give one class per example"):
        study(model, (inputs, nn.functional.one_hot(labels)), good)
    with pytest.raises(ValueError, match="test: a int cannot be read; give"):
        study(model, good, 3)
    with torch.no_grad():
        model[2].bias[1] = torch.inf
    with pytest.raises(ValueError, match=r"weights '2\.bias' have values that are not finite"):
        study(model, good, good)


def test_whole_numbers_and_loaders_are_classes_and_data() -> None:
    model, inputs, labels = three_layers()
    data = torch.utils.data.TensorDataset(inputs, labels)
    first = study(model, (inputs, labels.float()), (inputs.numpy(), labels.tolist()))
    for validation in (data, torch.utils.data.DataLoader(data, batch_size=33)):
        again = study(model, validation, validation)
        assert again.neurons.equals(first.neurons)
        assert again.ablation["network"].equals(first.ablation["network"])
