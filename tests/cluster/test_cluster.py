"""The study on a SLURM cluster, whole and interrupted: what docs/cluster.md tells users."""

import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import pytest
import torch
import yaml

from neuroninfo.files import storage
from tests import forking
from tests.workflow.conftest import MINIATURE, ROOT, Project

from .conftest import ClusterProject
from .slurm import GPUS_PER_NODE, PATIENCE, Cluster, until

STUDY = {
    **{key: MINIATURE[key] for key in ("datasets", "training", "regularizers")},
    "planes": {**MINIATURE["planes"], "seeds": 1},
    "study": "cluster",
    "device": "cpu",
    "seeds": {"count": 2, "per_job": 1},
    "conditions": [
        {
            "dataset": "digits",
            "architecture": "12-8",
            "regularizer": "dropout",
            "experiments": ["planes"],
        }
    ],
    "orderings": {"information": {"random": 2}},
}
CONFIGURATION = ("--configfile", "config/cluster.yaml")
CONDITION = Path("results/cluster/digits/12-8/relu/dropout")
WHOLE = [
    str(CONDITION / f"{name}.nc")
    for name in ("history", "neurons", "damage", "ablation-information", "plane")
]
TRAINED = ("network", "history", "activations")
TWO_BLOCKS = [str(CONDITION / f"seeds-{seed}-{seed}" / "network.nc") for seed in (0, 1)]
ONE_BLOCK = TWO_BLOCKS[:1]


def made(cluster: Cluster, folder: Path, reference: Project, **changes: object) -> ClusterProject:
    """A project that has its data set already."""
    project = ClusterProject(folder, cluster, **changes)
    project.configure("cluster.yaml", STUDY)
    shutil.copytree(reference.folder / "results/datasets", folder / "results/datasets")
    return project


def complete(project: Project, targets: list[str]) -> None:
    run = project.snakemake(*targets, *CONFIGURATION, "--profile", "profiles/local")
    assert run.returncode == 0, run.stdout


@pytest.fixture(scope="module")
def reference(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The same networks, trained on this machine alone."""
    project = Project(tmp_path_factory.mktemp("reference") / "project")
    project.configure("cluster.yaml", STUDY)
    complete(project, TWO_BLOCKS)
    return project


@pytest.fixture
def project(cluster: Cluster, tmp_path: Path, reference: Project) -> ClusterProject:
    return made(cluster, tmp_path / "project", reference)


@contextmanager
def holding(project: ClusterProject, blocks: list[str]) -> Iterator[subprocess.Popen[str]]:
    """Snakemake whose jobs, one for each block, run on the cluster, and wait."""
    project.hold()
    started = project.start(*blocks, *CONFIGURATION)
    try:
        until(lambda: project.waiting() == len(blocks), "the scripts run")
        assert project.states() == ["RUNNING"] * len(blocks)
        yield started
    finally:
        started.kill()
        started.wait()
        project.release()


@pytest.fixture
def held(project: ClusterProject) -> Iterator[subprocess.Popen[str]]:
    """With two jobs."""
    with holding(project, TWO_BLOCKS) as started:
        yield started


@pytest.fixture
def held_one(project: ClusterProject) -> Iterator[subprocess.Popen[str]]:
    """With one job."""
    with holding(project, ONE_BLOCK) as started:
        yield started


@pytest.fixture(scope="module")
def overtime(
    cluster: Cluster, tmp_path_factory: pytest.TempPathFactory, reference: Project
) -> Iterator[tuple[ClusterProject, subprocess.Popen[str]]]:
    """A job that will reach its time limit, of minutes, while other tests run.

    On a busy machine it may take a minute until it trains.
    """
    folder = tmp_path_factory.mktemp("overtime") / "project"
    project = made(cluster, folder, reference, retries=1)
    limits = {"checkpoints": {"minutes": 1e-6}, "cluster": {"longest_minutes": 3}}
    project.configure("cluster.yaml", STUDY | limits)
    project.hold_in_epoch(2, attempts=1)
    rules = project.folder / "workflow" / "rules" / "training.smk"
    text = rules.read_text()
    own = 'runtime=lasting(estimated("train"))'
    assert text.count(own) == 1
    rules.write_text(text.replace(own, "runtime=lasting(2)"))
    started = project.start(TWO_BLOCKS[0], *CONFIGURATION)
    yield project, started
    started.kill()
    started.wait()
    project.release()


def assert_same(project: Project, reference: Project, path: Path, kind: str) -> None:
    assert storage.identical(project.folder / path, reference.folder / path, kind), path


def assert_are_whole(blocks: list[str], project: Project, reference: Project) -> None:
    for target in blocks:
        for kind in TRAINED:
            assert_same(project, reference, Path(target).with_name(f"{kind}.nc"), kind)
    assert not list((project.folder / "results").rglob("*.part.nc"))


def assert_a_rerun_completes(
    blocks: list[str], project: ClusterProject, reference: Project
) -> None:
    project.release()
    code, output = project.on_cluster(*blocks, *CONFIGURATION)
    assert code == 0, output
    assert_are_whole(blocks, project, reference)


def rule_of(job: dict[str, str]) -> str:
    found = re.match(r"rule_(\w+?)_wildcards", job["Comment"])
    assert found, job
    return found[1]


def at_once(jobs: list[dict[str, str]]) -> int:
    """How many of these jobs ran at the same time, at most."""
    spans = [[datetime.fromisoformat(job[key]) for key in ("StartTime", "EndTime")] for job in jobs]
    return max(sum(start <= moment < end for start, end in spans) for moment, _ in spans)


@pytest.mark.usefixtures("compiled", "overtime")
def test_a_study_on_the_cluster_is_the_study_on_one_machine(
    project: ClusterProject, reference: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(forking.STARTED, "1")  # all jobs, as those of a user are
    code, output = project.on_cluster(*WHOLE, *CONFIGURATION, seconds=600)
    assert code == 0, output
    monkeypatch.delenv(forking.STARTED)
    complete(reference, WHOLE)
    for target in WHOLE:
        kind = Path(target).stem.partition("-")[0]
        assert_same(project, reference, Path(target), kind)
    assert_are_whole(TWO_BLOCKS, project, reference)

    jobs = project.jobs().values()
    assert {job["JobState"] for job in jobs} == {"COMPLETED"}
    trained = {"train", "plane"}
    assert {rule_of(job) for job in jobs} == trained | {"measure", "damage", "ablate"}
    rules = [rule_of(job) for job in jobs]
    assert rules.count("plane") == 2  # two groups of estimators, of one seed
    assert len(jobs) == 4 * STUDY["seeds"]["count"] + 2
    for job in jobs:
        with_gpu = rule_of(job) in trained
        assert job["Partition"] == ("gpu" if with_gpu else "cpu")
        assert job.get("TresPerJob") == ("gres:gpu:1" if with_gpu else None)
    on_gpus = [job for job in project.cluster.jobs().values() if "TresPerJob" in job]
    assert at_once(on_gpus) == len(project.cluster.nodes) * GPUS_PER_NODE


def test_jobs_that_are_one_job_share_a_gpu_one_after_another(
    cluster: Cluster, tmp_path: Path, reference: Project
) -> None:
    grouped = {"groups": {"train": "trained"}, "group_components": {"trained": 2}}
    project = made(cluster, tmp_path / "project", reference, **grouped)
    code, output = project.on_cluster(*TWO_BLOCKS, *CONFIGURATION)
    assert code == 0, output
    (job,) = project.jobs().values()
    assert job["TresPerJob"] == "gres:gpu:1"
    assert job["NumNodes"].split("-")[0] == "1"
    assert (job["MinMemoryNode"], job["TimeLimit"]) == ("1000M", "00:20:00")  # 2 x 10 minutes
    assert_are_whole(TWO_BLOCKS, project, reference)


def test_if_one_of_the_jobs_that_are_one_job_fails_all_are_made_anew(
    cluster: Cluster, tmp_path: Path, reference: Project
) -> None:
    """The page says so, and that the profile has no groups for this reason."""
    grouped = {"groups": {"train": "trained"}, "group_components": {"trained": 2}}
    project = made(cluster, tmp_path / "project", reference, **grouped)
    script = project.folder / "workflow" / "scripts" / "train.py"
    with script.open("a") as file:
        file.write(
            'if Path("ended").exists() and not Path("mended").exists():\n'
            '    raise RuntimeError("the second of them")\n'
            'Path("ended").touch()\n'
        )
    code, output = project.on_cluster(*TWO_BLOCKS, *CONFIGURATION)
    assert code == 1
    assert "RuntimeError: the second of them" in output
    assert (project.folder / "ended").exists()  # the first of them
    assert not [path for path in TWO_BLOCKS if (project.folder / path).exists()]
    (project.folder / "mended").touch()
    assert_a_rerun_completes(TWO_BLOCKS, project, reference)


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a real GPU")
def test_a_job_that_gets_no_cuda_fails_and_says_so_and_without_gpus_it_trains(
    project: ClusterProject, reference: Project
) -> None:
    project.configure("cluster.yaml", STUDY | {"device": "auto"})
    code, output = project.on_cluster(TWO_BLOCKS[0], *CONFIGURATION)
    assert code == 1
    message = r"device is 'auto' and the job was given 1 GPU, but torch \S+ sees no CUDA device"
    log = project.folder / "logs" / CONDITION / "seeds-0-0" / "train.log"
    assert re.search(message, log.read_text())
    assert re.search(message, output)
    assert not (project.folder / CONDITION / "seeds-0-0").exists()
    assert project.states() == ["FAILED"]

    profile = project.folder / "profiles" / "slurm" / "config.yaml"
    entries = yaml.safe_load(profile.read_text())
    del entries["set-resources"]
    profile.write_text(yaml.safe_dump(entries))
    code, output = project.on_cluster(TWO_BLOCKS[0], *CONFIGURATION)
    assert code == 0, output
    assert_same(project, reference, Path(TWO_BLOCKS[0]), "network")
    without = project.jobs()[max(project.jobs())]
    assert without["Partition"] == "cpu"
    assert "TresPerJob" not in without


def test_a_cancelled_job_fails_alone_and_the_rerun_completes(
    project: ClusterProject, held: subprocess.Popen[str], reference: Project
) -> None:
    cancelled = min(project.jobs())
    project.cluster.do("scancel", str(cancelled))
    until(lambda: "CANCELLED" in project.output(), "Snakemake sees that a job was cancelled")
    project.release()
    assert held.wait(PATIENCE) == 1
    assert f"SLURM-job '{cancelled}' failed, SLURM status is: 'CANCELLED'" in project.output()
    assert sorted(project.states()) == ["CANCELLED", "COMPLETED"]
    assert_a_rerun_completes(TWO_BLOCKS, project, reference)
    assert len(project.jobs()) == 3  # what was finished stays


def test_a_job_over_its_time_limit_goes_on_in_another_with_more(
    overtime: tuple[ClusterProject, subprocess.Popen[str]], reference: Project
) -> None:
    """It does not write a state at SIGTERM, since it waits: the one of the epoch before counts."""
    project, started = overtime
    assert started.wait(300 + PATIENCE) == 0, project.output()
    assert project.waiting() == 2
    first, second = (project.jobs()[id] for id in sorted(project.jobs()))
    assert (first["JobState"], second["JobState"]) == ("TIMEOUT", "COMPLETED")
    assert (first["TimeLimit"], second["TimeLimit"]) == ("00:02:00", "00:03:00")
    assert (first["MinMemoryNode"], second["MinMemoryNode"]) == ("1000M", "2000M")
    assert "SLURM status is: 'TIMEOUT'" in project.output()
    log = (project.folder / "logs" / TWO_BLOCKS[0]).with_name("train.log").read_text()
    assert "\nresumed in epoch 2 from results/cluster/checkpoints/" in log
    assert not list((project.folder / "results" / "cluster" / "checkpoints").iterdir())
    for kind in TRAINED:
        assert_same(project, reference, Path(TWO_BLOCKS[0]).with_name(f"{kind}.nc"), kind)


def test_a_job_that_slurm_kills_for_its_memory_gets_twice_as_much(
    strict_cluster: Cluster, tmp_path: Path, reference: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(forking.STARTED, "1")  # SLURM does not see the memory of a forked process
    project = made(strict_cluster, tmp_path / "project", reference, retries=1)
    script = project.folder / "workflow" / "scripts" / "train.py"
    taking = "import time\ntaken = bytearray(900 * 2**20)\ntime.sleep(4)\ndel taken\n"
    text = script.read_text()
    assert text.count("import torch\n") == 1
    script.write_text(text.replace("import torch\n", f"{taking}import torch\n"))
    code, output = project.on_cluster(*ONE_BLOCK, *CONFIGURATION)
    assert code == 0, output
    first, second = (project.jobs()[id] for id in sorted(project.jobs()))
    assert (first["JobState"], second["JobState"]) == ("FAILED", "COMPLETED")
    assert (first["MinMemoryNode"], second["MinMemoryNode"]) == ("1000M", "2000M")
    said = [path.read_text() for path in project.folder.rglob(".snakemake/slurm_logs/**/*.log")]
    assert any("exceeded memory limit" in text for text in said), output
    assert_are_whole(ONE_BLOCK, project, reference)


def test_jobs_that_outlive_a_killed_snakemake_harm_nothing(
    project: ClusterProject, held_one: subprocess.Popen[str], reference: Project
) -> None:
    second = project.snakemake(*ONE_BLOCK, *CONFIGURATION, "--cores", "1")
    assert second.returncode == 1
    assert "Directory cannot be locked" in second.stdout
    held_one.send_signal(signal.SIGKILL)
    held_one.wait(PATIENCE)
    code, output = project.on_cluster(*ONE_BLOCK, *CONFIGURATION)
    assert code == 1
    assert "Directory cannot be locked" in output
    assert project.on_cluster(*CONFIGURATION, "--unlock")[0] == 0
    assert project.states() == ["RUNNING"]
    again = project.start(*ONE_BLOCK, *CONFIGURATION)
    until(lambda: project.waiting() == 2, "the same job runs twice")
    project.release()
    assert again.wait(PATIENCE) == 0, project.output()
    assert_are_whole(ONE_BLOCK, project, reference)
    until(lambda: "RUNNING" not in project.states(), "all jobs ended")
    assert_are_whole(ONE_BLOCK, project, reference)


@pytest.mark.usefixtures("compiled")
def test_after_a_kill_users_do_what_the_page_says(project: ClusterProject) -> None:
    """Word for word: the default study, made small, is killed and completed."""
    page = (ROOT / "docs" / "cluster.md").read_text()
    first, after_a_kill = re.findall(r"^```bash\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    condition = {**STUDY["conditions"][0], "experiments": [], "figures": False}
    study = STUDY | {"seeds": {"count": 1, "per_job": 1}, "conditions": [condition]}
    project.configure("config.yaml", study)
    project.hold()
    started = project.type(*first.strip().splitlines()[-1].split())
    try:
        until(lambda: project.waiting() == 1, "the script runs")
    finally:
        started.kill()
        started.wait()
    again = project.type("bash", "-ec", after_a_kill)
    try:
        until(lambda: project.waiting() == 2, "the script runs again")
        assert sorted(project.states()) == ["CANCELLED", "RUNNING"]
        project.release()
        assert again.wait(PATIENCE) == 0, project.output()
    finally:
        again.kill()
        again.wait()
        project.release()
    assert (project.folder / "results" / "cluster" / "claims.csv").exists()


def test_an_interrupt_cancels_the_jobs_and_the_rerun_completes(
    project: ClusterProject, held: subprocess.Popen[str], reference: Project
) -> None:
    project.has_asked()
    held.send_signal(signal.SIGINT)
    assert held.wait(PATIENCE) == 1
    until(lambda: set(project.states()) == {"CANCELLED"}, "both jobs are cancelled")
    assert_a_rerun_completes(ONE_BLOCK, project, reference)


def test_the_controller_restarts(
    project: ClusterProject, held_one: subprocess.Popen[str], reference: Project
) -> None:
    """A job ends while it is away."""
    project.cluster.stop("slurmctld")
    try:
        project.release()
        until((project.folder / ONE_BLOCK[0]).exists, "the script has ended")
    finally:
        project.cluster.start_controller()
    assert held_one.wait(PATIENCE) == 0, project.output()
    assert_are_whole(ONE_BLOCK, project, reference)
    assert len(project.jobs()) == 1


def test_jobs_of_a_failed_node_start_again(
    project: ClusterProject, held: subprocess.Popen[str], reference: Project
) -> None:
    node = project.jobs()[min(project.jobs())]["NodeList"]
    lost = [id for id, job in project.jobs().items() if job["NodeList"] == node]
    project.cluster.lose(node)
    try:
        until(lambda: project.waiting() == 2 + len(lost), "jobs run on the other node")
        project.release()
        assert held.wait(PATIENCE) == 0, project.output()
        assert_are_whole(TWO_BLOCKS, project, reference)
        assert [project.jobs()[id]["Restarts"] for id in lost] == ["1"] * len(lost)
    finally:
        project.cluster.start_node(node)
        until(project.cluster.idle, "both nodes idle")
