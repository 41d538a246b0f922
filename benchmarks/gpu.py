"""What training and ablation cost on a GPU, and how far they are from the same on a CPU.

    python benchmarks/gpu.py

Random data of the sizes of the talk's tasks: times do not depend on the values.  The floor of a
step is the longer of two times: of its products at the speed of a large one, and of reading and
writing weights, gradients, moments and outputs at the speed of a large copy, both as measured.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

from neuroninfo.ablation.curves import cumulative
from neuroninfo.networks.stack import Architecture, hidden_widths
from neuroninfo.training import graphs
from neuroninfo.training.layouts import Trained
from neuroninfo.training.loop import train
from neuroninfo.training.settings import Regularizer, Settings
from neuroninfo.training.splits import Split

TASKS = {
    "mnist 100-100": (50_000, 784, "100-100", (1, 20, 100, 400, 1000)),
    "cifar10 250-500-250-500": (40_000, 3072, "250-500-250-500", (1, 20, 50)),
}
BATCH = 128
MOVED = 11
"""Times that a step with Adam reads or writes each parameter: weights in both directions, gradients
written and read, weights and both moments read and written, rounded up."""
REGULARIZERS = {
    "none": Regularizer(),
    "l2": Regularizer(l2=1e-3),
    "dropout": Regularizer(dropout=0.5),
    "batchnorm": Regularizer(batch_norm_momentum=0.1),
    "noise": Regularizer(noise=0.1),
    "output_bits": Regularizer(output_bits=4),
}


def splits(n: int, n_inputs: int, device: str) -> dict[str, Split]:
    """Ten overlapping classes."""
    rng = np.random.default_rng(0)
    centres = 0.3 * rng.normal(size=(10, n_inputs))
    made = {}
    for name, size in (("train", n), ("validation", 10_000), ("test", 10_000)):
        labels = rng.integers(0, 10, min(n, size))
        inputs = rng.normal(size=(len(labels), n_inputs)) + centres[labels]
        made[name] = Split(
            torch.tensor(inputs, dtype=torch.float32, device=device),
            torch.tensor(labels, device=device),
        )
    return made


def trained(
    data: dict[str, Split], name: str, regularizer: Regularizer, seeds: range, epochs: int
) -> Trained:
    """The networks of a block."""
    architecture = Architecture(
        data["train"].inputs.shape[1],
        hidden_widths(name),
        10,
        "relu",
        regularizer.batch_norm_momentum is not None,
        regularizer.output_bits,
    )
    settings = Settings(0, "random", name, "relu", 1e-3, BATCH, epochs, (), regularizer)
    return train(architecture, seeds, data, settings)


def fastest(run: Callable[[], object], device: str) -> float:
    """Seconds, the least of five."""
    times = []
    for _ in range(5):
        started = time.perf_counter()
        run()
        if device == "cuda":
            torch.cuda.synchronize()
        times.append(time.perf_counter() - started)
    return min(times)


def speeds(device: str, size: int = 8192) -> tuple[float, float]:
    """Operations in float32 and bytes per second, of a large product and a large copy."""
    square, into = (torch.rand(size, size, device=device) for _ in range(2))
    product = fastest(lambda: torch.mm(square, square, out=into), device)
    copied = fastest(lambda: into.copy_(square), device)
    return 2 * size**3 / product, 2 * 4 * size**2 / copied


def floor(n_inputs: int, name: str, n: int, of: tuple[float, float]) -> float:
    """Seconds that a step of n networks takes at least."""
    widths = [n_inputs, *hidden_widths(name), 10]
    weights = [a * b for a, b in pairwise(widths)]
    products = 2 * BATCH * (3 * sum(weights) - weights[0])  # no gradient of the inputs
    moved = 4 * (MOVED * sum(weights) + 4 * BATCH * sum(widths[1:]))
    return n * max(products / of[0], moved / of[1])


def seconds(
    data: dict[str, Split], name: str, regularizer: Regularizer, n: int, *, recorded: bool = True
) -> float:
    """Of an epoch: the second and third of three."""
    os.environ[graphs.SWITCH] = str(int(recorded))
    device = data["train"].inputs.device.type

    def run(epochs: int) -> float:
        started = time.perf_counter()
        trained(data, name, regularizer, range(n), epochs)
        if device == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter() - started

    return (run(3) - run(1)) / 2


def main() -> None:
    """Print three tables."""
    if not torch.cuda.is_available():
        raise SystemExit("torch sees no GPU here")
    print(f"torch {torch.__version__}, {torch.cuda.get_device_name()}\n")
    print("| 30-20, 3 epochs of 2,000 examples | largest difference of the loss (nat) | repeated |")
    print("| --- | ---: | --- |")
    for name, regularizer in REGULARIZERS.items():
        cpu, *cuda = (
            trained(splits(2000, 64, device), "30-20", regularizer, range(4), 3)
            for device in ("cpu", "cuda", "cuda")
        )
        away = np.abs(cpu.loss - cuda[0].loss).max()
        same = np.array_equal(cuda[0].loss, cuda[1].loss)
        print(f"| {name} | {away:.0e} | {'the same bits' if same else 'other bits'} |", flush=True)
    steps_of_tasks("cuda", TASKS)
    ablation_of_tasks("cuda", TASKS)


def steps_of_tasks(device: str, tasks: dict[str, tuple[int, int, str, tuple[int, ...]]]) -> None:
    """Print milliseconds of a step, with evaluation, and the floor."""
    of = speeds(device)
    print(f"\n{of[0] / 1e12:.1f} Tflop/s and {of[1] / 1e9:.0f} GB/s as measured\n")
    print("| task | networks | ms a step | without graphs | floor | share of floor | peak GiB |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    for task, (n, n_inputs, name, sizes) in tasks.items():
        data = splits(n, n_inputs, device)
        for kind, regularizer in REGULARIZERS.items():
            for networks in sizes:
                if device == "cuda":
                    torch.cuda.reset_peak_memory_stats()
                ours, plain = (
                    1e3 * seconds(data, name, regularizer, networks, recorded=recorded) * BATCH / n
                    for recorded in (True, False)
                )
                peak = torch.cuda.max_memory_allocated() / 2**30 if device == "cuda" else 0.0
                least = 1e3 * floor(n_inputs, name, networks, of)
                print(
                    f"| {task}, {kind} | {networks} | {ours:.3f} | {plain:.3f} | {least:.3f} | "
                    f"{least / ours:.0%} | {peak:.1f} |",
                    flush=True,
                )


def ablation_of_tasks(
    device: str, tasks: dict[str, tuple[int, int, str, tuple[int, ...]]], orders: int = 8
) -> None:
    """Print seconds of ablating a network in random orders, on a CPU and on the device."""
    print("\n| ablation of a network, 10,000 examples | orders | CPU s | GPU s | counts |")
    print("| --- | ---: | ---: | ---: | --- |")
    for task, (n, n_inputs, name, _) in tasks.items():
        data = splits(n, n_inputs, device)
        network = trained(data, name, REGULARIZERS["l2"], range(1), 1).stack
        rng = np.random.default_rng(0)
        sequences = np.stack([rng.permutation(sum(hidden_widths(name))) for _ in range(orders)])
        test, found, spent = data["test"], [], []
        for inputs, labels in (
            (test.inputs.cpu().numpy(), test.labels.cpu().numpy()),
            (test.inputs, test.labels),
        ):
            cumulative(network, inputs, labels, sequences[:, :1])  # compiles, or starts the GPU
            started = time.perf_counter()
            found.append(cumulative(network, inputs, labels, sequences).correct)
            spent.append(time.perf_counter() - started)
        equal = "equal" if np.array_equal(*found) else "different"
        print(f"| {task} | {orders} | {spent[0]:.2f} | {spent[1]:.2f} | {equal} |", flush=True)


if __name__ == "__main__":
    main()
