"""The project on the login node of a SLURM with two nodes of two simulated GPUs each."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from tests import forking
from tests.workflow.conftest import Project

from .slurm import KILLING, PATIENCE, PROGRAMS, UNSEEN, Cluster, edited, running, until

NODES = 2

# The plugin asks for states ever less often, up to every three minutes, and no option changes that.
# Each pause between two questions begins with a file, `asked`.  Jobs are forked (tests/forking.py).
SNAKEMAKE = f"""\
#!{sys.executable}
import asyncio
import os
import sys
from pathlib import Path
from snakemake.cli import main
from snakemake_executor_plugin_slurm import Executor
async def pause(executor):
    Path("asked").touch()
    await asyncio.sleep(1)
Executor.sleep = pause
sys.executable = os.environ["JOBS_PYTHON"]
main()
"""


class ClusterProject(Project):
    """A copy of the project on the login node, and how its jobs are held."""

    def __init__(self, folder: Path, cluster: Cluster, **changes: object) -> None:
        super().__init__(folder)
        self.cluster = cluster
        self.profile(**changes)

    def profile(self, **changes: object) -> None:
        """The profile as a user edits it, and polled faster."""
        path = self.folder / "profiles" / "slurm" / "config.yaml"
        profile = edited(path.read_text()) | {
            "slurm-init-seconds-before-status-checks": 1,
            "max-jobs-per-timespan": "10/1s",
            "max-status-checks-per-second": 1,
            # As long as anything may take: asked for the last time in vain, the plugin forgets its
            # jobs and waits forever. The profile asks every ten seconds, not every second.
            "slurm-status-attempts": PATIENCE,
            "latency-wait": 5,
            "retries": 0,
        }
        path.write_text(
            yaml.safe_dump(profile | {k.replace("_", "-"): v for k, v in changes.items()})
        )

    def hold(self) -> None:
        """Make training wait for `release`, without any change to what it computes."""
        script = self.folder / "workflow" / "scripts" / "train.py"
        text = script.read_text()
        waiting = (
            'import os, time\nPath(f"started-{os.getpid()}").touch()\n'
            'while not Path("released").exists():\n    time.sleep(0.1)\n'
        )
        assert text.count("import torch\n") == 1
        script.write_text(text.replace("import torch\n", f"{waiting}import torch\n"))

    def hold_in_epoch(self, epoch: int, attempts: int = 99) -> None:
        """Make the first attempts to train wait for `release` when this epoch is over."""
        script = self.folder / "workflow" / "scripts" / "train.py"
        text = script.read_text()
        waiting = (
            "import os, time\n\n\ndef waiting(line):\n    print(line)\n"
            f'    if line.startswith("epoch {epoch}"):\n'
            '        Path(f"started-{os.getpid()}").touch()\n'
            f'        held = len(list(Path().glob("started-*"))) <= {attempts}\n'
            '        while held and not Path("released").exists():\n'
            "            time.sleep(0.1)\n\n\n"
        )
        assert text.count("import torch\n") == text.count("report=print") == 1
        text = text.replace("import torch\n", f"{waiting}import torch\n")
        script.write_text(text.replace("report=print", "report=waiting"))

    def waiting(self) -> int:
        """Scripts that have begun to wait."""
        return len(list(self.folder.glob("started-*")))

    def has_asked(self) -> None:
        """Wait until Snakemake has just asked for the states of its jobs.

        While it asks, its list of jobs is empty, and an interrupt cancels none of them.
        """
        asked = self.folder / "asked"
        asked.unlink(missing_ok=True)
        until(asked.exists, "Snakemake asks for states")

    def release(self) -> None:
        (self.folder / "released").touch()

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Snakemake on the cluster in the background."""
        return self.type("snakemake", "--profile", "profiles/slurm", *arguments)

    def type(self, *command: str) -> subprocess.Popen[str]:
        """A command of a user, in the background and in a session of its own."""
        with (self.folder / "output.txt").open("w") as output:
            return subprocess.Popen(
                command,
                cwd=self.folder,
                env=self.environment(),
                text=True,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                # A shell that puts the tests in the background (&) has them ignore SIGINT.
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
            )

    def environment(self) -> dict[str, str]:
        """That of the user, who may also ask for jobs that are started."""
        python, environment = forking.python()
        return environment | self.cluster.environment | {"JOBS_PYTHON": python}

    def on_cluster(self, *arguments: str, seconds: float = PATIENCE) -> tuple[int, str]:
        """Exit status and output of Snakemake on the cluster."""
        started = self.start(*arguments)
        try:
            return started.wait(seconds), self.output()
        finally:
            started.kill()
            started.wait()

    def output(self) -> str:
        return (self.folder / "output.txt").read_text()

    def jobs(self) -> dict[int, dict[str, str]]:
        """Jobs of this project."""
        jobs = self.cluster.jobs()
        return {id: job for id, job in jobs.items() if job["WorkDir"] == str(self.folder)}

    def states(self) -> list[str]:
        return [job["JobState"] for job in self.jobs().values()]


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    if missing or os.geteuid() != 0:
        pytest.skip(
            f"a real SLURM needs {', '.join(missing)}: apt-get install slurmctld slurmd "
            "slurm-client munge"
            if missing
            else "a real SLURM needs root, to make device files and to run as any user"
        )
    with simulated(tmp_path_factory.mktemp("slurm"), UNSEEN) as cluster:
        yield cluster


@pytest.fixture
def strict_cluster(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Another one, that kills jobs which take more memory than they asked for."""
    with simulated(tmp_path_factory.mktemp("slurm"), KILLING) as strict:
        yield strict


@contextmanager
def simulated(base: Path, gathering: str) -> Iterator[Cluster]:
    """A cluster with the tests' Snakemake, which asks for states every second."""
    with running(base, gathering, NODES) as cluster:
        cluster.program("snakemake", SNAKEMAKE)
        yield cluster
