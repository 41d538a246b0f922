"""What tests of several folders share: runs of the project, each made once.

Side by side (`pytest -n 3 --dist loadgroup`), the tests that share one run on one worker.
"""

import functools
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.workflow.conftest import MINIATURE, Project

Plan = Callable[..., subprocess.CompletedProcess[str]]

TESTS = Path(__file__).resolve().parent
SHARED = ("cluster", "finished", "undisturbed", "plan")
"""Fixtures that are made once; what takes longest begins first."""
SLOW_UNITS = {
    f"unit/{module}.py"
    for module in ("ablation/test_ablation", "files/test_writing", "training/test_training")
}
"""What takes longest of the unit tests; of the others, all that runs Snakemake is slow."""


def pytest_configure(config: pytest.Config) -> None:
    config.option.loadscopereorder = False  # of pytest-xdist, which would begin with many tests


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is slow and what belongs together, and begin with what takes longest."""

    def group(item: pytest.Item) -> str:
        used = [name for name in SHARED if name in item.fixturenames]
        return used[0] if used else file(item)

    def file(item: pytest.Item) -> str:
        return item.path.relative_to(TESTS).as_posix()

    def rank(item: pytest.Item) -> tuple[int, bool]:
        name = group(item)
        return (
            SHARED.index(name) if name in SHARED else len(SHARED),
            item.get_closest_marker("slow") is None,
        )

    for item in items:
        item.add_marker(pytest.mark.xdist_group(group(item)))
        runs_snakemake = {*SHARED, "project"} & set(item.fixturenames)
        if runs_snakemake or file(item) in SLOW_UNITS:
            item.add_marker("slow")
    items.sort(key=rank)


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Project:
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
