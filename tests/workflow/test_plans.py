"""What Snakemake would do: dry runs, and errors before anything is done."""

import re

import pytest

from tests.conftest import Plan

from .conftest import MINIATURE, ROOT, Project, planned, rules

LOCAL = ("--profile", "profiles/local")
SLURM = ("--profile", "profiles/slurm")
TALK = ("--configfile", "config/config.yaml")


@pytest.mark.parametrize("arguments", [(*LOCAL, *TALK), SLURM])
def test_the_talk_is_planned_by_default(plan: Plan, arguments: tuple[str, ...]) -> None:
    run = plan(*arguments)
    jobs = planned(run.stdout)
    # Blocks of 5 seeds, 1 or 2 of them per condition. Activations of 11 conditions are dropped.
    blocks = {"train": 9, "train_and_drop": 11}
    assert jobs | blocks | {"measure": 20, "dataset": 4, "study_readings": 1} == jobs
    # Of the conditions with numbers of the talk one is drawn; the first version is another study.
    assert jobs["figure_tolerances"] == 1
    assert not jobs.keys() & {"first_version", "figure_first_version"}
    # Nor does any kind of networks have planes of five conditions.
    assert "study_compression_gap" not in jobs
    # Planes: 9 conditions of 5 seeds.
    assert jobs | {"plane": 9, "calibration": 1, "study_planes": 1} == jobs
    # T5: a job for each of 12 conditions with gaps, and of 6 with pools.
    assert jobs | {"bounds": 12, "supersample": 6, "study_bounds": 1} == jobs
    tasks = {"mnist", "fashion_mnist", "cifar10", "icosahedron"}
    assert set(re.findall(r"dataset=(\w+)", run.stdout)) == tasks


def test_the_page_on_clusters_counts_the_jobs_of_the_talk(plan: Plan) -> None:
    run = plan(*SLURM)
    local = {"all"} | {
        name
        for chapter in (ROOT / "workflow" / "rules").glob("*.smk")
        for name, text in rules(chapter).items()
        if "    localrule: True" in text
    }
    submitted = {rule: n for rule, n in planned(run.stdout).items() if rule not in local}
    with_gpu = len(on_gpu(run.stdout))
    page = (ROOT / "docs" / "cluster.md").read_text()
    assert f"has {sum(submitted.values())} jobs in SLURM, {with_gpu} of them with a GPU" in page


def test_other_schedulers_are_planned_in_the_same_way(plan: Plan) -> None:
    lsf, slurm = (
        plan("--profile", f"profiles/{name}", "--configfile", "config/demo.yaml").stdout
        for name in ("lsf", "slurm")
    )
    assert planned(lsf) == planned(slurm)
    assert sorted(on_gpu(lsf)) == sorted(on_gpu(slurm))
    assert set(on_gpu(lsf)) == {"train"}
    assert lsf.count("lsf_extra=-gpu num=1") == len(on_gpu(lsf))


def on_gpu(output: str) -> list[str]:
    """The rule of each planned job that asks for a GPU."""
    return re.findall(
        r"^rule (\w+):\n(?:    .*\n)*?    resources: .*\bgpu=1\b", output, re.MULTILINE
    )


def test_the_demo_plans_nothing_but_digits(plan: Plan) -> None:
    run = plan(*LOCAL, "--configfile", "config/demo.yaml")
    assert set(re.findall(r"dataset=(\w+)", run.stdout)) == {"digits"}
    blocks = {"train": 3, "dataset": 1, "plane": 2, "toy": 3, "toy_network": 1, "bounds": 4}
    assert planned(run.stdout) | blocks == planned(run.stdout)
    assert not {"gather", "gather_ablation"} & planned(run.stdout).keys()  # one block each
    written = re.findall(r"^    output: (.*)$", run.stdout, re.MULTILINE)
    assert written
    for path in ", ".join(written).split(", "):
        assert path.startswith(("results/demo/", "results/datasets/digits.nc")), path


def test_the_sweep_plans_no_more_than_its_figure_needs(plan: Plan) -> None:
    run = plan(*LOCAL, "--configfile", "config/settings.yaml")
    jobs = planned(run.stdout)
    once = {"all", "study_readings", "figure_where_claims_hold", "start", "explorer"}
    once |= {"study_ablation_gap"}
    of_condition = {"train_and_drop", "measure", "damage", "ablate", "readings"}
    assert jobs.keys() - once == of_condition | {"dataset"}  # 5 seeds in one block: none to gather
    assert {jobs[rule] for rule in of_condition} == {53}
    assert set(re.findall(r"dataset=([\w-]+)", run.stdout)) == {
        *("mnist", "mnist-standardized", "mnist-other-split"),
    }


def test_the_strengths_of_l2_are_compared(plan: Plan) -> None:
    jobs = planned(plan(*LOCAL, "--configfile", "config/strengths.yaml").stdout)
    assert jobs | {"train_and_drop": 6, "ablate": 6, "figure_comparison": 1} == jobs


def test_planes_of_many_conditions_are_compared_and_not_drawn(plan: Plan) -> None:
    jobs = planned(plan(*LOCAL, "--configfile", "config/binary.yaml").stdout)
    drawn = {"figure_planes": 4, "figure_plane": 4, "study_planes": 1}
    assert jobs | {"plane": 76, "study_compression_gap": 1, **drawn} == jobs


def test_splits_have_seeds_of_their_own(plan: Plan) -> None:
    run = plan(*LOCAL, "--configfile", "config/splits.yaml")
    jobs = planned(run.stdout)
    once = {"all", "study_readings", "splits", "figure_splits"}
    assert {jobs[rule] for rule in once} == {1}
    assert jobs | {"dataset": 8, "train_and_drop": 16, "ablate": 16} == jobs  # 3 seeds in one block
    inputs = re.search(r"rule splits:\n    input: (.*)", run.stdout)[1]
    assert inputs == "results/splits/claims.csv"
    blocks = set(re.findall(r"(mnist-split-\d)/100-100/relu/l2/seeds-(\d+-\d+)/", run.stdout))
    assert blocks == {(f"mnist-split-{i + 1}", f"{3 * i}-{3 * i + 2}") for i in range(8)}


def test_the_papers_first_version_is_planned_beside_all_strengths_of_l2(plan: Plan) -> None:
    run = plan(*LOCAL, "--configfile", "config/paper-v1.yaml")
    jobs = planned(run.stdout)
    assert jobs | {"train": 4, "train_and_drop": 3, "ablate": 7, "dataset": 1} == jobs
    assert jobs | {"first_version": 1, "figure_first_version": 1, "figure_comparison": 1} == jobs
    assert "figure_tolerances" not in jobs
    inputs = re.search(r"rule first_version:\n    input: (.*)", run.stdout)[1]
    paths = re.findall(r"sigmoid/(l2-1e-\d)/(?:seeds-0-4/)?ablation-(\w+)\.nc", inputs)
    assert paths == [
        ("l2-1e-5", "information"),
        *((f"l2-1e-{digit}", "sweep") for digit in (6, 4, 3)),
    ]


@pytest.mark.parametrize("kind", ["gaps", "supersample"])
def test_bounds_of_either_kind_are_planned_alone(project: Project, kind: str) -> None:
    """Both are planned for the talk, and none of them for the sweep."""
    bounds = {"seeds": 2, kind: MINIATURE["bounds"][kind]}
    study = project.configure("bounds.yaml", MINIATURE | {"bounds": bounds})
    run = project.snakemake("--cores", "2", "--configfile", study, "-n")
    assert run.returncode == 0, run.stdout
    rule, figures = {
        "gaps": ("bounds", {"error", "cross-entropy"}),
        "supersample": ("supersample", {"supersample", "tighter"}),
    }[kind]
    of_bounds = {"bounds", "supersample", "study_bounds"}
    assert of_bounds & planned(run.stdout).keys() == {rule, "study_bounds"}
    assert set(re.findall(r"figures/bounds-([\w-]+)\.png", run.stdout)) == figures


@pytest.mark.parametrize("arguments", [(*LOCAL, *TALK), SLURM])
def test_only_training_gets_a_gpu_and_only_on_the_cluster(
    plan: Plan, arguments: tuple[str, ...]
) -> None:
    jobs = re.findall(r"^(?:local)?rule (\w+):\n((?:    .*\n)+)", plan(*arguments).stdout, re.M)
    with_gpu = {rule for rule, job in jobs if re.search(r"\bgpu=", job)}
    trained = {"train", "train_and_drop"}
    assert trained < {rule for rule, _ in jobs}
    assert with_gpu == (trained if arguments == SLURM else set())


def test_an_unedited_cluster_profile_is_refused_before_anything_is_submitted(
    project: Project,
) -> None:
    miniature = project.configure("miniature.yaml", MINIATURE)
    run = project.snakemake("--profile", "profiles/slurm", "--configfile", miniature)
    assert run.returncode == 1
    errors = [line for line in run.stdout.splitlines() if line.startswith("profile: ")]
    assert len(errors) == 1, run.stdout
    for words in ("your-account", "your-cpu-partition", "your-gpu-partition", "config.yaml"):
        assert words in errors[0]
    assert "Traceback" not in run.stdout
    assert "submitted with" not in run.stdout
    assert not (project.folder / "results").exists()


def test_a_wrong_configuration_gets_one_message_and_nothing_runs(project: Project) -> None:
    """Of its regularizer only config.yaml knows, which a configuration of one's own replaces.

    All messages are in tests/unit/configuration.
    """
    condition = {**MINIATURE["conditions"][0], "regularizer": "l2"}
    wrong = project.configure("wrong.yaml", MINIATURE | {"conditions": [condition]})
    run = project.snakemake("--profile", "profiles/local", "--configfile", wrong)
    assert run.returncode == 1
    errors = [line for line in run.stdout.splitlines() if line.startswith("configuration: ")]
    assert len(errors) == 1, run.stdout
    assert "l2" in errors[0]
    assert "Traceback" not in run.stdout
    assert not (project.folder / "results").exists()
