"""The notebook runs, on fewer images than it is written for."""

import runpy
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
import torch

NOTEBOOKS = Path(__file__).parents[3] / "docs" / "notebooks"


def images(root: str, *, train: bool, download: bool) -> SimpleNamespace:
    """In place of FashionMNIST: each class is brighter in rows of its own."""
    assert download
    generator = torch.Generator().manual_seed(int(train))
    labels = torch.arange(6100 if train else 40) % 10
    data = torch.randint(0, 100, (len(labels), 28, 28), generator=generator)
    for label in range(10):
        data[labels == label, 2 * label : 2 * label + 6] += 150
    return SimpleNamespace(data=data.to(torch.uint8), targets=labels)


def test_the_notebook_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torchvision.datasets.FashionMNIST", images)
    notebook = nbformat.read(NOTEBOOKS / "own_network.ipynb", as_version=4)
    assert len(notebook.cells) == 10
    replaced = [("slice(0, 2000)", "slice(0, 320)"), ("steps=12", "steps=3")]
    for old, new in replaced:
        (cell,) = [cell for cell in notebook.cells if old in cell.source]
        cell.source = cell.source.replace(old, new)
    state = torch.get_rng_state()
    try:
        runpy.run_path(str(NOTEBOOKS / "run.py"))["run"](notebook)
    finally:
        torch.set_rng_state(state)
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    pictures = [output for output in outputs if "image/png" in output.get("data", {})]
    assert len(pictures) == 4
    texts = [
        output["data"]["text/plain"] for output in outputs if "text/plain" in output.get("data", {})
    ]
    assert "mutual_information" in texts[0]
    assert "/network" in texts[1]


def test_what_stands_in_the_notebook_was_run() -> None:
    notebook = nbformat.read(NOTEBOOKS / "own_network.ipynb", as_version=4)
    nbformat.validate(notebook)
    counts = [cell.execution_count for cell in notebook.cells if cell.cell_type == "code"]
    assert counts == list(range(1, 10))
    drawn = [cell for cell in notebook.cells if "pyplot.show()" in cell.source]
    assert all(any("image/png" in o.get("data", {}) for o in cell.outputs) for cell in drawn)
