"""A real SLURM on this machine: munged, slurmctld and two nodes with two fake GPUs each."""

import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from tests.workflow.conftest import Project

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "scontrol")
NODES = ("n1", "n2")
GPUS_PER_NODE = 2
PATIENCE = 400  # seconds that anything but a whole study may take, on a busy machine

# The plugin asks for states ever less often, up to every three minutes, and no option changes that.
# Each pause between two questions begins with a file, `asked`.
SNAKEMAKE = f"""\
#!{sys.executable}
import asyncio
from pathlib import Path
from snakemake.cli import main
from snakemake_executor_plugin_slurm import Executor
async def pause(executor):
    Path("asked").touch()
    await asyncio.sleep(1)
Executor.sleep = pause
main()
"""

# A job of a failed node waits until its credential has expired: cred_expire.
SLURM_CONF = """\
ClusterName=fake
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
SlurmctldPort={ports[0]}
AuthType=auth/munge
AuthInfo=socket={base}/run/munge.socket,cred_expire=5
CryptoType=crypto/munge
CommunicationParameters=NoAddrCache
StateSaveLocation={base}/state
SlurmdSpoolDir={base}/state/slurmd-%n
SlurmctldPidFile={base}/run/slurmctld.pid
SlurmdPidFile={base}/run/slurmd-%n.pid
SlurmctldLogFile={base}/log/slurmctld.log
SlurmdLogFile={base}/log/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
ReturnToService=2
SlurmdParameters=config_overrides
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=2,bf_interval=1,batch_sched_delay=0,sched_min_interval=0
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
GresTypes=gpu
MinJobAge=3600
KillWait=5
InactiveLimit=0
DefMemPerCPU=100
AccountingStorageType=accounting_storage/none
{gathering}
JobCompType=jobcomp/none
NodeName=DEFAULT CPUs=8 RealMemory=32000 Gres=gpu:fake:{gpus} State=UNKNOWN
NodeName=n1 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[1]}
NodeName=n2 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[2]}
PartitionName=cpu Nodes=ALL MaxTime=600 State=UP
PartitionName=gpu Nodes=ALL MaxTime=600 State=UP
"""

# Memory of jobs: nobody looks at it, or each job that takes more than it asked for is killed.
UNSEEN = "JobAcctGatherType=jobacct_gather/none"
KILLING = """\
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill"""


def until(true: Callable[[], object], what: str, seconds: float = PATIENCE) -> None:
    """Wait for something; the test fails with its name if it does not come."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        time.sleep(0.2)


class Cluster:
    """Daemons in a folder of their own; `environment` is that of a user on the login node."""

    def __init__(self, base: Path, gathering: str) -> None:
        self.base = base
        for name in ("run", "log", "state", "dev", "bin", *(f"state/slurmd-{n}" for n in NODES)):
            (base / name).mkdir(parents=True)
        base.chmod(0o700)
        for gpu in range(GPUS_PER_NODE):  # like /dev/null
            os.mknod(base / "dev" / f"gpu{gpu}", 0o020666, os.makedev(1, 3))
        (base / "munge.key").write_bytes(secrets.token_bytes(1024))
        (base / "munge.key").chmod(0o400)
        conf = base / "slurm.conf"
        conf.write_text(
            SLURM_CONF.format(
                base=base,
                host=socket.gethostname(),
                ports=free_ports(3),
                gpus=GPUS_PER_NODE,
                gathering=gathering,
            )
        )
        (base / "gres.conf").write_text(
            f"NodeName=n[1-2] Name=gpu Type=fake File={base}/dev/gpu[0-{GPUS_PER_NODE - 1}]\n"
        )
        (base / "cgroup.conf").write_text(
            "CgroupAutomount=no\nConstrainCores=no\nConstrainDevices=no\nConstrainRAMSpace=no\n"
        )
        # The jobstep plugin drops SLURM_CONF; elsewhere it is /etc/slurm/slurm.conf.
        srun = f'#!/bin/sh\nSLURM_CONF={conf} exec {shutil.which("srun")} "$@"\n'
        for name, text in (("srun", srun), ("snakemake", SNAKEMAKE)):
            program = base / "bin" / name
            program.write_text(text)
            program.chmod(0o755)
        path = (str(base / "bin"), str(Path(sys.executable).parent), os.environ["PATH"])
        self.environment = os.environ | {"SLURM_CONF": str(conf), "PATH": ":".join(path)}

    def start(self) -> None:
        run, log = self.base / "run", self.base / "log"
        self.do(
            "munged",
            "--force",  # folders of pytest are for one user only
            f"--key-file={self.base}/munge.key",
            f"--socket={run}/munge.socket",
            f"--pid-file={run}/munged.pid",
            f"--log-file={log}/munged.log",
            f"--seed-file={self.base}/state/munge.seed",
        )
        self.start_controller()
        for node in NODES:
            self.start_node(node)
        until(self.idle, "both nodes idle")

    def start_controller(self) -> None:
        self.do("slurmctld")

    def start_node(self, node: str) -> None:
        self.do("slurmd", "-N", node)

    def idle(self) -> bool:
        done = subprocess.run(
            ["sinfo", "-h", "-N", "-p", "cpu", "-o", "%T"],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stdout.split() == ["idle"] * len(NODES)

    def stop(self, *daemons: str) -> None:
        """By their pid files only."""
        for daemon in daemons:
            file = self.base / "run" / f"{daemon}.pid"
            if not file.exists():
                continue
            pid = int(file.read_text())
            try:
                os.kill(pid, signal.SIGTERM)
            except ProcessLookupError:
                continue
            until(lambda pid=pid: not Path(f"/proc/{pid}").exists(), f"{daemon} stopped")

    def lose(self, node: str) -> None:
        """The node loses its power: nothing of it lives on, and the controller finds it down."""
        lost = [id for id, job in self.jobs().items() if job["NodeList"] == node]
        self.stop(f"slurmd-{node}")
        for process in Path("/proc").glob("[0-9]*"):
            try:
                environment = (process / "environ").read_bytes().split(b"\0")
                title = (process / "cmdline").read_bytes()
            except OSError:
                continue
            if f"SLURM_CONF={self.base}/slurm.conf".encode() in environment and any(
                f"SLURM_JOB_ID={id}".encode() in environment
                or title.startswith(f"slurmstepd: [{id}.".encode())
                for id in lost
            ):
                os.kill(int(process.name), signal.SIGKILL)
        self.do("scontrol", "update", f"nodename={node}", "state=down", "reason=test")

    def do(self, *command: str) -> str:
        done = subprocess.run(
            command, env=self.environment, capture_output=True, text=True, check=False, timeout=60
        )
        assert done.returncode == 0, (command, done.stdout, done.stderr)
        return done.stdout

    def jobs(self) -> dict[int, dict[str, str]]:
        """Job id -> what the controller says of it; nothing is forgotten for an hour."""
        found = {}
        for line in self.do("scontrol", "show", "job", "--oneliner").splitlines():
            fields = dict(re.findall(r"(\w+)=(\S*)", line))
            if "JobId" in fields:
                found[int(fields["JobId"])] = fields
        return found


def free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


class ClusterProject(Project):
    """A copy of the project on the login node, and how its jobs are held."""

    def __init__(self, folder: Path, cluster: Cluster, **changes: object) -> None:
        super().__init__(folder)
        self.cluster = cluster
        self.profile(**changes)

    def profile(self, **changes: object) -> None:
        """The profile as a user edits it, and polled faster."""
        path = self.folder / "profiles" / "slurm" / "config.yaml"
        text = path.read_text()
        for placeholder, name in (("your-cpu-partition", "cpu"), ("your-gpu-partition", "gpu")):
            assert text.count(placeholder) == 1
            text = text.replace(placeholder, name)
        profile = yaml.safe_load(text)
        # Without accounting the plugin refuses every account, and squeue tells a job's state.
        del profile["default-resources"]["slurm_account"]
        profile |= {
            "slurm-status-command": "squeue",
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
                env=self.cluster.environment,
                text=True,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                # A shell that puts the tests in the background (&) has them ignore SIGINT.
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
            )

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
    with running(tmp_path_factory.mktemp("slurm"), UNSEEN) as cluster:
        yield cluster


@pytest.fixture
def strict_cluster(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Another one, that kills jobs which take more memory than they asked for."""
    with running(tmp_path_factory.mktemp("slurm"), KILLING) as strict:
        yield strict


@contextmanager
def running(base: Path, gathering: str) -> Iterator[Cluster]:
    """A cluster from its start to its end."""
    cluster = Cluster(base, gathering)
    try:
        cluster.start()
        yield cluster
        subprocess.run(["scancel", "--state=RUNNING"], env=cluster.environment, check=False)
        subprocess.run(["scancel", "--state=PENDING"], env=cluster.environment, check=False)
        until(
            lambda: not cluster.do("squeue", "-h"),
            "no jobs left",
            30,
        )
    finally:
        cluster.stop(*(f"slurmd-{node}" for node in NODES), "slurmctld", "munged")
