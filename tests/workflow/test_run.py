"""The demo in miniature, end to end."""

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from neuroninfo.data import datasets
from neuroninfo.files import storage
from neuroninfo.networks.stack import from_dataset
from neuroninfo.provenance import Library
from neuroninfo.results import counts
from tests import forking

from .conftest import MINIATURE, Project, reasons

CONDITION = Path("results/miniature/digits/12-8/relu/dropout")
FIGURES = Path("results/miniature/figures/digits/12-8/relu/dropout")


def test_jobs_have_no_neuroninfo_installed(finished: Project) -> None:
    """Scripts find the library by themselves: it is not importable where they run."""
    found = subprocess.run(
        [sys.executable, "-c", "import neuroninfo"],
        cwd=finished.folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "No module named 'neuroninfo'" in found.stderr, (
        "uninstall neuroninfo from this environment: with it, nobody sees whether scripts "
        f"find src/ ({importlib.util.find_spec('neuroninfo')})"
    )
    assert (finished.folder / CONDITION / "neurons.nc").exists()


def test_it_ends_with_the_list_of_figures(finished: Project) -> None:
    for figure in (
        "ablation-network",
        "ablation-layers",
        "information",
        "simpson",
        "layer-share",
        "ranking",
        "quantizers-quantizers",
        "replacement-information",
        "replacement-ranking",
        "pruning",
        "precision",
        "synergy",
        "classes",
        "class-curves",
    ):
        assert (finished.folder / FIGURES / f"{figure}.pdf").read_bytes().startswith(b"%PDF")
        with Image.open(finished.folder / FIGURES / f"{figure}.png") as picture:
            assert picture.width >= 1000
            assert len(np.unique(np.asarray(picture.convert("L")))) > 50  # not blank
    said = finished.output.partition("Done in ")[2]
    n_figures = len(list((finished.folder / "results/miniature/figures").rglob("*.png")))
    assert f"  {n_figures} figures under results/miniature/figures/\n" in said
    assert "  results/miniature/claims.csv\n" in said
    claims = pd.read_csv(finished.folder / "results/miniature/claims.csv")
    primary = claims[claims["family"] == "primary"]
    assert sorted(primary["claim"]) == [
        *("C1", "C1a", "C1b", "C2a", "C2a", "C2b", "C2b"),  # C2 by layer
        *("C3", "C5"),
    ]
    assert primary["p_holm"].notna().all()
    assert (primary["p_holm"] >= primary["p"]).all()
    assert set(claims["verdict"]) <= {"holds", "fails", "undecided"}
    assert claims["n_seeds"].eq(2).all()
    readings = pd.read_csv(finished.folder / "results/miniature/readings.csv")
    assert set(readings["quantity"]) == {*counts.COUNTS, "mutual_information", "accuracy"}
    assert readings["n_seeds"].eq(2).all()


def test_a_damaged_file_is_found_and_made_again(finished: Project) -> None:
    """Even one that the study's end does not name and whose time of change is as before."""
    path = CONDITION / "seeds-0-0/neurons.nc"
    whole, times = (finished.folder / path).read_bytes(), (finished.folder / path).stat()

    def put(data: bytes) -> None:
        (finished.folder / path).write_bytes(data)
        os.utime(finished.folder / path, ns=(times.st_atime_ns, times.st_mtime_ns))

    put(whole[:1000] + bytes([whole[1000] ^ 1]) + whole[1001:])
    try:
        verify = [sys.executable, "-m", "neuroninfo.files.verify", "results/miniature"]
        checked = subprocess.run(
            verify,
            cwd=finished.folder,
            env=os.environ | {"PYTHONPATH": "src"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert checked.returncode == 1
        assert checked.stderr.startswith("1 damaged.")
        advice = checked.stderr.partition("command: ")[2].split()
        assert advice == ["--forcerun", str(path)]
        study = ("--cores", "1", "--configfile", "config/miniature.yaml", "--dry-run")
        planned = finished.snakemake(*study, *advice)
        assert re.search(rf"rule measure:(\n    .*)*output: {path}", planned.stdout), planned.stdout
    finally:
        put(whole)


def test_the_numbers_of_every_figure_lie_beside_it(finished: Project) -> None:
    pngs = list((finished.folder / "results/miniature/figures").rglob("*.png"))
    assert pngs
    for png in pngs:
        table = pd.read_csv(png.with_suffix(".csv"))
        assert len(table) > 0
        assert table.select_dtypes("number").notna().any().any(), png
    curves = pd.read_csv(finished.folder / FIGURES / "ablation-layers.csv")
    assert list(curves.groupby("scope")["removed"].max()) == [12, 8]


def test_the_table_of_bounds_has_gaps_and_supersamples(finished: Project) -> None:
    table = pd.read_csv(finished.folder / "results/miniature/bounds.csv")
    counted = {"B1": 2, "B2": 2, "B3": 1, "B4": 1, "B6": 2}  # conditions: sgld is one of two
    assert table.groupby("bound")["n_conditions"].unique().map(list).to_dict() == {
        bound: [n] for bound, n in counted.items()
    }
    bounds = finished.folder / "results/miniature/bounds/supersample"
    noisy = storage.read(bounds / "labels/supersample.nc", "supersample")
    assert json.loads(noisy.attrs["condition"])["name"] == "labels"
    assert json.loads(noisy.attrs["configuration"])["label_noise"] == 0.5
    plain = storage.read(bounds / "plain/supersample.nc", "supersample")
    assert not plain["gap"].equals(noisy["gap"])


def test_files_say_what_made_them(finished: Project) -> None:
    files = ("network", "history", "activations", "neurons", "damage", "orders-ranking")
    for name in (*files, "ablation-information", "ablation-ranking"):
        for seed in (0, 1):
            path = finished.folder / CONDITION / f"seeds-{seed}-{seed}" / f"{name}.nc"
            attributes = storage.read(path, name.partition("-")[0]).attrs
            assert json.loads(attributes["condition"])["seeds"] == [seed]
            if name != "damage":  # where nothing is random or set
                assert json.loads(attributes["configuration"])["study_seed"] == 0
    configuration = json.loads(
        storage.read(finished.folder / CONDITION / "seeds-0-0/network.nc", "network").attrs[
            "configuration"
        ]
    )
    assert configuration["regularizer"]["dropout"] == 0.5
    assert configuration["epochs"] == 3


def test_ablation_begins_with_the_accuracy_of_the_saved_network(finished: Project) -> None:
    folder = finished.folder / CONDITION
    test = datasets.read(finished.folder / "results/datasets/digits.nc", splits=["test"])
    curve = storage.read(folder / "ablation-information.nc", "ablation", group="network")
    for seed in (0, 1):
        network = storage.read(folder / f"seeds-{seed}-{seed}/network.nc", "network").isel(seed=0)
        values = test.inputs
        for layer in ("1", "2", "output"):
            values = values @ network[f"weight_{layer}"].values.T + network[f"bias_{layer}"].values
            if layer != "output":
                values = np.maximum(values, 0)
        right = int((values.argmax(1) == test.labels).sum())
        assert set(curve["correct"].sel(seed=seed, removed=0).values) == {right}
    history = storage.read(folder / "history.nc", "history")
    np.testing.assert_allclose(
        history["accuracy"].isel(epoch=-1).sel(split="test").values * len(test.labels),
        curve["correct"].isel(ordering=0, removed=0).values,
    )


def test_a_second_run_does_nothing(finished: Project) -> None:
    arguments = ("--profile", "profiles/local", "--configfile", "config/miniature.yaml")
    assert "Nothing to be done" in finished.snakemake(*arguments).stdout


def test_the_block_does_not_matter(
    finished: Project, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seeds trained in one job give the same files as seeds trained in two."""
    monkeypatch.setenv(forking.STARTED, "1")
    both = {
        "seeds": {"count": 2, "per_job": 2},
        "activations": {"keep": False},
        **{
            section: MINIATURE[section] | {"seeds": 2}
            for section in ("pruning", "precision", "planes", "classes")
        },
    }
    # The others have one seed.
    together = project.configure(
        "miniature.yaml", MINIATURE | both | {"conditions": MINIATURE["conditions"][:1]}
    )
    shutil.copytree(finished.folder / "results/datasets", project.folder / "results/datasets")
    names = ("neurons", "ablation-information", "ablation-ranking", "damage", "history")
    targets = [str(CONDITION / f"{name}.nc") for name in names]
    run = project.snakemake(*targets, "--profile", "profiles/local", "--configfile", together)
    assert run.returncode == 0, run.stdout
    for name, target in zip(names, targets, strict=True):
        kind = name.partition("-")[0]
        assert storage.identical(project.folder / target, finished.folder / target, kind)
    block = project.folder / CONDITION / "seeds-0-1"
    assert from_dataset(storage.read(block / "network.nc", "network")).seeds == (0, 1)
    assert not (block / "activations.nc").exists()  # dropped once used: keep is false


def test_a_change_in_a_module_reruns_just_the_rules_that_use_it(
    finished: Project, tmp_path: Path
) -> None:
    """That they are the right ones, tests/unit/test_provenance.py holds for all modules."""
    changed = finished.copied(tmp_path / "copy")
    library = Library(changed.folder / "src")
    files = {
        changed.folder / "src" / "neuroninfo" / f"{module}.py"
        for module in ("ablation/joint", "results/bounds")
    }
    users = {
        script.stem
        for script in (changed.folder / "workflow" / "scripts").glob("*.py")
        if files & set(library.modules(script))
    }
    for file in files:
        with file.open("a") as text:
            text.write("\n# A change.\n")
    run = changed.snakemake(
        "--profile", "profiles/local", "--configfile", "config/miniature.yaml", "-n"
    )
    assert run.returncode == 0, run.stdout
    why = reasons(run.stdout)
    assert users
    assert {rule for rule, of in why.items() if "Params have changed" in "".join(of)} == users
