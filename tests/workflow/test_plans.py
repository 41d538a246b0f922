"""What Snakemake would do: dry runs, and errors before anything is done."""

import re

import pytest

from .conftest import MINIATURE, ROOT, Project, planned, rules


@pytest.mark.parametrize("profile", ["local", "slurm"])
def test_the_talk_is_planned_by_default(project: Project, profile: str) -> None:
    run = project.snakemake("--profile", f"profiles/{profile}", "-n")
    assert run.returncode == 0, run.stdout
    jobs = planned(run.stdout)
    # 5 conditions of 20 seeds, whose activations are kept, and 16 of 5 seeds: blocks of 5.
    blocks = {"train": 20, "train_and_drop": 16}
    assert jobs | blocks | {"measure": 36, "dataset": 4, "study_readings": 1} == jobs
    # Of the conditions with numbers of the talk one is drawn; the first version is another study.
    assert jobs | {"tolerances": 1, "figure_tolerances": 1} == jobs
    assert not jobs.keys() & {"first_version", "figure_first_version"}
    # Planes: 5 conditions of 20 seeds and 4 of 5.
    assert jobs | {"plane": 24, "calibration": 1, "study_planes": 1} == jobs
    # T5: a job for each of 12 conditions with gaps, and of 6 with pools.
    assert jobs | {"bounds": 12, "supersample": 6, "figure_bounds": 1, "study_bounds": 1} == jobs
    tasks = {"mnist", "fashion_mnist", "cifar10", "icosahedron"}
    assert set(re.findall(r"dataset=(\w+)", run.stdout)) == tasks


def test_the_page_on_clusters_counts_the_jobs_of_the_talk(project: Project) -> None:
    run = project.snakemake("--profile", "profiles/slurm", "-n")
    local = {"all"} | {
        name
        for chapter in (ROOT / "workflow" / "rules").glob("*.smk")
        for name, text in rules(chapter).items()
        if "    localrule: True" in text
    }
    submitted = {rule: n for rule, n in planned(run.stdout).items() if rule not in local}
    trained = ("train", "train_and_drop", "plane", "bounds", "supersample")
    with_gpu = sum(submitted.get(rule, 0) for rule in trained)
    page = (ROOT / "docs" / "cluster.md").read_text()
    assert f"is {sum(submitted.values())} jobs in SLURM, {with_gpu} of them with a GPU" in page


def test_the_demo_plans_nothing_but_digits(project: Project) -> None:
    run = project.snakemake("--cores", "2", "--configfile", "config/demo.yaml", "-n")
    assert run.returncode == 0, run.stdout
    assert set(re.findall(r"dataset=(\w+)", run.stdout)) == {"digits"}
    blocks = {"train": 6, "dataset": 1, "plane": 2, "toy": 3, "toy_network": 2, "bounds": 4}
    assert planned(run.stdout) | blocks == planned(run.stdout)
    assert not {"gather", "gather_ablation"} & planned(run.stdout).keys()  # one block each
    written = re.findall(r"^    output: (.*)$", run.stdout, re.MULTILINE)
    assert written
    for path in ", ".join(written).split(", "):
        assert path.startswith(("results/demo/", "results/datasets/digits.nc")), path


def test_the_sweep_plans_no_more_than_its_figure_needs(project: Project) -> None:
    run = project.snakemake("--cores", "2", "--configfile", "config/settings.yaml", "-n")
    assert run.returncode == 0, run.stdout
    jobs = planned(run.stdout)
    once = {"all", "study_readings", "figure_where_claims_hold"}
    of_condition = {"train_and_drop", "measure", "damage", "ablate", "readings"}
    assert jobs.keys() - once == of_condition | {"dataset"}  # 5 seeds in one block: none to gather
    assert {jobs[rule] for rule in of_condition} == {48}
    assert set(re.findall(r"dataset=([\w-]+)", run.stdout)) == {
        *("mnist", "mnist-standardized", "mnist-other-split"),
    }


def test_the_papers_first_version_is_planned_beside_all_strengths_of_l2(project: Project) -> None:
    run = project.snakemake("--cores", "2", "--configfile", "config/paper-v1.yaml", "-n")
    assert run.returncode == 0, run.stdout
    jobs = planned(run.stdout)
    assert jobs | {"train": 4, "train_and_drop": 3, "ablate": 7, "dataset": 1} == jobs
    assert jobs | {"first_version": 1, "figure_first_version": 1, "figure_comparison": 1} == jobs
    assert "tolerances" not in jobs
    inputs = re.search(r"rule first_version:\n    input: (.*)", run.stdout)[1]
    paths = re.findall(r"sigmoid/(l2-1e-\d)/ablation-(\w+)\.nc", inputs)
    assert paths == [
        ("l2-1e-5", "information"),
        *((f"l2-1e-{digit}", "sweep") for digit in (6, 4, 3)),
    ]


@pytest.mark.parametrize("kinds", [(), ("gaps",), ("supersample",), ("gaps", "supersample")])
def test_bounds_of_either_kind_are_planned_alone(project: Project, kinds: tuple[str, ...]) -> None:
    own = {kind: MINIATURE["bounds"][kind] for kind in kinds}
    study = project.configure("bounds.yaml", MINIATURE | {"bounds": {"seeds": 2} | own})
    run = project.snakemake("--cores", "2", "--configfile", study, "-n")
    assert run.returncode == 0, run.stdout
    rules = {
        "gaps": ("bounds", "figure_bounds"),
        "supersample": ("supersample", "figure_bounds_supersample"),
    }
    expected = {rule for kind in kinds for rule in rules[kind]} | (
        {"study_bounds"} if kinds else set()
    )
    of_bounds = {"study_bounds"}.union(*rules.values())
    assert of_bounds & set(planned(run.stdout)) == expected


@pytest.mark.parametrize("profile", ["local", "slurm"])
def test_only_training_gets_a_gpu_and_only_on_the_cluster(project: Project, profile: str) -> None:
    with_gpu = set()
    for keep in (True, False):
        miniature = project.configure("miniature.yaml", MINIATURE | {"activations": {"keep": keep}})
        run = project.snakemake("--profile", f"profiles/{profile}", "--configfile", miniature, "-n")
        jobs = re.findall(r"^(?:local)?rule (\w+):\n((?:    .*\n)+)", run.stdout, re.MULTILINE)
        with_gpu |= {rule for rule, job in jobs if re.search(r"\bgpu=", job)}
    trained = {"train", "train_and_drop", "plane", "bounds", "supersample"}
    assert with_gpu == (trained if profile == "slurm" else set())


def test_an_unedited_cluster_profile_is_refused_before_anything_is_submitted(
    project: Project,
) -> None:
    miniature = project.configure("miniature.yaml", MINIATURE)
    run = project.snakemake("--profile", "profiles/slurm", "--configfile", miniature)
    assert run.returncode == 1
    errors = [line for line in run.stdout.splitlines() if line.startswith("profile: ")]
    assert len(errors) == 1, run.stdout
    for words in ("your-account", "your-cpu-partition", "your-gpu-partition", "slurm/config.yaml"):
        assert words in errors[0]
    assert "Traceback" not in run.stdout
    assert "submitted with" not in run.stdout
    assert not (project.folder / "results").exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"trainig": {}}, r"trainig.*did you mean 'training'"),
        ({"seeds": {"count": "two"}}, r"seeds\.count.*two"),
        ({"conditions": [{**MINIATURE["conditions"][0], "dataset": "minst"}]}, r"minst.*mnist"),
        ({"conditions": [{**MINIATURE["conditions"][0], "regularizer": "l3"}]}, r"l3"),
        ({"study": None}, r"study"),
        # Defined in config.yaml, which a configuration of one's own replaces.
        ({"conditions": [{**MINIATURE["conditions"][0], "regularizer": "l2"}]}, r"l2"),
    ],
)
def test_a_wrong_configuration_gets_one_message_and_nothing_runs(
    project: Project, change: dict, message: str
) -> None:
    wrong = project.configure("wrong.yaml", MINIATURE | change)
    run = project.snakemake("--profile", "profiles/local", "--configfile", wrong)
    assert run.returncode == 1
    errors = [line for line in run.stdout.splitlines() if line.startswith("configuration: ")]
    assert len(errors) == 1, run.stdout
    assert re.search(message, errors[0])
    assert "Traceback" not in run.stdout
    assert not (project.folder / "results").exists()
