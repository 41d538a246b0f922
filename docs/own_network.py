"""A network of your own: train it with plain torch, see what its neurons know.

Run it from the project's folder, it takes seconds::

    PYTHONPATH=src .venv/bin/python docs/own_network.py [folder]

It trains a small network on scikit-learn's digits, prints the neurons that know most of the
class, and writes figures and NetCDF files to a folder (default: own_network).
"""

import sys
from pathlib import Path

import torch
from matplotlib import pyplot
from sklearn.datasets import load_digits
from torch import nn

import neuroninfo

# --- plain torch: data, network, training -------------------------------------------------

torch.manual_seed(0)
torch.set_num_threads(1)  # faster for a network as small as this
digits = load_digits()
inputs = torch.tensor(digits.data / 16, dtype=torch.float32)
labels = torch.tensor(digits.target)
train, validation, test = torch.randperm(len(labels)).split([900, 447, 450])

model = nn.Sequential(
    nn.Linear(64, 40),
    nn.BatchNorm1d(40),
    nn.ReLU(),
    nn.Dropout(0.2),
    nn.Linear(40, 20),
    nn.BatchNorm1d(20),
    nn.ReLU(),
    nn.Linear(20, 10),
)
for _ in range(30):
    for batch in train[torch.randperm(len(train))].split(64):
        model.zero_grad()
        nn.functional.cross_entropy(model(inputs[batch]), labels[batch]).backward()
        with torch.no_grad():  # an optimizer of torch would do; importing them takes 2 seconds
            for parameter in model.parameters():
                parameter -= 0.1 * parameter.grad

# --- what its neurons know, and what happens without them ---------------------------------

studied = neuroninfo.study(
    model,
    validation=(inputs[validation], labels[validation]),
    test=(inputs[test], labels[test]),
    name="digits",
    progress=False,
)

information = studied.neurons["mutual_information"].sel(quantizer="threshold").isel(seed=0)
print("Neurons that know most of the class (1-bit threshold, validation data):")
for neuron in information.argsort().values[::-1][:5]:
    best = information[neuron]
    print(f"  layer {int(best.layer)}, neuron {int(best.unit):2d}: {float(best):.3f} bit")

curves = studied.ablation["network"]
accuracy = curves["correct"].isel(seed=0, ordering=0) / curves.attrs["n_test"]
print(
    f"Accuracy on test: {float(accuracy[0]):.3f}; without the ten neurons that know least:", end=" "
)
print(f"{float(accuracy[10]):.3f}")

# --- files and figures, and a figure of your own ------------------------------------------

folder = Path(sys.argv[1] if len(sys.argv) > 1 else "own_network")
studied.save(folder)
figure, (left, right) = pyplot.subplots(1, 2, figsize=(12, 4), layout="constrained")
neuroninfo.plot.information(studied.neurons, ax=left)
neuroninfo.plot.ablation(studied.ablation, ax=right)
figure.savefig(folder / "curves.png")
print(f"Figures and files are in {folder}")
