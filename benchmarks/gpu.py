"""What training costs on a GPU, and how far it is from the same on a CPU.

    python benchmarks/gpu.py

Random data of the sizes of the talk's tasks: times do not depend on the values.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

from neuroninfo.networks.stack import Architecture, hidden_widths
from neuroninfo.training.layouts import Trained
from neuroninfo.training.loop import train
from neuroninfo.training.settings import Regularizer, Settings
from neuroninfo.training.splits import Split

TASKS = {
    "mnist 100-100": (50_000, 784, "100-100", (1, 5, 20, 100, 400)),
    "cifar10 250-500-250-500": (40_000, 3072, "250-500-250-500", (1, 5, 20, 50)),
}
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
    settings = Settings(0, "random", name, "relu", 1e-3, 128, epochs, (), regularizer)
    return train(architecture, seeds, data, settings)


def seconds(data: dict[str, Split], name: str, regularizer: Regularizer, n: int) -> float:
    """Of an epoch: the second and third of three."""
    times = []
    for epochs in (1, 3):
        torch.cuda.synchronize()
        started = time.perf_counter()
        trained(data, name, regularizer, range(n), epochs)
        torch.cuda.synchronize()
        times.append(time.perf_counter() - started)
    return (times[1] - times[0]) / 2


def main() -> None:
    """Print two tables."""
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
    print("\n| task | seeds in a job | s an epoch | s an epoch and network | peak GiB |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for task, (n, n_inputs, name, sizes) in TASKS.items():
        data = splits(n, n_inputs, "cuda")
        for kind in ("l2", "dropout"):
            for seeds in sizes:
                if kind == "dropout" and seeds > 20:
                    continue
                torch.cuda.reset_peak_memory_stats()
                spent = seconds(data, name, REGULARIZERS[kind], seeds)
                peak = torch.cuda.max_memory_allocated() / 2**30
                each = spent / seeds
                print(f"| {task}, {kind} | {seeds} | {spent:.2f} | {each:.4f} | {peak:.1f} |")


if __name__ == "__main__":
    main()
