"""Time the study's loops against the plain way and the way others do it.

    python benchmarks/run.py [NAME ...] [--json FILE] [--rounds N]

Every benchmark runs in a process of its own, one thread, and alternates between ours and the
others; medians are printed, and it fails if the results do not agree.  Networks are trained
on the real data where its files are there (NEURONINFO_DATA or data/), else on random data,
which the table says.  Slow ways are timed on part of the work and scaled: "of" says on what.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

os.environ.setdefault("OMP_NUM_THREADS", "1")
ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "src"))

import numpy as np
import torch
from scipy.optimize import minimize
from torch import nn

from neuroninfo.ablation.compiled import SMALLEST
from neuroninfo.ablation.curves import cumulative
from neuroninfo.ablation.orders import scopes
from neuroninfo.data import datasets
from neuroninfo.data.settings import DatasetSettings
from neuroninfo.data.sources import data_root
from neuroninfo.networks.stack import Architecture, Stack
from neuroninfo.neurons.measures import mutual_information
from neuroninfo.neurons.quantization import Quantizer
from neuroninfo.planes.estimators.binning import EdgeBins, WidthBins
from neuroninfo.planes.estimators.kernel_density import KernelDensity
from neuroninfo.synergy.pairs import decompose
from neuroninfo.training.learner import Learner
from neuroninfo.training.settings import Regularizer, Settings, Sgld
from neuroninfo.training.splits import Split

Row = dict[str, Any]
Way = Callable[[], Any]
ORDERS = 22
MNIST, CIFAR = (784, (100, 100)), (3072, (250, 500, 250, 500))
NAMES = {784: "mnist", 3072: "cifar10"}


# ------------------------------------------------------------------ measuring


def timed(way: Way) -> tuple[float, Any]:
    start = time.perf_counter()
    result = way()
    return time.perf_counter() - start, result


def alternate(rounds: int, **ways: tuple[Way, float]) -> tuple[dict[str, float], dict[str, Any]]:
    """Median seconds of each way, scaled, and the last result of each."""
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    results = {}
    for _ in range(rounds):
        for name, (way, scale) in ways.items():
            spent, results[name] = timed(way)
            seconds[name].append(spent * scale)
    return {name: statistics.median(spent) for name, spent in seconds.items()}, results


def flops_a_second() -> float:
    a, b = torch.rand(2048, 2048), torch.rand(2048, 2048)
    best = min(timed(lambda: a @ b)[0] for _ in range(5))
    return 2 * 2048**3 / best


def bytes_a_second() -> float:
    values = np.ones(2**26, np.float32)
    return values.nbytes / min(timed(values.sum)[0] for _ in range(5))


def rows(
    name: str, seconds: dict[str, float], *, floor: float | None = None, note: str = ""
) -> Iterator[Row]:
    """One row for each other way; `floor` is the least time the machine could need."""
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    for other, spent in seconds.items():
        if other != "ours":
            yield {
                "name": name,
                "against": other,
                "ours_s": seconds["ours"],
                "other_s": spent,
                "ratio": spent / seconds["ours"],
                "floor_share": None if floor is None else floor / seconds["ours"],
                "peak_mib": memory,
                "note": note,
            }


# ------------------------------------------------------------------ tasks


def task(n_inputs: int) -> tuple[np.ndarray, np.ndarray, str]:
    """Raw images (n, n_inputs) uint8 and labels, real where there are files."""
    name = NAMES[n_inputs]
    root = data_root(ROOT / "data")
    folder = {"mnist": "MNIST/raw", "cifar10": "cifar-10-batches-py"}[name]
    if (root / folder).is_dir():
        split = DatasetSettings(name, study_seed=0, validation=10000, inputs="unit")
        made = datasets.make(split, root)
        return made["inputs"].values, made["label"].values.astype(np.int64), "real data"
    rng = np.random.default_rng(0)
    n = 70000 if name == "mnist" else 60000
    images = rng.integers(0, 256, (n, n_inputs), dtype=np.uint8)
    return images, rng.integers(0, 10, n), "random data"


def scaled(images: np.ndarray, n_inputs: int) -> torch.Tensor:
    values = torch.from_numpy(images).float().div_(255)
    return values if n_inputs == 784 else (values - 0.47).div_(0.25)


def settings(epochs: int, l2: float = 1e-3) -> Settings:
    regularizer = Regularizer(l2=l2)
    return Settings(0, "benchmark", "x", "relu", 1e-3, 128, epochs, (epochs,), regularizer)


def learner(
    architecture: Architecture,
    seeds: int,
    *,
    together: int = 1,
    epochs: int = 1,
    batch_size: int = 128,
) -> Learner:
    """What `loop.train` runs, for one epoch at a time."""
    device, gathered_bytes = torch.device("cpu"), 32 * 2**20
    chosen = replace(settings(epochs), batch_size=batch_size)
    return Learner(architecture, range(seeds), device, chosen, together, gathered_bytes)


def in_stacks_of_one(architecture: Architecture, seeds: int, **options: Any) -> Learner:
    """The same with products of stacks in place of products of matrices."""
    made = learner(architecture, seeds, **options)
    made.groups = [made.group(slice(number, number + 1)) for number in range(seeds)]
    return made


def trained(n_inputs: int, hidden: tuple[int, ...], epochs: int) -> tuple[Stack, Any]:
    """One trained network, and the last 10,000 examples."""
    images, labels, note = task(n_inputs)
    inputs, targets = scaled(images, n_inputs), torch.from_numpy(labels)
    train = Split(inputs[:-20000], targets[:-20000])
    test = Split(inputs[-10000:].contiguous(), targets[-10000:])
    made = learner(Architecture(n_inputs, hidden, 10, "relu"), 1, epochs=epochs)
    for epoch in range(1, epochs + 1):
        made.run_epoch(train, epoch)
    return made.stack, (test, note)


# ------------------------------------------------------------------ training


class Images(torch.utils.data.Dataset):
    """As torchvision's data sets give them: a PIL image, then a transform, one by one."""

    def __init__(self, images: np.ndarray, labels: np.ndarray, shape: tuple[int, ...]) -> None:
        from torchvision import transforms

        self.images, self.labels = images.reshape(-1, *shape), labels
        self.transform = transforms.Compose([transforms.ToTensor(), torch.flatten])

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        from PIL import Image

        return self.transform(Image.fromarray(self.images[index])), int(self.labels[index])


def training_speed(shape: tuple[int, tuple[int, ...]], seeds: int, rounds: int) -> Iterator[Row]:
    n_inputs, hidden = shape
    images, labels, note = task(n_inputs)
    n = len(images) - 20000
    images, labels = images[:n], labels[:n]
    inputs, targets = scaled(images, n_inputs), torch.from_numpy(labels)
    part = 128 * 40
    architecture = Architecture(n_inputs, hidden, 10, "relu")
    single, joint = (learner(architecture, seeds, together=n) for n in (1, seeds))
    stacks = in_stacks_of_one(architecture, seeds)
    split = Split(inputs, targets)

    def plain() -> nn.Sequential:
        layers: list[nn.Module] = []
        for below, above in zip(architecture.widths[:-1], architecture.widths[1:], strict=True):
            layers += [nn.Linear(below, above), nn.ReLU()]
        return nn.Sequential(*layers[:-1])

    def loop(batches: Any) -> None:
        model = plain()
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, weight_decay=1e-3)
        for batch, target in batches:
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(batch), target).backward()
            optimizer.step()

    def loader() -> None:
        pictures = (28, 28) if n_inputs == 784 else (32, 32, 3)
        data = torch.utils.data.Subset(Images(images, labels, pictures), range(part))
        loop(torch.utils.data.DataLoader(data, batch_size=128, shuffle=True))

    def resident() -> None:
        order = torch.randperm(n)[:part]
        loop((inputs[order[i : i + 128]], targets[order[i : i + 128]]) for i in range(0, part, 128))

    seconds, _ = alternate(
        rounds,
        ours=(lambda: single.run_epoch(split, 1), 1 / seeds),
        **{
            "DataLoader loop": (loader, n / part),
            "data resident": (resident, n / part),
            "products of stacks of one": (lambda: stacks.run_epoch(split, 1), 1 / seeds),
            "all seeds in one product": (lambda: joint.run_epoch(split, 1), 1 / seeds),
        },
    )
    products = [
        a * b for a, b in zip(architecture.widths[:-1], architecture.widths[1:], strict=True)
    ]
    needed = n * (6 * sum(products) - 2 * products[0])
    yield from rows(
        f"training {NAMES[n_inputs]}, epoch and network, stack of {seeds}",
        seconds,
        floor=needed / (rate := flops_a_second()),
        note=f"{note}, {rate / 1e9:.0f} GF/s; loops: of {part // 128} batches",
    )


def small_speed(rounds: int) -> Iterator[Row]:
    """Steps of small networks, which are bound by calls: products of matrices and of stacks."""
    for name, n_inputs, hidden, n_classes, size, n in (
        ("digits 30-30", 64, (30, 30), 10, 32, 1257),
        ("twelve bits 10-7-5-4-3", 12, (10, 7, 5, 4, 3), 2, 256, 3482),
        ("mnist 64", 784, (64,), 10, 128, 5000),
    ):
        rng = np.random.default_rng(0)
        inputs = torch.from_numpy(rng.random((n, n_inputs), dtype=np.float32))
        split = Split(inputs, torch.from_numpy(rng.integers(0, n_classes, n)))
        architecture = Architecture(n_inputs, hidden, n_classes, "relu")
        flat = learner(architecture, 1, batch_size=size)
        stacks = in_stacks_of_one(architecture, 1, batch_size=size)
        ways = {"ours": flat, "products of stacks of one": stacks}
        seconds, _ = alternate(
            10 * rounds,
            **{way: (lambda m=made, s=split: m.run_epoch(s, 1), 1) for way, made in ways.items()},
        )
        assert torch.equal(flat.parameters, stacks.parameters)
        yield from rows(f"training {name}, epoch, batches of {size}", seconds, note="random data")


def subnormal_speed(rounds: int) -> Iterator[Row]:
    """Epochs of a network whose L2 has left subnormal weights: taken for zero, or computed with."""
    images, labels, note = task(MNIST[0])
    split = Split(scaled(images[:-20000], MNIST[0]), torch.from_numpy(labels[:-20000]))
    ours, other = (
        learner(Architecture(*MNIST, 10, "relu"), 1, epochs=10 + rounds) for _ in range(2)
    )

    def with_subnormals(made: Learner) -> None:
        with mock.patch.object(torch, "set_flush_denormal"):
            made.run_epoch(split, 1)

    for made in (ours, other):
        for _ in range(10):
            with_subnormals(made)
    sizes = other.stack.weights[0].abs()
    share = ((sizes > 0) & (sizes < np.finfo(np.float32).tiny)).float().mean().item()
    seconds, _ = alternate(
        rounds,
        ours=(lambda: ours.run_epoch(split, 1), 1),
        **{"subnormal numbers computed with": (lambda: with_subnormals(other), 1)},
    )
    note = f"{note}; {share:.1%} of the first layer's weights subnormal after 10 epochs"
    yield from rows("training mnist with L2, epoch", seconds, note=note)


def examples_speed(rounds: int) -> Iterator[Row]:
    """What a step of sgld tells of each example of its batch, beside every gradient written out."""
    images, labels, note = task(784)
    inputs, targets = scaled(images[:128], 784), torch.from_numpy(labels[:128])
    architecture = Architecture(784, (64,), 10, "relu")
    sgld = Sgld(clipping_norm=1.0, noise=0.01)
    chosen = replace(settings(1, l2=0.0), optimizer="sgld", learning_rate=0.1, sgld=sgld)
    device, repeats = torch.device("cpu"), 20
    made, silent = (Learner(architecture, [0], device, chosen, 1, 32 * 2**20) for _ in range(2))
    silent.known = None
    start = made.parameters.clone()
    layers = zip(made.stack.weights, made.stack.biases, strict=True)
    weights = [array[0].clone() for layer in layers for array in layer]
    wanted = nn.functional.one_hot(targets, 10).float()

    def steps(learner: Learner) -> torch.Tensor | None:
        for _ in range(repeats):
            learner.parameters.copy_(start)
            if learner.known is not None:
                learner.known.zero_()
            group = learner.groups[0]
            (drawn,) = learner.draws.ahead(group, 1, [len(inputs)], 0)
            learner._step(group, inputs, wanted, drawn)
        return learner.known

    def loss(arrays: list[torch.Tensor], row: torch.Tensor, label: torch.Tensor) -> torch.Tensor:
        hidden = torch.relu(arrays[0] @ row + arrays[1])
        return nn.functional.cross_entropy(arrays[2] @ hidden + arrays[3], label)

    each = torch.func.vmap(torch.func.grad(loss), in_dims=(None, 0, 0))

    def clipped(gradients: torch.Tensor) -> torch.Tensor:
        norms = torch.linalg.vector_norm(gradients, dim=-1, keepdim=True)
        return gradients * torch.clamp(sgld.clipping_norm / norms, max=1)

    def written_out() -> torch.Tensor:
        gradients = torch.cat([g.flatten(1) for g in each(weights, inputs, targets)], dim=1)
        whole, n = gradients.mean(0), len(gradients)
        without = whole - gradients / n
        moved = [clipped(whole) - clipped(scale * without) for scale in (n / (n - 1), 1.0)]
        factor = chosen.learning_rate**2 / (2 * sgld.noise**2)
        return factor * torch.stack([one.square().sum() for one in moved])

    seconds, results = alternate(
        rounds,
        ours=(lambda: steps(made), 1 / repeats),
        **{
            "the step alone": (lambda: steps(silent), 1 / repeats),
            "torch.func, all gradients": (written_out, 1),
        },
    )
    other = results["torch.func, all gradients"].double()
    torch.testing.assert_close(results["ours"][0], other, rtol=1e-3, atol=0)
    name = "examples of a step of sgld, mnist 64, batch of 128"
    yield from rows(name, seconds, note=f"{note}; torch.func: without the step")


# ------------------------------------------------------------------ ablation


def masked_pass(
    stack: Stack, inputs: torch.Tensor, labels: torch.Tensor, removed: np.ndarray
) -> int:
    """The plain way: a forward pass with the removed neurons masked."""
    first = 0
    values = inputs
    for layer, (weight, bias) in enumerate(zip(stack.weights, stack.biases, strict=True)):
        values = values @ weight[0].t() + bias[0]
        if layer < len(stack.architecture.hidden):
            width = stack.architecture.hidden[layer]
            mask = torch.ones(width)
            mask[[n - first for n in removed if first <= n < first + width]] = 0
            values = torch.relu(values) * mask
            first += width
    return int((values.argmax(1) == labels).sum())


def smallest(stack: Stack) -> str:
    """How many weights are zero to the kernels, since L2 left them below what is felt."""
    weights = torch.cat([weight.abs().flatten() for weight in stack.weights[1:]])
    share = float(((weights > 0) & (weights < SMALLEST)).float().mean())
    return f"{share:.1%} of weights below {SMALLEST:g}"


def ablation_speed(shape: tuple[int, tuple[int, ...]], scope: str, rounds: int) -> Iterator[Row]:
    n_inputs, hidden = shape
    stack, (test, note) = trained(n_inputs, hidden, 3 if n_inputs == 784 else 6)
    members = scopes(hidden)[scope]
    rng = np.random.default_rng(1)
    sequences = np.stack([rng.permutation(members) for _ in range(ORDERS)])
    k = len(members)
    steps = np.linspace(0, k, 5, dtype=int)
    # Compile and load what is cached before the clock runs.
    cumulative(stack, test.inputs[:20], test.labels[:20], sequences)

    def plain() -> list[int]:
        return [masked_pass(stack, test.inputs, test.labels, sequences[0, :step]) for step in steps]

    seconds, results = alternate(
        rounds,
        ours=(lambda: cumulative(stack, test.inputs, test.labels, sequences), 1),
        **{"masked forward pass": (plain, ORDERS * (k + 1) / len(steps))},
    )
    correct = results["ours"][0][0, steps]
    differs = int(np.abs(correct - results["masked forward pass"]).max())
    # The plain way is float32: it may decide a near tie otherwise; ours are float64's counts.
    assert differs <= 2, (correct, results)
    yield from rows(
        f"ablation {NAMES[n_inputs]}, {scope}, {ORDERS} orders",
        seconds,
        note=f"{note}, {smallest(stack)}; other: of {len(steps)} steps, "
        f"largest difference {differs}",
    )


def damage_speed(shape: tuple[int, tuple[int, ...]], rounds: int) -> Iterator[Row]:
    n_inputs, hidden = shape
    stack, (test, note) = trained(n_inputs, hidden, 3 if n_inputs == 784 else 6)
    each = np.arange(sum(hidden))[:, None]
    part = np.linspace(0, len(each) - 1, 5, dtype=int)
    cumulative(stack, test.inputs[:20], test.labels[:20], each)

    def plain() -> list[int]:
        return [masked_pass(stack, test.inputs, test.labels, each[neuron]) for neuron in part]

    seconds, results = alternate(
        rounds,
        ours=(lambda: cumulative(stack, test.inputs, test.labels, each), 1),
        **{"masked forward pass": (plain, len(each) / len(part))},
    )
    differs = int(np.abs(results["ours"][0][part, 1] - results["masked forward pass"]).max())
    assert differs <= 2, results
    yield from rows(
        f"ablation {NAMES[n_inputs]}, each neuron alone",
        seconds,
        note=f"{note}, {smallest(stack)}; other: of {len(part)} neurons, "
        f"largest difference {differs}",
    )


# ------------------------------------------------------------------ information


def information_speed(quantizer_name: str, rounds: int) -> Iterator[Row]:
    from sklearn.metrics import mutual_info_score

    rng = np.random.default_rng(0)
    values = np.maximum(rng.normal(size=(60000, 500)), 0).astype(np.float32)
    labels = rng.integers(0, 10, 60000)
    quantizer, part = Quantizer.named(quantizer_name), 20

    def ours() -> np.ndarray:
        counts = quantizer.class_counts(values, labels[None], "relu", 10)[0]
        return mutual_information(counts)

    symbols = quantizer.symbols(values[:, :part], "relu")
    wide = symbols.astype(np.intp)

    def sklearn() -> np.ndarray:
        return np.array([mutual_info_score(labels, row) for row in symbols]) / np.log(2)

    def bincount() -> np.ndarray:
        cells = quantizer.bins * 10
        counts = [np.bincount(row * 10 + labels, minlength=cells) for row in wide]
        return mutual_information(np.reshape(counts, (part, quantizer.bins, 10)))

    ours()
    scale = values.shape[1] / part
    seconds, results = alternate(
        rounds,
        ours=(ours, 1),
        **{"sklearn a neuron": (sklearn, scale), "np.bincount a neuron": (bincount, scale)},
    )
    for other in ("sklearn a neuron", "np.bincount a neuron"):
        np.testing.assert_allclose(results["ours"][:part], results[other], atol=1e-10)
    yield from rows(
        f"information, 500 neurons x 60,000, {quantizer_name}",
        seconds,
        floor=values.nbytes / bytes_a_second(),
        note=f"others: of {part} neurons, their symbols given",
    )


def pairs_speed(rounds: int) -> Iterator[Row]:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 10, 10000)
    on = rng.random((500, 10000)) < (rng.random((500, 10)) ** 2)[:, labels]
    part, few = 200, 5
    first, second = np.triu_indices(len(on), k=1)
    chosen = rng.choice(len(first), part, replace=False)

    def loop() -> np.ndarray:
        """Counts by np.bincount, and BROJA by a general optimizer, pair by pair."""
        return np.array([smallest_union(on[first[p]], on[second[p]], labels) for p in chosen])

    ways: dict[str, tuple[Way, float]] = {"a loop over pairs": (loop, len(first) / part)}
    note = f"the loop: of {part} pairs, one start of L-BFGS-B each, BROJA alone; dit: "
    if importlib.util.find_spec("dit"):
        pairs = [(on[first[p]], on[second[p]]) for p in chosen[:few]]
        ways["dit"] = (
            lambda: np.array([dit_redundancy(*pair, labels) for pair in pairs]),
            len(first) / few,
        )
        note += f"of {few} pairs, I_min alone"
    else:
        note += "not installed"
    decompose(on, labels)
    seconds, results = alternate(rounds, ours=(lambda: decompose(on, labels), 1), **ways)
    found = results["ours"]
    if "dit" in ways:
        np.testing.assert_allclose(found.redundant["min"][chosen[:few]], results["dit"], atol=1e-9)
    union = found.information[first] + found.information[second] - found.redundant["broja"]
    assert (union[chosen] <= results["a loop over pairs"] + 1e-9).all()
    # The general optimizer stops above the minimum.
    np.testing.assert_allclose(union[chosen], results["a loop over pairs"], atol=1e-3)
    yield from rows("redundancy, all pairs of 500 neurons x 10,000", seconds, note=note)


def dit_redundancy(first: np.ndarray, second: np.ndarray, labels: np.ndarray) -> float:
    """I_min of two neurons in bit, by dit."""
    import dit

    counts = np.bincount(labels * 4 + 2 * first + second, minlength=40)
    outcomes = [(cell // 2 % 2, cell % 2, cell // 4) for cell in np.flatnonzero(counts).tolist()]
    joint = dit.Distribution(outcomes, counts[counts > 0] / len(labels))
    return float(dit.pid.PID_WB(joint, [[0], [1]], [2]).get_red(((0,), (1,))))


def smallest_union(first: np.ndarray, second: np.ndarray, labels: np.ndarray) -> float:
    """Smallest I(T1,T2;Y) in bit with these marginals."""
    cells = np.bincount(labels * 4 + 2 * first + second, minlength=40).reshape(10, 4).T
    n, a, b = cells.sum(axis=0), cells[2] + cells[3], cells[1] + cells[3]
    low, high = np.maximum(0, a + b - n), np.minimum(a, b)

    def information(x: np.ndarray) -> float:
        p = np.maximum(np.stack([x, a - x, b - x, n - a - b + x]), 0) / n.sum()
        product = p.sum(axis=1, keepdims=True) * p.sum(axis=0, keepdims=True)
        ratio = np.divide(p, product, out=np.ones_like(p), where=p > 0)
        return float((p * np.log2(ratio)).sum())

    start = np.clip(a * b / n, low, high)
    bounds = list(zip(low, high, strict=True))
    return float(minimize(information, start, method="L-BFGS-B", bounds=bounds).fun)


# ------------------------------------------------------------------ information planes


def row_words(symbols: np.ndarray) -> np.ndarray:
    """Rows as single items, which numpy sorts byte by byte: how both others count them."""
    rows = np.ascontiguousarray(symbols)
    return rows.view(np.dtype((np.void, rows.dtype.itemsize * rows.shape[1]))).ravel()


def row_entropy(symbols: np.ndarray) -> float:
    counts = np.unique(row_words(symbols), return_counts=True)[1] / len(symbols)
    return float(-(counts * np.log2(counts)).sum())


def planes_speed(rounds: int) -> Iterator[Row]:
    """SZT's plane: 400 epochs x 6 layers of 4096 examples, against IDNNs' and ibsgd's ways."""
    rng, epochs, widths, part = np.random.default_rng(0), 400, (10, 7, 5, 4, 3, 2), 2
    labels = rng.integers(0, 2, 4096)
    stored = [
        [np.tanh(2 * rng.normal(size=(4096, width))).astype(np.float32) for width in widths]
        for _ in range(8)
    ]
    layers = [layer for epoch in range(epochs) for layer in stored[epoch % len(stored)]]
    inverse_x, bins = np.arange(4096), np.linspace(-1, 1, 30)

    def given(symbols: np.ndarray, inverse: np.ndarray, number: int) -> float:
        entropies = (
            (inverse == i).mean() * row_entropy(symbols[inverse == i]) for i in range(number)
        )
        return float(sum(entropies))

    def idnns() -> list[tuple[float, float]]:
        found = []
        for layer in layers[: part * len(widths)]:
            flat = bins[np.digitize(layer.reshape(-1), bins) - 1].reshape(len(layer), -1)
            h = row_entropy(flat)
            found.append((h - given(flat, inverse_x, 4096), h - given(flat, labels, 2)))
        return found

    def ibsgd() -> list[tuple[float, float]]:
        found = []
        for layer in layers:
            symbols = np.floor(layer / 0.07).astype("int")
            h = row_entropy(symbols)
            found.append((h, h - given(symbols, labels, 2)))
        return found

    for estimator, name, way, scale in (
        (EdgeBins(), "IDNNs", idnns, epochs / part),
        (WidthBins(0.07), "ibsgd, its faster way", ibsgd, 1),
    ):
        seconds, results = alternate(
            rounds,
            ours=(lambda e=estimator: [e(layer, labels) for layer in layers], 1),
            **{name: (way, scale)},
        )
        known = results[name]
        differs = np.abs(np.array(results["ours"][: len(known)]) - np.array(known)).max()
        assert differs < 1e-12, differs
        yield from rows(
            f"plane, 400 epochs x 6 layers x 4096, {estimator.name}",
            seconds,
            note=f"largest difference {differs:.0e} bit",
        )


def wide_speed(rounds: int) -> Iterator[Row]:
    """Binned information of one wide layer, against unique rows."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 10, 10_000)
    outputs = np.maximum(rng.normal(size=(10_000, 1024)), 0).astype(np.float32)

    def unique() -> tuple[float, float]:
        symbols = np.floor(outputs / 0.5).astype("int")
        h = row_entropy(symbols)
        return h, h - sum(
            (labels == y).mean() * row_entropy(symbols[labels == y]) for y in range(10)
        )

    seconds, results = alternate(
        rounds,
        ours=(lambda: WidthBins(0.5)(outputs, labels), 1),
        **{"ibsgd, its faster way": (unique, 1)},
    )
    differs = np.abs(np.subtract(results["ours"], results["ibsgd, its faster way"])).max()
    assert differs < 1e-12, differs
    yield from rows(
        "plane, width-0.5, 10,000 x 1024", seconds, note=f"largest difference {differs:.0e} bit"
    )


def kernel_speed(n: int, width: int, rounds: int) -> Iterator[Row]:
    """KDE bound of one layer, against all distances at once in float64."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 10, n)
    outputs = np.maximum(rng.normal(size=(n, width)) + labels[:, None] / 5, 0).astype(np.float32)

    def entropy(x: np.ndarray) -> float:
        squares = (x * x).sum(axis=1)
        distances = np.maximum(squares[:, None] + squares[None] - 2 * x @ x.T, 0)
        return float(-np.log2(np.exp(-distances / 0.2).mean(axis=1)).mean())

    def plain() -> tuple[float, float]:
        x = outputs.astype(np.float64)
        whole = entropy(x)
        within = sum((labels == y).mean() * entropy(x[labels == y]) for y in range(10))
        return whole, whole - within

    estimator = KernelDensity(0.1)
    seconds, results = alternate(
        rounds, ours=(lambda: estimator(outputs, labels), 1), **{"all at once": (plain, 1)}
    )
    differs = np.abs(np.subtract(results["ours"], results["all at once"])).max()
    assert differs < 1e-3, differs
    yield from rows(
        f"plane, {estimator.name}, {n:,} x {width}",
        seconds,
        note=f"largest difference {differs:.0e} bit",
    )


# ------------------------------------------------------------------ growth


def growth(rounds: int) -> Iterator[Row]:
    """How each cost grows; ratio is to the row before of the same sweep."""
    rng = np.random.default_rng(0)

    def split(n: int) -> Split:
        inputs = torch.from_numpy(rng.random((n, 784), dtype=np.float32))
        return Split(inputs, torch.from_numpy(rng.integers(0, 10, n)))

    def learn(width: int, n: int, seeds: int) -> Way:
        architecture = Architecture(784, (width, width), 10, "relu")
        made, data = learner(architecture, seeds), split(n)
        return lambda: made.run_epoch(data, 1)

    def ablate(width: int, n: int) -> Way:
        architecture = Architecture(784, (width, width), 10, "relu")
        stack, data = learner(architecture, 1).stack, split(n)
        sequences = np.stack([rng.permutation(width) for _ in range(2)])
        return lambda: cumulative(stack, data.inputs, data.labels, sequences)

    def measure(width: int, n: int) -> Way:
        values = rng.random((n, width), dtype=np.float32)
        labels = rng.integers(0, 10, (1, n))
        quantizer = Quantizer.named("threshold")
        return lambda: quantizer.class_counts(values, labels, "relu", 10)

    sweeps: dict[str, list[tuple[int, Way]]] = {
        "training 6,400 examples, width": [(w, learn(w, 6400, 1)) for w in (100, 500, 2000)],
        "training 100-100, examples": [(n, learn(100, n, 1)) for n in (1000, 10000, 60000)],
        "training 100-100, 6,400 examples, seeds": [(s, learn(100, 6400, s)) for s in (1, 10, 50)],
        "ablation layer 1, 1,000 examples, width": [(w, ablate(w, 1000)) for w in (100, 500, 2000)],
        "ablation layer 1 of 100-100, examples": [
            (n, ablate(100, n)) for n in (1000, 10000, 60000)
        ],
        "information 10,000 examples, neurons": [(w, measure(w, 10000)) for w in (100, 500, 2000)],
        "information 500 neurons, examples": [(n, measure(500, n)) for n in (1000, 10000, 60000)],
    }
    for sweep, points in sweeps.items():
        before = None
        for size, way in points:
            way()
            spent = statistics.median(timed(way)[0] for _ in range(rounds))
            yield {
                "name": f"{sweep} {size:,}",
                "against": "row before",
                "ours_s": spent,
                "other_s": before,
                "ratio": None if before is None else spent / before,
                "floor_share": None,
                "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
                "note": "",
            }
            before = spent


# ------------------------------------------------------------------ start-up


def startup(rounds: int) -> Iterator[Row]:
    """From the start of a process to its data, for each kind of job on MNIST's shape."""
    images, labels, note = task(784)
    import xarray as xr

    from neuroninfo.files import storage

    split = np.repeat(np.int8([0, 1, 2]), [50000, 10000, 10000])
    named = storage.labelled
    dataset = xr.Dataset(
        {
            "inputs": (("sample", "feature"), images, named("inputs", "1")),
            "offset": ("feature", np.zeros(784, np.float32), named("offset", "1")),
            "scale": ("feature", np.full(784, 255, np.float32), named("scale", "1")),
            "label": ("sample", labels.astype(np.int16), named("class", "1")),
            "split": ("sample", split, named("split", "1")),
            "index": ("sample", np.arange(70000, dtype=np.int32), named("index", "1")),
        },
        attrs={"name": "mnist", "n_classes": 10},
    )
    activations = xr.Dataset(
        {
            "activation": (
                ("seed", "sample", "neuron"),
                np.random.default_rng(0).random((10, 10000, 200), dtype=np.float32),
                named("output", "1"),
            )
        }
    )
    with tempfile.TemporaryDirectory() as folder:
        about = {"title": "probe", "condition": {}, "configuration": {}}
        storage.write(dataset, f"{folder}/mnist.nc", kind="dataset", **about)
        storage.write(activations, f"{folder}/activations.nc", kind="activations", **about)
        codes = {
            "train": "from neuroninfo.data import datasets; from neuroninfo.files import storage;"
            "from neuroninfo.training.loop import train;"
            f"datasets.read('{folder}/mnist.nc')",
            "measure": "from neuroninfo.files import storage; import neuroninfo.neurons.measures;"
            f"next(storage.each('{folder}/activations.nc', 'activations', 'seed',"
            "variables=['activation']))",
            "ablate": "from neuroninfo.data import datasets; from neuroninfo.files import storage;"
            "import neuroninfo.ablation.ablate;"
            f"datasets.read('{folder}/mnist.nc', splits=['test'])",
        }

        def process(code: str) -> Way:
            path = f"import sys; sys.path.insert(0, {str(ROOT / 'src')!r});"
            return lambda: subprocess.run([sys.executable, "-c", path + code], check=True)

        for name, code in codes.items():
            seconds, _ = alternate(
                rounds,
                ours=(process(code), 1),
                **{"import torch alone": (process("import torch"), 1)},
            )
            yield from rows(f"start of a job: {name}", seconds, note=note)


# ------------------------------------------------------------------ running

BENCHMARKS: dict[str, Callable[[int], Iterator[Row]]] = {
    "training-mnist": lambda rounds: training_speed(MNIST, 10, rounds),
    "training-cifar10": lambda rounds: training_speed(CIFAR, 2, rounds),
    "ablation-mnist-layer-1": lambda rounds: ablation_speed(MNIST, "layer-1", rounds),
    "ablation-mnist-layer-2": lambda rounds: ablation_speed(MNIST, "layer-2", rounds),
    "ablation-mnist-network": lambda rounds: ablation_speed(MNIST, "network", rounds),
    "ablation-cifar10-layer-1": lambda rounds: ablation_speed(CIFAR, "layer-1", 1),
    "ablation-cifar10-layer-2": lambda rounds: ablation_speed(CIFAR, "layer-2", 1),
    "ablation-cifar10-layer-3": lambda rounds: ablation_speed(CIFAR, "layer-3", rounds),
    "ablation-cifar10-layer-4": lambda rounds: ablation_speed(CIFAR, "layer-4", rounds),
    "ablation-cifar10-network": lambda rounds: ablation_speed(CIFAR, "network", 1),
    "training-small": small_speed,
    "training-subnormal": subnormal_speed,
    "examples": examples_speed,
    "damage-mnist": lambda rounds: damage_speed(MNIST, rounds),
    "damage-cifar10": lambda rounds: damage_speed(CIFAR, 1),
    "information-1-bit": lambda rounds: information_speed("threshold", rounds),
    "information-30-bins": lambda rounds: information_speed("uniform-30", rounds),
    "redundancy": pairs_speed,
    "planes": planes_speed,
    "wide plane": wide_speed,
    "kernel-narrow": lambda rounds: kernel_speed(4096, 10, rounds),
    "kernel-wide": lambda rounds: kernel_speed(10_000, 1024, rounds),
    "startup": startup,
    "growth": growth,
}


def number(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)


def table(found: list[Row]) -> str:
    lines = [
        "| loop | against | ours, s | other, s | ratio | share of floor | peak MiB | note |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | --- |",
    ]
    for row in found:
        cells = [
            row["name"],
            row["against"],
            number(row["ours_s"], ".4g"),
            number(row["other_s"], ".4g"),
            number(row["ratio"], ".3g"),
            number(row["floor_share"], ".0%"),
            number(row["peak_mib"], ".0f"),
            row["note"],
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    parser.add_argument("--json", type=Path, help="write the rows here too")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    unknown = sorted(set(options.names) - set(BENCHMARKS))
    if unknown:
        parser.error(f"unknown: {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
    torch.set_num_threads(1)
    if options.here:  # a process of its own, see below
        print(json.dumps(list(BENCHMARKS[options.names[0]](options.rounds))))
        return
    found: list[Row] = []
    for name in options.names or BENCHMARKS:
        print(f"{name} ...", file=sys.stderr, flush=True)
        command = [sys.executable, __file__, name, "--here", "--rounds", str(options.rounds)]
        process = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        found += json.loads(process.stdout.splitlines()[-1])
    print(table(found))
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
