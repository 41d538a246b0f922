"""What tests of several folders share: runs of the project, each made once.

Side by side (`pytest -n 3`) the files that share a run are on one worker.
"""

import fcntl
import functools
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from neuroninfo.ablation import warm
from tests.workflow.conftest import MINIATURE, Project

Plan = Callable[..., subprocess.CompletedProcess[str]]

TESTS = Path(__file__).resolve().parent
SHARED = ("overtime", "cluster", "finished", "undisturbed", "plan")
"""Fixtures that are made once for all tests that use one; such tests are slow."""
TOGETHER = {
    "tests/report/test_report.py": "finished",
    "tests/workflow/test_data.py": "finished",
    "tests/workflow/test_run.py": "finished",
}
"""File -> what it shares with others; other files are by themselves."""
BEGIN = (
    "cluster/",
    "workflow/test_run",
    "workflow/test_data",
    "report/",
    "faults/",
    "unit/ablation/",
    "workflow/",
)
"""Where the tests are that take longest."""
SLOW_FILES = {"report/test_explorer.py", "report/test_tables.py"} | {
    f"unit/{module}.py"
    for module in (
        *("ablation/test_ablation", "ablation/test_controls", "convolutional/test_convolutional"),
        *("data/test_datasets", "figures/test_figures", "figures/test_plane"),
        *("files/test_checkpoints", "files/test_seeds", "files/test_storage"),
        *("files/test_writing", "generalization/test_gaps", "own_network/test_notebook"),
        *("own_network/test_removal", "own_network/test_study", "planes/test_calibration"),
        *("planes/test_estimators", "planes/test_training", "results/test_ranking"),
        *("smaller/test_low_bit", "synergy/test_layers", "synergy/test_pairs", "test_provenance"),
        *("toys/test_toys", "training/test_synchronization", "training/test_training"),
    )
}
"""What needs a browser, or takes longest of the unit tests; all that runs Snakemake is slow too."""

LONG = ("cluster/", "faults/", "workflow/test_docs.py::test_the_tutorial")
"""What takes a minute or more and seldom fails: a real SLURM, kills, and the tutorial."""


def pytest_configure(config: pytest.Config) -> None:
    config.option.loadscopereorder = False  # of pytest-xdist, which would begin with many tests


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """Give each worker whole files, and those that share a run to one.

    Groups of pytest-xdist 3.8 do nothing with pytest 9.2, which lacks the field they go into.
    """
    from xdist.scheduler import LoadScopeScheduling

    class Together(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.partition("::")[0]
            return TOGETHER.get(file, file)

    return Together(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is slow or long, and begin with what takes longest."""

    def rank(item: pytest.Item) -> int:
        file = item.path.relative_to(TESTS).as_posix()
        if file in SLOW_FILES or {*SHARED, "project"} & set(item.fixturenames):
            item.add_marker("slow")
        if f"{file}::{item.name}".startswith(LONG):
            item.add_marker("long")
        begins = (n for n, place in enumerate(BEGIN) if file.startswith(place))
        slow = item.get_closest_marker("slow") is not None
        return next(begins, len(BEGIN) + (not slow))

    items.sort(key=rank)


@pytest.fixture(scope="session")
def compiled() -> None:
    """All loops that are compiled, in numba's cache, by one process while the others wait.

    That cache gets mixed up when several processes write code of one function for several types.
    Each clone has a cache of its own, and a lock.
    """
    with Path(warm.__file__).open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        warm.warm()


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory, compiled: None) -> Project:
    """The demo in miniature, run to its end; leave it as it is."""
    project = Project(tmp_path_factory.mktemp("finished") / "project")
    miniature = project.configure("miniature.yaml", MINIATURE)
    run = project.snakemake("--profile", "profiles/local", "--configfile", miniature)
    assert run.returncode == 0, run.stdout
    project.output = run.stdout
    return project


@pytest.fixture(scope="session")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    """Dry runs of the project as it is cloned, but that the talk's claims are there."""
    project = Project(tmp_path_factory.mktemp("plans") / "project")
    (project.folder / "results/talk").mkdir(parents=True)
    (project.folder / "results/talk/claims.csv").touch()  # the replication compares with them

    @functools.cache
    def planned(*arguments: str) -> subprocess.CompletedProcess[str]:
        run = project.snakemake(*arguments, "--dry-run")
        assert run.returncode == 0, run.stdout
        return run

    return planned
