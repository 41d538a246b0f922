"""Overhead of a simulated cluster: submission, polling, and time lost, by the mode of the profile.

    python benchmarks/cluster.py --nodes 200 --jobs 500 --seconds 10

needs root, SLURM and munge, as tests/cluster does.  For each mode a SLURM is started on this
machine, with one slurmd a node and two GPUs a node, and `profiles/slurm` runs a plan of jobs of one
rule on it, each on one GPU.

Real are Snakemake, its plan and scheduler, the plugin, its sbatch and squeue, slurmctld and every
slurmd.  Not real are the work, the GPUs, and the two Snakemakes that a job starts: in their place
a small program sleeps for `--seconds`, touches the job's output, and does the same for the next job
of its group.  There is no accounting (sacct), and the network is that of one machine.
"""

from __future__ import annotations

import argparse
import math
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.cluster.slurm import GPUS_PER_NODE, UNSEEN, Cluster, edited, running

MODES: dict[str, dict[str, Any]] = {
    "as shipped": {},
    "jobs: 1000": {"jobs": 1000},
    "groups of 20": {"groups": {"train": "trained"}, "group-components": {"trained": 20}},
    "arrays": {"slurm-array-jobs": "all"},
    "arrays of 100 at most, jobs: 1000": {
        "slurm-array-jobs": "all",
        "slurm-array-limit": 100,
        "jobs": 1000,
    },
    "arrays of 20 at most, jobs: 1000": {
        "slurm-array-jobs": "all",
        "slurm-array-limit": 20,
        "jobs": 1000,
    },
}
"""What each mode changes in the profile."""

STALLED = 150
"""Seconds without a new output, and then no job in the queue: Snakemake is killed."""

SNAKEFILE = """\
rule all:
    input:
        expand("out/{{n}}", n=range({jobs})),


rule train:
    output:
        "out/{{n}}",
    shell:
        "false"
"""

SNAKEMAKE = f"""\
#!{sys.executable}
from snakemake.cli import main
from snakemake_executor_plugin_slurm import Executor
Executor.get_python_executable = lambda executor: "{{program}}"
main()
"""

# In place of the Python that runs Snakemake in a job.  Every task of an array but the first has its
# command in a dictionary that the plugin compresses.
JOB = f"""\
#!{sys.executable} -SE
import base64, json, os, re, sys, time, zlib
command = " ".join(sys.argv)
task = os.environ.get("SLURM_ARRAY_TASK_ID")
if task is not None:
    command, _, others = command.partition("--slurm-jobstep-array-execs")
    if task != os.environ["SLURM_ARRAY_TASK_MIN"]:
        others = json.loads(base64.b64decode(others.lstrip("=")))
        command = zlib.decompress(bytes.fromhex(others[task])).decode()
targets = command.partition("--target-jobs ")[2].partition(" --")[0]
for n in re.findall(r"train:n=(\\d+)", targets):
    time.sleep({{seconds}})
    open(f"out/{{{{n}}}}", "w").close()
"""


@dataclass(frozen=True)
class Load:
    """What one mode cost."""

    mode: str
    jobs: int
    submitted: int
    submitting: float
    seconds: float | None
    ideal: float
    snakemake: float
    controller: float
    queries: int
    lost: int

    def __str__(self) -> str:
        rate = self.submitted / max(self.submitting, 1)
        end = "stopped" if self.seconds is None else f"{self.seconds:.0f}"
        return (
            f"| {self.mode} | {self.jobs:,} | {self.submitted:,} | {self.submitting:.0f} "
            f"| {rate:.1f} | {end} | {self.ideal:.0f} | {self.snakemake:.1f} "
            f"| {self.controller:.1f} | {self.queries:,} | {self.lost:,} |"
        )


HEAD = """\
| mode | jobs | SLURM jobs | s to submit all | submissions per s | s to the end | ideal s \
| CPU s of Snakemake | CPU s of slurmctld | status queries | jobs lost |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("modes", nargs="*", choices=[*MODES, []], metavar="MODE")
    parser.add_argument("--nodes", type=int, default=200)
    parser.add_argument("--jobs", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=10, help="that a job takes")
    arguments = parser.parse_args()
    print(HEAD, flush=True)
    for mode in arguments.modes or MODES:
        with tempfile.TemporaryDirectory() as folder:
            base = Path(folder)
            with running(base / "slurm", UNSEEN, arguments.nodes) as cluster:
                print(load(mode, cluster, base, arguments.jobs, arguments.seconds), flush=True)


def load(mode: str, cluster: Cluster, base: Path, jobs: int, seconds: float) -> Load:
    """Run the plan in one mode on a cluster that has run nothing else."""
    project = made(mode, cluster, base, jobs, seconds)
    pid = int((cluster.base / "run" / "slurmctld.pid").read_text())
    controller = cpu_seconds(pid)
    cluster.do("sdiag", "--reset")
    began, started = time.time(), time.monotonic()
    with (project / "output.txt").open("w") as output:
        snakemake = subprocess.Popen(
            ["snakemake", "--profile", "profile", "--quiet", "progress"],
            cwd=project,
            env=cluster.environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    ended, usage = finished(snakemake.pid, cluster, project / "out", jobs)
    # As the plugin counts them: one squeue a round, and nothing of this program before the end.
    queries = re.search(r"REQUEST_JOB_INFO +\( *\d+\) count:(\d+)", cluster.do("sdiag"))
    controller = cpu_seconds(pid) - controller
    submitted = [
        datetime.fromisoformat(job["SubmitTime"]).timestamp() for job in cluster.jobs().values()
    ]
    if not submitted:
        print((project / "output.txt").read_text(), file=sys.stderr)
    return Load(
        mode=mode,
        jobs=jobs,
        submitted=len(submitted),
        submitting=max(submitted, default=began) - began,
        seconds=None if ended is None else ended - started,
        ideal=math.ceil(jobs / (len(cluster.nodes) * GPUS_PER_NODE)) * seconds,
        snakemake=usage,
        controller=controller,
        queries=int(queries[1]) if queries else 0,
        lost=jobs - len(list((project / "out").iterdir())),
    )


def made(mode: str, cluster: Cluster, base: Path, jobs: int, seconds: float) -> Path:
    """A folder on the login node with the plan and the profile."""
    project = base / "project"
    (project / "out").mkdir(parents=True)
    (project / "Snakefile").write_text(SNAKEFILE.format(jobs=jobs))
    (project / "profile").mkdir()
    profile = edited((ROOT / "profiles" / "slurm" / "config.yaml").read_text())
    del profile["report-stylesheet"]
    (project / "profile" / "config.yaml").write_text(yaml.safe_dump(profile | MODES[mode]))
    cluster.program("job", JOB.format(seconds=seconds))
    cluster.program("snakemake", SNAKEMAKE.format(program=cluster.base / "bin" / "job"))
    return project


def finished(pid: int, cluster: Cluster, outputs: Path, jobs: int) -> tuple[float | None, float]:
    """When Snakemake ended, None if it had to be stopped, and its CPU seconds.

    Those of its sbatch and squeue are among them.
    """
    made, since, stalled = 0, time.monotonic(), False
    while True:
        ended, _, usage = os.wait4(pid, os.WNOHANG)
        if ended:
            seconds = usage.ru_utime + usage.ru_stime
            return None if stalled else time.monotonic(), seconds
        now = len(list(outputs.iterdir()))
        if now != made:
            made, since = now, time.monotonic()
        if not stalled and now < jobs and time.monotonic() - since > STALLED:
            stalled = not cluster.do("squeue", "-h")
            since = time.monotonic()
            if stalled:
                os.kill(pid, signal.SIGKILL)
        time.sleep(1)


def cpu_seconds(pid: int) -> float:
    """Of a process that runs."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
