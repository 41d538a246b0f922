"""Small studies of their own, run."""

import re

import pandas as pd
import pytest
from PIL import Image

from .conftest import MINIATURE, Project


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
    results = project.folder / "results/miniature"
    table = pd.read_csv(results / "first-version.csv", keep_default_na=False)
    assert set(table["agrees"]) <= {"yes", "no"}
    assert set(table["replacement"]) == {"none", "zero", "mean"}
    log = project.folder / "logs/results/miniature/first-version.log"
    assert log.read_text().split()[:4] == ["regularizer", "replacement", "agree", "of"]
    with Image.open(results / "figures/first-version.png") as picture:
        assert picture.width >= 1000
