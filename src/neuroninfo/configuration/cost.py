"""The cost of a study before it runs: jobs, CPU and GPU hours, memory, files and disk.

    python -m neuroninfo.configuration.cost config/config.yaml

The times are estimates by rates of one core and one GPU of 2026 (`Rates`), of the stages that make
nearly all of the work; they are right within a factor of four.
"""

from __future__ import annotations

import itertools
import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from neuroninfo.configuration.bundles import bundles
from neuroninfo.configuration.memory import needed
from neuroninfo.configuration.messages import ConfigurationError
from neuroninfo.configuration.plans import Condition, Plan
from neuroninfo.configuration.schema import read_yaml
from neuroninfo.configuration.sizes import Sizes, sizes
from neuroninfo.configuration.study import Study, load

SCHEMA: Final = Path(__file__).resolve().parents[3] / "workflow/schemas/config.schema.yaml"


@dataclass(frozen=True)
class Rates:
    """How fast one core and one GPU are, as `benchmarks/run.py` and `benchmarks/gpu.py` measure."""

    start: float = 2.0
    """Seconds until a job has imported what it needs."""
    flops: float = 100e9
    """Speed of the products of training on one core, per second."""
    step: float = 100e-6
    """Seconds that a step of training takes per layer beside its products."""
    gpu_step: float = 500e-6
    """Seconds of a step of training on a GPU."""
    gpu_networks: int = 20
    """Number of networks that together take no longer than one."""
    quantized: float = 60e-9
    """Seconds per neuron, example and quantizer."""
    removal: float = 7e-9
    """Seconds per example and removal of a neuron, beside the weights behind its layer."""
    weight: float = 1.5e-12
    """Seconds per example, removal and weight behind the neuron's layer."""
    estimate: float = 60e-9
    """Seconds of a plane's estimator per epoch, network, example and neuron."""


RATES: Final = Rates()

MARGIN: Final = 10
"""A job is allowed to take so many times its estimate, for slower processors and file systems."""
MERGED_SECONDS: Final = 60
"""Jobs on a GPU that are shorter should be merged (chosen)."""
STEP: Final = 10
"""The minutes that a job asks for are a multiple of this."""


@dataclass(frozen=True)
class Job:
    """A job of one stage and one condition."""

    stage: str
    condition: Condition
    block: tuple[int, int]
    """First and last seed."""
    networks: int
    cpu_seconds: float
    gpu_seconds: float
    """0: it does not use a GPU."""
    memory_mib: int
    files: int
    disk_mib: float


def jobs(study: Study, rates: Rates = RATES) -> list[Job]:
    """Jobs that train, measure and ablate the conditions of a study, and estimate their planes.

    Convolutional networks are left out.

    Parameters
    ----------
    study
        A checked configuration.
    rates
        How fast the machine is.
    """
    alone = list(_of_blocks(study, rates))
    others = [job for job in alone if job.stage != "train"]
    training = {(job.condition, job.block): job for job in alone if job.stage == "train"}
    together = [
        _bundle([training.pop((condition, bundle.block)) for condition in bundle.conditions], rates)
        for bundle in bundles(study).values()
    ]
    return [*training.values(), *together, *others]


def _bundle(members: Sequence[Job], rates: Rates) -> Job:
    """One job for several blocks: a GPU trains its networks together."""
    networks = sum(job.networks for job in members)
    alone = members[0].gpu_seconds / max(1, members[0].networks / rates.gpu_networks)
    return replace(
        members[0],
        networks=networks,
        cpu_seconds=sum(job.cpu_seconds for job in members) - rates.start * (len(members) - 1),
        gpu_seconds=alone * max(1, networks / rates.gpu_networks),
        memory_mib=sum(job.memory_mib for job in members),
        files=sum(job.files for job in members),
        disk_mib=sum(job.disk_mib for job in members),
    )


def _of_blocks(study: Study, rates: Rates) -> Iterator[Job]:
    """The same with a job for each block."""
    for condition in study.plans:
        for stage in stages(study, condition, rates).values():
            for first, last in stage.blocks:
                n = last - first + 1
                uses_gpu = stage.gpu_seconds > 0 and study.device != "cpu"
                yield Job(
                    stage.rule,
                    condition,
                    (first, last),
                    networks=n,
                    cpu_seconds=rates.start + n * stage.cpu_seconds,
                    gpu_seconds=(
                        stage.gpu_seconds * max(1, n / rates.gpu_networks) if uses_gpu else 0.0
                    ),
                    memory_mib=needed(stage.rule, sizes(study, condition), n, study.device),
                    files=stage.files,
                    disk_mib=n * stage.mib,
                )


@dataclass(frozen=True)
class Stage:
    """What one rule does for one condition: its blocks, and what it takes per network."""

    rule: str
    blocks: Sequence[tuple[int, int]]
    """First and last seed of each job."""
    cpu_seconds: float
    gpu_seconds: float
    """Of up to `Rates.gpu_networks` networks at once; 0: it does not use a GPU."""
    files: int
    """Per job."""
    mib: float
    """Disk."""


def stages(study: Study, condition: Condition, rates: Rates = RATES) -> dict[str, Stage]:
    """What the jobs of a condition take, by rule; empty for a convolutional network.

    Parameters
    ----------
    study
        A checked configuration.
    condition
        One of its conditions.
    rates
        How fast the machine is.

    Returns
    -------
    dict
        By the name of the rule; ``ablate <orderings>`` for each set of orderings.
    """
    if condition.convolutional:
        return {}
    plan, of = study.plans[condition], sizes(study, condition)
    blocks = study.blocks(condition)
    trained = training_seconds(study, condition, of, rates)
    on_gpu = _steps(study, condition, of) * rates.gpu_step
    found = {}
    if plan.orderings:
        found["train"] = Stage("train", blocks, trained, on_gpu, 3, _trained_mib(of, plan))
        quantizers = len(study.resolved["measures"]["quantizers"])
        measured = sum(of.hidden) * of.n_measured * quantizers * rates.quantized
        found["measure"] = Stage("measure", blocks, measured, 0.0, 1, 0.02)
        alone = 3 * of.n_test * removal_seconds(of, rates)
        found["damage"] = Stage("damage", blocks, alone, 0.0, 1, 0.01)
    for orderings in plan.orderings:
        curves = _curves(study, orderings)
        found[f"ablate {orderings}"] = Stage(
            "ablate",
            study.blocks(condition, "orderings", orderings),
            curves * of.n_test * removal_seconds(of, rates),
            0.0,
            1,
            curves * sum(of.hidden) * 8 / 2**20,
        )
    if "planes" in plan.experiments:
        settings = study.plane_settings(condition)
        estimated = len(settings["estimators"]) + len(settings["costly"]["estimators"])
        examples = settings["examples"] or of.n_train + of.n_validation + of.n_test
        numbers = settings["epochs"] * estimated * examples * sum(of.hidden)
        cpu = trained + numbers * rates.estimate
        found["plane"] = Stage("plane", study.blocks(condition, "planes"), cpu, 0.0, 1, 0.1)
    return found


def minutes(stage: Stage, networks: int, rates: Rates = RATES) -> int:
    """Runtime that a job asks a cluster for: `MARGIN` times its estimate, in whole `STEP`.

    Parameters
    ----------
    stage
        What the job does (`stages`).
    networks
        Number of networks that it works on, one after another.
    rates
        How fast the machine is.
    """
    seconds = MARGIN * (rates.start + networks * stage.cpu_seconds)
    return STEP * math.ceil(seconds / (60 * STEP))


def training_seconds(study: Study, condition: Condition, of: Sizes, rates: Rates) -> float:
    """CPU seconds of the training of one network: products, and what steps take beside them."""
    products = 6 * of.parameters * of.n_train * of.epochs / rates.flops
    return products + _steps(study, condition, of) * (len(of.hidden) + 1) * rates.step


def removal_seconds(of: Sizes, rates: Rates) -> float:
    """CPU seconds per example of one order that removes every neuron."""
    weights = [before * after for before, after in itertools.pairwise((*of.hidden, of.n_classes))]
    return sum(
        width * (rates.removal + rates.weight * sum(weights[layer:]))
        for layer, width in enumerate(of.hidden)
    )


def _steps(study: Study, condition: Condition, of: Sizes) -> int:
    """Steps of the training of a condition."""
    batch = study.training_settings(condition)["batch_size"]
    return of.epochs * -(-of.n_train // int(batch))


def _trained_mib(of: Sizes, plan: Plan) -> float:
    """MiB of the files that remain of a trained network."""
    return of.parameters_mib + (of.activations_mib if plan.keep_activations else 0.0)


def _curves(study: Study, orderings: str) -> int:
    """Curves of one network by a set of orderings."""
    settings = study.ablation_settings(orderings)
    directed = sum(len(entry["directions"]) for entry in settings["orderings"])
    orders = settings["random"] + settings["controls"] + directed
    return int(orders * len(settings["replacements"]) * len(settings["scopes"]))


def table(study: Study) -> str:
    """A study's cost by stage, as text."""
    rows = [f"{'stage':<10}{'jobs':>7}{'CPU h':>9}{'GPU h':>9}{'GiB/job':>9}{'files':>9}{'GiB':>9}"]
    by_stage: dict[str, list[Job]] = {}
    for job in jobs(study):
        by_stage.setdefault(job.stage, []).append(job)
    for stage, members in [*by_stage.items(), ("all", [*itertools.chain(*by_stage.values())])]:
        cpu, gpu = (
            sum(getattr(job, key) for job in members) / 3600
            for key in ("cpu_seconds", "gpu_seconds")
        )
        rows.append(
            f"{stage:<10}{len(members):>7,}{cpu:>9,.2f}{gpu:>9,.2f}"
            f"{max((job.memory_mib for job in members), default=0) / 1024:>9,.1f}"
            f"{sum(job.files for job in members):>9,}"
            f"{sum(job.disk_mib for job in members) / 1024:>9,.2f}"
        )
    short = [job for job in by_stage.get("train", []) if 0 < job.gpu_seconds < MERGED_SECONDS]
    if len(short) > 1:
        rows.append(
            f"\nOf {len(by_stage['train'])} jobs that train, {len(short)} take less than "
            f"{MERGED_SECONDS} s on a GPU. On a cluster, merge them: `seeds.per_job`\nor "
            '`bundles.networks` (docs/cluster.md, "Size of jobs").'
        )
    return "\n".join(rows)


def main(arguments: Sequence[str]) -> int:
    """Print the table for a configuration file."""
    if len(arguments) != 1:
        print("usage: python -m neuroninfo.configuration.cost CONFIGURATION.yaml", file=sys.stderr)
        return 2
    try:
        study = load(read_yaml(Path(arguments[0]).read_text(encoding="utf-8")), SCHEMA)
    except (ConfigurationError, OSError) as error:
        print(f"{arguments[0]}: {error}", file=sys.stderr)
        return 1
    print(
        f"Estimated cost of the study {study.name} from the beginning, on cores and GPUs of 2026.\n"
        "Convolutional networks, toys, bounds, calibration, tables and figures come on top of it.\n"
    )
    print(table(study))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
