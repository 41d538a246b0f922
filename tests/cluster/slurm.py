"""A real SLURM on one machine: munged, slurmctld and nodes with simulated GPUs, one slurmd each."""

import os
import random
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import yaml

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "scontrol")
GPUS_PER_NODE = 2
PATIENCE = 400  # seconds that anything but a whole study may take, on a busy machine

# A job of a failed node waits until its credential has expired: cred_expire.
SLURM_CONF = """\
ClusterName=fake
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
SlurmctldPort={port}
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
{nodes}
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

    def __init__(self, base: Path, gathering: str, nodes: int) -> None:
        self.base = base
        self.nodes = [f"n{number}" for number in range(1, nodes + 1)]
        folders = (f"state/slurmd-{node}" for node in self.nodes)
        for name in ("run", "log", "state", "dev", "bin", *folders):
            (base / name).mkdir(parents=True)
        base.chmod(0o700)
        for gpu in range(GPUS_PER_NODE):  # like /dev/null
            os.mknod(base / "dev" / f"gpu{gpu}", 0o020666, os.makedev(1, 3))
        (base / "munge.key").write_bytes(secrets.token_bytes(1024))
        (base / "munge.key").chmod(0o400)
        conf = base / "slurm.conf"
        port, *ports = free_ports(1 + nodes)
        host = socket.gethostname()
        conf.write_text(
            SLURM_CONF.format(
                base=base,
                host=host,
                port=port,
                nodes="\n".join(
                    f"NodeName={node} NodeHostname={host} NodeAddr=127.0.0.1 Port={port}"
                    for node, port in zip(self.nodes, ports, strict=True)
                ),
                gpus=GPUS_PER_NODE,
                gathering=gathering,
            )
        )
        (base / "gres.conf").write_text(
            f"NodeName=n[1-{nodes}] Name=gpu Type=fake File={base}/dev/gpu[0-{GPUS_PER_NODE - 1}]\n"
        )
        (base / "cgroup.conf").write_text(
            "CgroupAutomount=no\nConstrainCores=no\nConstrainDevices=no\nConstrainRAMSpace=no\n"
        )
        # The jobstep plugin drops SLURM_CONF; elsewhere it is /etc/slurm/slurm.conf.
        self.program("srun", f'#!/bin/sh\nSLURM_CONF={conf} exec {shutil.which("srun")} "$@"\n')
        # Without accounting, sacct knows no job. If the controller does not answer, the plugin asks
        # it nevertheless, until it forgets its jobs: here, `which` does not find it.
        which = f'#!/bin/sh\n[ "$1" = sacct ] || exec {shutil.which("which")} "$@"\nexit 1\n'
        self.program("which", which)
        path = (str(base / "bin"), str(Path(sys.executable).parent), os.environ["PATH"])
        self.environment = os.environ | {"SLURM_CONF": str(conf), "PATH": ":".join(path)}

    def program(self, name: str, text: str) -> None:
        """A command of the login node."""
        file = self.base / "bin" / name
        file.write_text(text)
        file.chmod(0o755)

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
        for node in self.nodes:
            self.start_node(node)
        until(self.idle, "all nodes idle")

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
        return done.stdout.split() == ["idle"] * len(self.nodes)

    def stop(self, *daemons: str) -> None:
        """By their pid files only; first all are told, because each takes a second."""
        told = {}
        for daemon in daemons:
            file = self.base / "run" / f"{daemon}.pid"
            if file.exists():
                told[daemon] = int(file.read_text())
        for pid in told.values():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
        for daemon, pid in told.items():
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
    """Below those that the system gives to connections, which come while daemons are started."""
    found: list[int] = []
    port = random.randrange(10_000, 30_000)
    while len(found) < count:
        port += 1
        with socket.socket() as one:
            try:
                one.bind(("", port))
            except OSError:
                continue
        found.append(port)
    return found


def edited(profile: str) -> dict[str, Any]:
    """The profile of the project as a user of this cluster edits it."""
    for placeholder, name in (("your-cpu-partition", "cpu"), ("your-gpu-partition", "gpu")):
        assert profile.count(placeholder) == 1
        profile = profile.replace(placeholder, name)
    # Planes on a GPU, too, as docs/cluster.md says.
    assert profile.count("# plane: *gpu") == 1
    settings = yaml.safe_load(profile.replace("# plane: *gpu", "plane: *gpu"))
    # Without accounting the plugin refuses every account, and squeue tells a job's state.
    del settings["default-resources"]["slurm_account"]
    return settings | {"slurm-status-command": "squeue"}


@contextmanager
def running(base: Path, gathering: str, nodes: int) -> Iterator[Cluster]:
    """A cluster from its start to its end."""
    cluster = Cluster(base, gathering, nodes)
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
        cluster.stop(*(f"slurmd-{node}" for node in cluster.nodes), "slurmctld", "munged")
