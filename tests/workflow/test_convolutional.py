"""A study of tiny convolutional networks, end to end."""

import numpy as np
import pandas as pd

from neuroninfo.files import storage

from .conftest import Project, planned

TINY = {
    "study": "tiny",
    "seeds": {"count": 2, "per_job": 2},
    "datasets": {"digits": {"validation": 360, "test": 360}},
    "training": {"batch_size": 64, "epochs": 1},
    "activations": {"keep": False},
    "convolutional": {"examples": 200},
    "regularizers": {"batchnorm": {"batchnorm": True, "dropout": 0.1}},
    "measures": {"quantizers": ["quantile-4"]},
    "orderings": {
        "information": {
            "measures": [{"measure": "mutual_information"}, {"measure": "class_selectivity"}],
            "random": 1,
            "controls": 1,
            "replacements": ["zero", "mean"],
        }
    },
    "conditions": [
        {"dataset": "digits", "architecture": "conv-4-5", "regularizer": "batchnorm"},
        {
            "dataset": "digits",
            "architecture": "resnet-3-4",
            "regularizer": "batchnorm",
            "figures": False,
        },
    ],
}
FIGURES = (
    *("ablation-network", "ablation-layers", "information", "simpson", "layer-share", "ranking"),
    "replacement-information",
)


def test_a_study_of_convolutional_networks(project: Project) -> None:
    local = ("--profile", "profiles/local", "--configfile")
    run = project.snakemake(*local, project.configure("tiny.yaml", TINY))
    assert run.returncode == 0, run.stdout
    results = project.folder / "results/tiny"
    for architecture in ("conv-4-5", "resnet-3-4"):
        figures = results / "figures/digits" / architecture / "relu/batchnorm"
        drawn = FIGURES if architecture == "conv-4-5" else ()
        assert {path.stem for path in figures.glob("*.png")} == set(drawn)
        block = results / "digits" / architecture / "relu/batchnorm/seeds-0-1"
        assert not (block / "activations.nc").exists()
        curves = storage.read_groups(block / "ablation-information.nc", "ablation")
        assert curves["network"].attrs["n_test"] == 200
        alone = storage.read(block / "damage.nc", "damage")
        assert (alone["n_examples"] == 200).all()
        whole = curves["network"]["correct"].isel(removed=0)
        assert (whole == alone["correct_unablated"].sel(split="test")).all()
    claims = pd.read_csv(results / "claims.csv")
    primary = claims[claims["family"] == "primary"]
    assert {"C1", "C1a", "C1b", "C2a", "C2b", "C3", "C5"} == set(primary["claim"])
    assert {"mutual_information", "class_selectivity"} <= set(claims["measure"])
    readings = claims["reading"][claims["claim"] == "C1"]
    assert {"whole curve: layer share", "whole curve: within layers"} <= set(readings)
    # The same seed in a block of its own.
    name = "ablation-information.nc"
    path = f"digits/conv-4-5/relu/batchnorm/seeds-1-1/{name}"
    apart = project.configure(
        "apart.yaml", TINY | {"study": "apart", "seeds": {"count": 2, "per_job": 1}}
    )
    run = project.snakemake(f"results/apart/{path}", *local, apart)
    assert run.returncode == 0, run.stdout
    jobs = planned(run.stdout)
    assert jobs.keys() >= {"train_convolutional_and_drop", "measure_convolutional"}
    alone = storage.read_groups(project.folder / f"results/apart/{path}", "ablation")
    both = storage.read_groups(
        results / f"digits/conv-4-5/relu/batchnorm/seeds-0-1/{name}", "ablation"
    )
    for scope, group in alone.items():
        for variable in ("correct", "changed", "loss", "order"):
            expected = both[scope][variable].sel(seed=1)
            np.testing.assert_array_equal(group[variable].sel(seed=1), expected)
