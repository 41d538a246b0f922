"""Estimates of what a study costs: they count its jobs, and grow with what is asked for."""

from pathlib import Path
from typing import Any

import pytest

from neuroninfo.configuration import cost
from neuroninfo.configuration.cost import Job, jobs
from neuroninfo.configuration.study import Study, load

BASE = {
    "study": "test",
    "device": "cpu",
    "seeds": {"count": 4, "per_job": 2},
    "training": {"epochs": 10},
    "datasets": {"digits": {"validation": 360, "test": 360}},
    "regularizers": {"l2": {"l2": 0.001}},
    "conditions": [
        {"dataset": "digits", "architecture": "30-20", "regularizer": "l2"},
    ],
}


def made(**changes: Any) -> Study:
    return load({**BASE, **changes}, cost.SCHEMA)


def of(study: Study, stage: str) -> list[Job]:
    return [job for job in jobs(study) if job.stage == stage]


def test_every_block_has_its_jobs() -> None:
    found = [job.stage for job in jobs(made())]
    assert sorted(found) == sorted(["train", "measure", "damage", "ablate"] * 2)
    nothing_asked = [{**BASE["conditions"][0], "orderings": []}]
    assert list(jobs(made(conditions=nothing_asked))) == []


def test_jobs_are_those_of_the_plan(plan: Any) -> None:
    """By rule as Snakemake counts them, planes and several sets of orderings included."""
    planned = plan("--quiet", "rules", "--configfile", "config/config.yaml")
    counts = {
        words[0]: int(words[1])
        for words in map(str.split, planned.stdout.splitlines())
        if len(words) == 2 and words[1].isdigit()
    }
    counts["train"] += counts["train_and_drop"]
    config = cost.read_yaml(Path("config/config.yaml").read_text(encoding="utf-8"))
    expected = [job.stage for job in jobs(load(config, cost.SCHEMA))]
    for stage in ("train", "measure", "damage", "ablate", "plane"):
        assert expected.count(stage) == counts[stage], stage


def test_twice_the_networks_or_epochs_take_twice_the_time() -> None:
    start = cost.RATES.start
    (few, _), (many,) = of(made(), "train"), of(made(seeds={"count": 4, "per_job": 4}), "train")
    assert many.cpu_seconds - start == pytest.approx(2 * (few.cpu_seconds - start))
    longer = of(made(training={"epochs": 20}), "train")[0]
    assert longer.cpu_seconds - start == pytest.approx(2 * (few.cpu_seconds - start))


def test_only_what_trains_uses_a_gpu() -> None:
    assert all(job.gpu_seconds == 0 for job in jobs(made()))
    on_gpu = made(device="auto")
    assert {job.stage for job in jobs(on_gpu) if job.gpu_seconds > 0} == {"train"}


def test_activations_that_are_dropped_take_no_disk() -> None:
    kept, dropped = made(activations={"keep": True}), made(activations={"keep": False})
    difference = of(kept, "train")[0].disk_mib - of(dropped, "train")[0].disk_mib
    assert difference == pytest.approx(2 * 360 * (30 + 20 + 10) * 4 / 2**20)


def test_the_table_adds_up(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cost.main(["config/demo.yaml"]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()[4:10]]
    assert [row[0] for row in rows] == ["train", "measure", "damage", "ablate", "plane", "all"]
    assert sum(int(row[1]) for row in rows[:-1]) == int(rows[-1][1])


def test_short_jobs_on_a_gpu_are_named() -> None:
    short = "Of 2 jobs that train, 2 take less than 60 s on a GPU."
    assert short in cost.table(made(device="auto"))
    for other in (made(), made(device="auto", seeds={"count": 4, "per_job": 4})):
        assert "jobs that train" not in cost.table(other)
    long = made(device="auto", training={"epochs": 20_000})
    assert all(job.gpu_seconds > 60 for job in of(long, "train"))
    assert "jobs that train" not in cost.table(long)


def test_a_job_may_take_ten_times_its_estimate() -> None:
    study = made(training={"epochs": 20_000})
    (condition,) = study.plans
    found = cost.stages(study, condition)
    assert set(found) == {"train", "measure", "damage", "ablate information"}
    assert cost.minutes(found["measure"], 2) == cost.STEP  # the least
    (job, _) = of(study, "train")
    asked = cost.minutes(found["train"], job.networks)
    assert asked > cost.STEP
    assert 0 <= asked - 10 * job.cpu_seconds / 60 < cost.STEP


def test_convolutional_networks_are_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    assert cost.main(["config/convolutional.yaml"]) == 0
    printed = capsys.readouterr().out
    assert "Convolutional networks, toys, bounds" in printed
    assert printed.splitlines()[-1].split()[:2] == ["all", "0"]


def test_a_wrong_configuration_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("study: x\nseed: many\n")
    assert cost.main([str(wrong)]) == 1
    assert "wrong.yaml: seed" in capsys.readouterr().err
    assert cost.main([str(tmp_path / "none.yaml")]) == 1
    assert "none.yaml" in capsys.readouterr().err
