"""Jobs that are killed while they train, and run again until all is there."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from neuroninfo.files import storage
from tests.workflow.conftest import MINIATURE, Project

# All that has a state: dropout's generators, moments of Adam and batch norm, early stopping.
STUDY = {
    "study": "faults",
    "datasets": MINIATURE["datasets"],
    "seeds": {"count": 1, "per_job": 1},
    "training": {"batch_size": 32, "epochs": 60},
    "activations": {"epochs": [0, 20, "last"]},
    "regularizers": {"all": {"dropout": 0.3, "l2": 1e-4, "batchnorm": True, "early_stopping": 30}},
    "conditions": [
        {
            "dataset": "digits",
            "architecture": "12-8",
            "regularizer": "all",
            "experiments": ["planes"],
        }
    ],
    "orderings": {"information": {"random": 1}},
    "planes": {"epochs": 20, "estimators": ["edges-30", "kde-upper-0.001"]},
}
CONDITION = Path("results/faults/digits/12-8/relu/all")
KINDS = ("network", "history", "activations", "plane")
TARGETS = [str(CONDITION / name) for name in ("history.nc", "plane.nc")]
MOST_EPOCHS = 8
"""That a process is given, once it trains; 2 at least, so that a first state is saved."""


@dataclass
class Job:
    """A process that trains, by what its log says."""

    process: int
    log: Path

    def text(self) -> str:
        return self.log.read_text() if self.log.exists() else ""

    def resumed(self) -> bool:
        return "\nresumed in epoch" in self.text()

    def epochs(self) -> int:
        """Epochs that this process has trained."""
        return self.text().count("\nepoch ") + self.text().startswith("epoch ")


@dataclass
class Faults:
    """What was done to jobs: name of the log -> signals, and how often one had been resumed."""

    injected: dict[str, list[int]]
    resumed: int = 0

    def add(self, job: Job, number: int) -> None:
        self.injected.setdefault(str(job.log), []).append(number)
        self.resumed += job.resumed()

    def total(self) -> int:
        return sum(map(len, self.injected.values()))


def jobs(project: Project) -> Iterator[Job]:
    """Processes of the project that train now."""
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal():
            continue
        try:
            if not re.search(rb"\.(train|plane)\.py\0", (entry / "cmdline").read_bytes()):
                continue
            if (entry / "cwd").readlink() != project.folder:
                continue
            opened = {link.readlink() for link in (entry / "fd").iterdir()}
        except OSError:  # it has ended meanwhile
            continue
        for path in opened:
            if path.suffix == ".log":
                yield Job(int(entry.name), path)


def started(project: Project, *arguments: str) -> subprocess.Popen[str]:
    """Snakemake in a process group of its own."""
    with (project.folder / "output.txt").open("a") as output:
        return subprocess.Popen(
            [
                *(sys.executable, "-m", "snakemake", *TARGETS, "--cores", "2", *arguments),
                *("--rerun-incomplete", "--show-failed-logs", "--configfile", "config/faults.yaml"),
            ],
            cwd=project.folder,
            text=True,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def made(folder: Path, minutes: float, datasets: Path | None = None) -> Project:
    project = Project(folder.resolve() / "project")
    project.configure("faults.yaml", STUDY | {"checkpoints": {"minutes": minutes}})
    if datasets is not None:
        shutil.copytree(datasets, project.folder / "results/datasets")
    return project


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A run without faults and without checkpoints."""
    project = made(tmp_path_factory.mktemp("undisturbed"), minutes=0)
    assert started(project).wait(timeout=600) == 0, (project.folder / "output.txt").read_text()
    return project


@pytest.fixture
def project(tmp_path: Path, undisturbed: Project) -> Project:
    return made(tmp_path, 1e-6, undisturbed.folder / "results/datasets")


def assert_equal(project: Project, undisturbed: Project) -> None:
    """All results are, and nothing else is left."""
    compared = 0
    for path in sorted((undisturbed.folder / CONDITION).rglob("*.nc")):
        assert path.stem in KINDS
        other = project.folder / path.relative_to(undisturbed.folder)
        assert storage.identical(path, other, path.stem), path
        compared += 1
    assert compared == len(KINDS) + len(TARGETS)
    assert list((project.folder / "results/faults/checkpoints").iterdir()) == []
    assert list((project.folder / "results").rglob(".*")) == []  # parts of files


def test_jobs_are_killed_and_tried_again(
    project: Project, undisturbed: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each job twice, by SIGKILL and by SIGTERM in turn; Snakemake tries again by itself."""
    rng = np.random.default_rng(7)
    faults, lives = Faults({}), {}
    run = started(project, "--retries", "3")
    while run.poll() is None:
        for job in jobs(project):
            lives.setdefault(job.process, rng.integers(2, MOST_EPOCHS))
            before = faults.injected.get(str(job.log), [])
            if len(before) < 2 and job.epochs() >= lives[job.process]:
                number = (signal.SIGKILL, signal.SIGTERM)[len(before)]
                faults.add(job, number)
                os.kill(job.process, number)
                lives[job.process] = np.inf  # it ends by itself after SIGTERM
        time.sleep(0.03)
    output = (project.folder / "output.txt").read_text()
    assert run.returncode == 0, output
    resumed = faults.resumed + sum(Job(0, Path(log)).resumed() for log in faults.injected)
    with capsys.disabled():
        print(f"\nfaults of jobs: {faults.total()} injected, {resumed} resumed from a checkpoint")
    assert len(faults.injected) == 2  # networks, and planes
    assert resumed == faults.total() >= 4
    signals = [number for of_job in faults.injected.values() for number in of_job]
    asked = signals.count(signal.SIGTERM)
    assert asked > 0
    assert signals.count(signal.SIGKILL) > 0
    assert (
        len(re.findall(r"Interrupted: ended by SIGTERM in epoch \d+; run again", output)) >= asked
    )
    assert_equal(project, undisturbed)


def test_snakemake_is_killed_with_its_jobs(
    project: Project, undisturbed: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    """The whole process group, twice; the user runs the same command again."""
    rng = np.random.default_rng(8)
    faults = Faults({})
    for number in (signal.SIGKILL, signal.SIGTERM):
        run, life = started(project), rng.integers(2, MOST_EPOCHS)
        while not (hit := [job for job in jobs(project) if job.epochs() >= life]):
            assert run.poll() is None, (project.folder / "output.txt").read_text()
            time.sleep(0.03)
        for job in hit:
            faults.add(job, number)
        os.killpg(run.pid, number)
        assert run.wait(timeout=300) != 0
        while list(jobs(project)):
            time.sleep(0.03)
        if number == signal.SIGKILL:  # as Snakemake tells its user
            assert started(project, "--unlock").wait(timeout=300) == 0
    run = started(project)
    assert run.wait(timeout=600) == 0, (project.folder / "output.txt").read_text()
    resumed = faults.resumed + sum(Job(0, Path(log)).resumed() for log in faults.injected)
    with capsys.disabled():
        print(f"\nfaults of Snakemake: {faults.total()} jobs hit, {resumed} resumed")
    assert resumed > 0
    assert_equal(project, undisturbed)
