"""Small studies of their own, run."""

import re
from pathlib import Path

import pandas as pd
import pytest
import xarray as xr
from PIL import Image

from tests import forking

from .conftest import MINIATURE, Project

SMALL = {
    "study": "small",
    "seeds": {"count": 1, "per_job": 1},
    "datasets": {"digits": MINIATURE["datasets"]["digits"]},
    "training": {"batch_size": 64, "epochs": 1},
    "regularizers": {"none": {}},
    "orderings": {"information": {"random": 1}},
    "conditions": [{"dataset": "digits", "architecture": "5", "regularizer": "none"}],
}


def test_a_failure_ends_with_the_log_to_read(project: Project) -> None:
    with (project.folder / "workflow/scripts/dataset.py").open("a") as script:
        script.write("\nraise RuntimeError('broken')\n")
    arguments = ("--profile", "profiles/local", "--configfile")
    study = project.configure("miniature.yaml", MINIATURE)
    run = project.snakemake("results/datasets/digits.nc", *arguments, study)
    assert run.returncode == 1
    assert re.search(
        r"^Not complete after 0 min \d+ s\. .*\n  dataset: (logs/\S+\.log)\nFinished results are",
        run.stdout,
        re.MULTILINE,
    ), run.stdout


@pytest.mark.usefixtures("compiled")
def test_a_job_that_runs_out_of_memory_gets_twice_as_much(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system holds the job to what it asked for: what it takes fits the second time only."""
    study = project.configure("small.yaml", SMALL)
    script = project.folder / "workflow/scripts/measure.py"
    text = script.read_text()
    imports = "from pathlib import Path\n"
    assert text.count(imports) == 1
    limited = """
import resource

limit = snakemake.resources.mem_mb * 2**20
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
print("asked for", snakemake.resources.mem_mb, file=open("asked", "a"))
taken = bytearray(600 * 2**20)
del taken
"""
    script.write_text(text.replace(imports, imports + limited))
    target = "results/small/digits/5/relu/none/seeds-0-0/neurons.nc"
    arguments = ("--profile", "profiles/local", "--configfile", study, "--retries", "1")
    run = project.snakemake(str(Path(target).with_name("activations.nc")), *arguments)
    assert run.returncode == 0, run.stdout
    monkeypatch.setenv(forking.STARTED, "1")  # the libraries of a forked process are too large
    run = project.snakemake(target, *arguments)
    assert run.returncode == 0, run.stdout
    assert "MemoryError" in run.stdout
    assert (project.folder / "asked").read_text() == "asked for 500\nasked for 1000\n"
    assert (project.folder / target).exists()


@pytest.mark.usefixtures("compiled")
def test_the_first_version_stands_beside_networks_of_its_shape(project: Project) -> None:
    """Small in all but the shape: what is read is there, not what it says."""
    condition = {"dataset": "digits", "architecture": "100-100", "activation": "sigmoid"}
    first_version = {
        **{key: MINIATURE[key] for key in ("study", "regularizers")},
        "seeds": {"count": 2, "per_job": 2},
        "datasets": {"digits": MINIATURE["datasets"]["digits"]},
        "training": {"batch_size": 32, "epochs": 1},
        "conditions": [{**condition, "regularizer": "dropout"}],
        "orderings": {
            "information": {
                "measures": [
                    {"measure": measure}
                    for measure in ("mutual_information", "entropy", "kl_selectivity")
                ],
                "random": 1,
                "controls": 0,
                "replacements": ["zero", "mean"],
            }
        },
        "first_version": {**condition, "regularizer": "dropout"},
    }
    study = project.configure("first.yaml", first_version)
    arguments = ("--profile", "profiles/local", "--configfile", study)
    run = project.snakemake("results/miniature/figures/first-version.png", *arguments)
    assert run.returncode == 0, run.stdout
    said = run.stdout.partition("Done in ")[2]
    assert "\n  results/miniature/figures/first-version.png\n" in said  # few figures: a list
    results = project.folder / "results/miniature"
    table = pd.read_csv(results / "first-version.csv", keep_default_na=False)
    assert set(table["agrees"]) <= {"yes", "no"}
    assert set(table["replacement"]) == {"none", "zero", "mean"}
    log = project.folder / "logs/results/miniature/first-version.log"
    assert log.read_text().split()[:4] == ["regularizer", "replacement", "agree", "of"]
    with Image.open(results / "figures/first-version.png") as picture:
        assert picture.width >= 1000


@pytest.mark.usefixtures("compiled")
def test_a_bundle_trains_the_networks_of_its_conditions(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bit for bit what each would be in a job of its own."""
    chosen = SMALL | {
        "regularizers": {"none": {}, "dropout": {"dropout": 0.4}},
        "conditions": [{**SMALL["conditions"][0], "regularizer": ["none", "dropout"]}],
    }
    networks = [
        f"results/{{}}/digits/5/relu/{name}/seeds-0-0/network.nc" for name in ("none", "dropout")
    ]
    weights = []
    for name, more in (("bundled", {"bundles": {"networks": 2}}), ("alone", {})):
        study = project.configure(f"{name}.yaml", chosen | {"study": name} | more)
        targets = [path.format(name) for path in networks]
        monkeypatch.setenv(forking.STARTED, "1" if more else "")
        run = project.snakemake(*targets, "--profile", "profiles/local", "--configfile", study)
        assert run.returncode == 0, run.stdout
        assert run.stdout.count("rule train_bundle:") == (name == "bundled")
        weights.append([xr.load_dataset(project.folder / path) for path in targets])
    for bundled, alone in zip(*weights, strict=True):
        assert bundled.attrs["condition"].replace("bundled", "alone") == alone.attrs["condition"]
        xr.testing.assert_equal(bundled, alone)
    assert not (project.folder / "results/bundled/bundles").exists()


def test_a_condition_that_fails_in_a_bundle_fails_alone(project: Project) -> None:
    """And says why; the files of the others are made."""
    study = SMALL | {
        "bundles": {"networks": 2},
        "regularizers": {"none": {}, "wild": {"training": {"learning_rate": 1e30}}},
        "conditions": [{**SMALL["conditions"][0], "regularizer": ["none", "wild"]}],
    }
    fine, wild = (
        f"results/small/digits/5/relu/{name}/seeds-0-0/network.nc" for name in ("none", "wild")
    )
    options = ("--profile", "profiles/local", "--configfile", project.configure("s.yaml", study))
    run = project.snakemake(fine, wild, *options)
    assert run.returncode == 1
    assert re.search(r"\n  unbundle: (logs/\S+/wild/seeds-0-0/unbundle.log)\n", run.stdout)
    assert "the loss of seeds [0] is not finite; lower training.learning_rate (now 1e+30)" in (
        (project.folder / f"logs/{wild}").with_name("unbundle.log").read_text()
    )
    assert (project.folder / fine).exists()
    assert not (project.folder / wild).exists()
