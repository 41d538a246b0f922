"""A copy of the project to run Snakemake in, as a user does who has cloned it."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests import forking

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("Snakefile", "config", "envs", "profiles", "workflow")

HALVES = {
    "dataset": "digits",
    "classes": [4, 9],
    "architecture": "5",
    "regularizer": "dropout",
    "sizes": [10, 20],
    "steps": 4,
    "pools": 1,
    "masks": 4,
}
# The demo in miniature: the same rules, seconds instead of a minute.
MINIATURE = {
    "study": "miniature",
    "seeds": {"count": 2, "per_job": 1},
    "datasets": {
        "digits": {"validation": 360, "test": 360},
        "icosahedron": {
            "validation": 200,
            "test": 600,
            "planes": {"estimators": ["exact", "propagation-2"]},
        },
    },
    "training": {"batch_size": 32, "epochs": 3},
    "regularizers": {"dropout": {"dropout": 0.5}, "noise": {"noise": 0.1}},
    "conditions": [
        {
            "dataset": "digits",
            "architecture": "12-8",
            "regularizer": "dropout",
            "orderings": ["information", "ranking", "quantizers"],
            "experiments": ["pruning", "precision", "planes", "synergy", "classes", "robustness"],
        },
        {
            "dataset": "icosahedron",
            "architecture": "4-3",
            "activation": ["tanh", "relu"],
            "regularizer": "noise",
            "seeds": 1,
            "orderings": [],
            "experiments": ["planes"],
        },
    ],
    "orderings": {
        "information": {"random": 2, "replacements": ["zero", "mean"]},
        "ranking": {
            "measures": [
                {"measure": measure}
                for measure in ("mutual_information", "taylor", "cmim", "damage", "greedy")
            ],
            "random": 2,
            "replacements": ["zero", "mode", "optimal", "resample"],
        },
        "quantizers": {
            "measures": [
                {"measure": "mutual_information", "quantizer": quantizer}
                for quantizer in ("threshold", "uniform-4", "quantile-4")
            ],
            "random": 1,
        },
    },
    "measures": {"quantizers": ["threshold", "uniform-4", "quantile-4"]},
    "sweep": [
        {
            "dataset": "digits",
            "architecture": "12-8",
            "regularizer": "dropout",
            "against": [{"replacement": "mean"}, {"quantizer": ["uniform-4", "quantile-4"]}],
        }
    ],
    "search": {"examples": 100},
    "pruning": {"orderings": "ranking", "kept": [0.5], "seeds": 1},
    "precision": {"bits": [4], "random": 1, "seeds": 1},
    "classes": {"seeds": 1},
    "planes": {
        "seeds": 1,
        "epochs": 3,
        "estimators": ["edges-30", "kde-upper-0.001"],
        "costly": {"estimators": ["renyi-1.01"], "epochs": 2},
        "groups": 2,
    },
    "robustness": {"noise": [0.2], "blur": [1.0], "shift": [1]},
    "calibration": {
        "estimators": ["edges-30", "kde-upper-0.1"],
        "dimensions": [2],
        "examples": [50],
        "repeats": 1,
    },
    "bounds": {
        "seeds": 2,
        "sizes": [10, 40],
        "steps": 4,
        "gaps": {
            "plain": {"dataset": "digits", "architecture": "5", "regularizer": "dropout"},
            "sgld": {
                "dataset": "digits",
                "architecture": "5",
                "regularizer": "dropout",
                "label_noise": 0.2,
                "optimizer": "sgld",
                "sgld": {"noise": 0.1},
            },
        },
        "supersample": {
            "plain": HALVES,
            "labels": {**HALVES, "label_noise": 0.5},
        },
    },
    "toys": {
        "points": 40,
        "sets": {"separable": {"network": False}, "xor": {}},
        "network": {"restarts": 2, "epochs": 20, "frames": 3},
    },
}


class Project:
    """One copy; `snakemake` runs in it with nothing of the tests' environment on its path.

    Its library is a link, so that it is compiled once for all copies.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        for part in PARTS:
            if (ROOT / part).is_dir():
                ignore = shutil.ignore_patterns("__pycache__")
                shutil.copytree(ROOT / part, folder / part, ignore=ignore)
            else:
                shutil.copy(ROOT / part, folder / part)
        (folder / "src").symlink_to(ROOT / "src")

    def copied(self, folder: Path) -> "Project":
        """Another one with the same results, and with a library of its own that may be changed."""
        copy = object.__new__(type(self))
        copy.folder = folder
        shutil.copytree(self.folder, folder, ignore=lambda *_: ["src"], symlinks=True)
        shutil.copytree(ROOT / "src", folder / "src", ignore=shutil.ignore_patterns("__pycache__"))
        return copy

    def configure(self, name: str, configuration: dict) -> str:
        path = self.folder / "config" / name
        path.write_text(yaml.safe_dump(configuration))
        return f"config/{name}"

    def snakemake(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        python, environment = forking.python()
        return subprocess.run(
            [python, "-m", "snakemake", *arguments],
            cwd=self.folder,
            env=environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=600,  # a minute on an idle machine
            check=False,
        )


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path / "project")


def rules(chapter: Path) -> dict[str, str]:
    """Name -> text of the rules of a file of `workflow/rules`."""
    return dict(re.findall(r"^rule (\w+):\n((?:(?: .*)?\n)+)", chapter.read_text(), re.MULTILINE))


def planned(output: str) -> dict[str, int]:
    """Rule -> number of jobs, from the table that Snakemake prints."""
    table = output.split("Job stats:")[1].split("total")[0]
    return {rule: int(n) for rule, n in re.findall(r"^(\w+) +(\d+)$", table, re.MULTILINE)}


def reasons(output: str) -> dict[str, set[str]]:
    """Rule -> the reasons for which its jobs would run, from a dry run."""
    found: dict[str, set[str]] = {}
    for rule, block in re.findall(r"^(?:local)?rule (\w+):\n((?:    .*\n)+)", output, re.MULTILINE):
        reason = re.search(r"reason: (.*)", block)
        found.setdefault(rule, set()).add(reason[1] if reason else "")
    return found
