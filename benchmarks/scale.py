"""Memory and CPU time of what puts the networks of a condition together, by their number.

    python benchmarks/scale.py results/talk/mnist/100-100/relu/l2/seeds-0-4 --seeds 100 1000

The block of seeds is replicated to blocks on disk of as many seeds as asked for: the numbers are
repeated, the seeds are not.  Every job that reads all seeds of a condition then runs in a process
of its own, as Snakemake runs it, if the block has the files that it reads.  `--like
cifar10/250-500-250-500` stretches the block to the widths of other networks.  `--into
docs/benchmarks.md` puts the rows into the table there between ``<!-- scale mnist 100-100 -->`` and
``<!-- end -->``, in place of those of the same seeds and job.  Everything is written to a folder
that is removed at the end.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import runpy
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
ROOT = Path(__file__).resolve().parents[1]
SCRIPTS = ROOT / "workflow/scripts"
CONDITION = ("dataset", "architecture", "activation", "regularizer")
FIRST = "information"
"""Set of orderings that claims and most figures are of."""
READING = {
    "study_seed": 0,
    "delta": 0.1,
    "deltas": [0.01, 0.02, 0.05, 0.2],
    "changed": [0.01, 0.05],
    "lost": [0.001, 0.01],
    "rectified": True,
}
"""As `reading` of the configuration."""
FIGURE = ("png", "pdf", "csv")
KINDS = [
    *("neurons", "damage", "history"),
    *("plane", "precision", "pruned", "synergy", "robustness"),  # where it was asked for
]
ESTIMATOR = "edges-30"
"""That slides of planes are drawn by."""
NO_NOISE = {"label_noise": 0.0, "n_classes": 10}
"""Of the training labels."""
PAPER = "paper-v1"
"""Study whose orders are those of the paper's first version."""


# This process imports nothing large: on Linux a child's peak is at least its parent's size.


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("block", type=Path, help="folder of a finished block of seeds")
    parser.add_argument("--seeds", type=int, nargs="+", default=[100, 1000])
    parser.add_argument("--per-job", type=int, default=50, help="seeds of a block (default 50)")
    parser.add_argument("--sets", nargs="+", default=[FIRST], help="sets of orderings")
    parser.add_argument("--kinds", nargs="+", default=KINDS, help="files other than ablations")
    parser.add_argument("--jobs", nargs="+", help="only these scripts, besides those that gather")
    parser.add_argument("--like", help="data set and architecture to stretch the block to")
    parser.add_argument("--folder", type=Path, help="where to make the temporary folder")
    parser.add_argument("--into", type=Path, help="page whose table gets the rows too")
    given = parser.parse_args()
    rows = []
    print("| seeds | job | CPU s | peak MiB | read MB | written MB |")
    print("| ---: | --- | ---: | ---: | ---: | ---: |")
    for n_seeds in given.seeds:
        with tempfile.TemporaryDirectory(dir=given.folder, prefix="scale-") as folder:
            for line in _table(given, n_seeds, Path(folder)):
                rows.append(f"| {n_seeds:,} | {line} |")
                print(rows[-1], flush=True)
    if given.into:
        whole = given.kinds == KINDS  # else the blocks are not those of the other rows
        rows = [row for row in rows if whole or "(writing" not in row]
        _fill(given.into, " ".join(_networks(given)), rows)


def _networks(given: argparse.Namespace) -> list[str]:
    """Data set and architecture."""
    return given.like.split("/") if given.like else list(given.block.resolve().parts[-5:-3])


def _fill(page: Path, networks: str, rows: Sequence[str]) -> None:
    """Put rows into the table of these networks, sorted by seeds; others stay as they are."""
    text = page.read_text()
    table = re.search(rf"<!-- scale {networks} -->\n(.*?)<!-- end -->", text, re.DOTALL)
    if table is None:
        raise SystemExit(f"{page}: has no table between <!-- scale {networks} --> and <!-- end -->")
    head, align, *old = table[1].splitlines()
    by_job = {tuple(row.split("|")[1:3]): row for row in (*old, *rows)}
    ordered = sorted(by_job.values(), key=lambda row: int(row.split("|")[1].replace(",", "")))
    filled = "".join(f"{row}\n" for row in (head, align, *ordered))
    page.write_text(text[: table.start(1)] + filled + text[table.end(1) :])


def _table(given: argparse.Namespace, n_seeds: int, folder: Path) -> Iterator[str]:
    """Make the blocks and run the jobs; a line each."""
    block = given.block.resolve()
    names = dict(zip(CONDITION, block.parts[-5:-1], strict=True))
    names["dataset"], names["architecture"] = _networks(given)
    files = [f"{kind}.nc" for kind in given.kinds]
    files += [f"ablation-{name}.nc" for name in given.sets]
    files = [name for name in files if (block / name).exists()]
    about = {"block": str(block), "files": files, "condition": names, "n_seeds": n_seeds}
    about |= {"per_job": given.per_job, "widths": _widths(given.like)}
    usage = _process("_replicate", about, folder)
    condition = folder.joinpath("results/scale", *names.values())
    blocks = sorted(condition.glob("seeds-*"), key=lambda path: int(path.name.split("-")[1]))
    yield _line(f"(writing {len(blocks)} blocks)", usage, [], list(condition.rglob("*.nc")))
    names |= {"study": "scale", "seeds": list(range(n_seeds))}
    jobs = _jobs(condition, blocks, files, names, of_paper=block.parts[-6] == PAPER)
    for name, job in jobs:
        if not all(Path(path).exists() for path in _files(job["input"])):
            continue  # the block has no such files
        if given.jobs and not name.startswith("gather ") and name not in given.jobs:
            continue
        usage = _process("_job", job, folder)
        yield _line(name, usage, _files(job["input"]), _files(job["output"]))


def _widths(like: str | None) -> list[int]:
    return [int(width) for width in like.split("/")[1].split("-")] if like else []


def _line(name: str, usage: tuple[float, float], read: Sequence, written: Sequence) -> str:
    cpu, peak = usage
    sizes = (sum(Path(path).stat().st_size for path in paths) / 1e6 for paths in (read, written))
    size = " | ".join(f"{megabytes:,.0f}" for megabytes in sizes)
    return f"{name} | {cpu:,.1f} | {peak:,.0f} | {size}"


def _process(function: str, about: dict[str, Any], folder: Path) -> tuple[float, float]:
    """Run a function of this file in a process: CPU seconds and peak MiB."""
    with subprocess.Popen(
        [sys.executable, __file__, function], stdin=subprocess.PIPE, cwd=folder
    ) as process:
        process.stdin.write(json.dumps(about).encode())
        process.stdin.close()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        log = folder / "log"
        raise SystemExit(f"{function} failed\n{log.read_text() if log.exists() else ''}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


# ------------------------------------------------------------------ jobs


class Named(list):
    """Files or parameters of a job, in their order and by name, as scripts see them."""

    def __init__(self, given: dict[str, Any] | list[str]) -> None:
        named = given if isinstance(given, dict) else {}
        super().__init__(_files(given))
        self.__dict__.update(named)


def _files(given: Any) -> list[str]:
    """All files in what a job is given."""
    if isinstance(given, str):
        return [given]
    values = given.values() if isinstance(given, dict) else given
    return [path for value in values for path in _files(value)]


def _jobs(
    condition: Path,
    blocks: Sequence[Path],
    files: Sequence[str],
    names: dict[str, Any],
    *,
    of_paper: bool,
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Name of each job, and what its script is given; what a study has for many is given one."""
    figures = condition / "figures"
    of_condition = [names[name] for name in CONDITION]

    def job(script: str, given: Any, made: Any, wildcards: Any = None, **params: Any) -> Any:
        about = {"condition": names, **params}
        return {
            "script": script,
            "input": given,
            "output": made,
            "params": about,
            "wildcards": wildcards or {},
        }

    def drawn(name: str) -> list[str]:
        return [str(figures / f"{name}.{suffix}") for suffix in FIGURE]

    def own(name: str) -> str:
        return str(condition / name)

    for name in files:
        parts = [str(block / name) for block in blocks]
        script = "gather_ablation" if name.startswith("ablation-") else "gather"
        kind = {"kind": name.removesuffix(".nc")}
        yield f"gather {name}", job(script, parts, [own(name)], kind)
    ablations = [name for name in files if name.startswith("ablation-")]
    ablations = ablations or [f"ablation-{FIRST}.nc"]
    sets = [name.removeprefix("ablation-").removesuffix(".nc") for name in ablations]
    measured = {"neurons": own("neurons.nc"), "damage": own("damage.nc")}
    tables = {"counts": "reading", "claims": "claims", "correlations": "simpson"}
    tables |= {"effects": "effects", "replaced": "replaced"}
    tables = {name: own(f"{file}.csv") for name, file in tables.items()}
    yield (
        "readings",
        job(
            "readings",
            measured | {"ablations": list(map(own, ablations))},
            {"reading": own("reading.nc"), **tables},
            sets=sets,
            settings=READING,
        ),
    )
    if names["dataset"] == "cifar10":
        made = {"table": own("tolerances.csv"), "figure": drawn("tolerances")}
        yield "figure_tolerances", job("figure_tolerances", [own("reading.nc")], made)
    of_ablation = ("ablation_network", "ablation_layers", "information", "simpson")
    read_off = {name: tables[name] for name in ("counts", "correlations")}
    yield (
        "figure_ablation",
        job(
            "figure_ablation",
            {"ablation": own(ablations[0]), **measured, **read_off},
            {name: drawn(name.replace("_", "-")) for name in of_ablation},
        ),
    )
    given = {"neurons": own("neurons.nc"), "claims": tables["claims"]}
    yield "figure_layer_share", job("figure_layer_share", given, drawn("layer-share"))
    for name, script, figure in (
        ("quantizers", "figure_quantizers", "quantizers"),
        ("balanced", "figure_replacement", "replacement"),
    ):
        if name in sets:
            given |= {"effects": tables["effects"], "replaced": tables["replaced"]}
            given |= {"ablation": own(f"ablation-{name}.nc")}
            yield script, job(script, given, drawn(figure), {"orderings": name})
    yield from _of_experiments(job, own, drawn, of_condition)
    ablation, history = own(ablations[0]), own("history.nc")
    synergy = {"synergy": [own("synergy.nc")]}
    of_study = {"conditions": [of_condition], "with_synergy": [of_condition], "study_seed": 0}
    made = {"networks": own("ablation-gap-networks.csv"), "table": own("ablation-gap.csv")}
    made |= {"page": own("ablation-gap.html"), "figure": drawn("ablation-gap")}
    given = {"ablations": [ablation], "histories": [history], **synergy}
    yield "study_ablation_gap", job("study_ablation_gap", given, made, noise=[NO_NOISE], **of_study)
    if of_paper:
        made = {"table": own("first-version.csv"), "page": own("first-version.html")}
        given = {"neurons": [own("neurons.nc")], "ablation": [ablation]}
        yield "first_version", job("first_version", given, made, conditions=[names])
        given = {"ablation": ablation, "table": made["table"]}
        yield "figure_first_version", job("figure_first_version", given, drawn("first-version"))
    given = {
        "claims": [],
        "ablations": list(map(own, ablations)),
        "neurons": [own("neurons.nc")],
        "damage": [own("damage.nc")],
        "planes": [own("plane.nc")] if "plane.nc" in files else [],
        "template": str(ROOT / "workflow/report/explorer.html"),
    }
    yield (
        "explorer",
        job(
            "explorer",
            given,
            [own("explorer.html")],
            study="scale",
            conditions=[of_condition],
            ablated=[of_condition],
            sets=[sets],
            with_planes=[of_condition] if "plane.nc" in files else [],
            figures=[{}],
        ),
    )


def _of_experiments(
    job: Callable[..., dict[str, Any]],
    own: Callable[[str], str],
    drawn: Callable[[str], list[str]],
    of_condition: list[str],
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Jobs of `_jobs` that are of planes, smaller networks, synergy and corrupted inputs."""
    names = dict(zip(CONDITION, of_condition, strict=True))
    of_study = {"conditions": [of_condition]}
    plane, synergy = own("plane.nc"), own("synergy.nc")
    made: Any = {"table": own("compression.csv"), "planes": drawn("planes")}
    made |= {"clustering": drawn("clustering")}
    yield "figure_planes", job("figure_planes", [plane], made)
    by = {"estimator": ESTIMATOR}
    made = {name: own(f"plane.{name}") for name in (*FIGURE, "gif")} | {"page": own("plane.html")}
    yield "figure_plane", job("figure_plane", [plane], made, by)
    script = "figure_plane_activations"
    yield script, job(script, [plane], drawn("plane-activations"), by, **of_study)
    script = "figure_planes_activations"
    yield script, job(script, [plane], drawn("planes-activations"), **of_study)
    given = {"compression": [own("compression.csv")], "planes": [plane]}
    made = {"compression": own("compressions.csv"), "gap": own("gap.csv")}
    made |= {f"{name}_page": own(f"{name}.html") for name in ("compression", "gap")}
    made |= {name: drawn(name) for name in ("planes_compression", "planes_gap")}
    yield "study_planes", job("study_planes", given, made, noise=[NO_NOISE], **of_study)
    for kind, file in (("precision", "precision"), ("pruning", "pruned")):
        made = {"table": own(f"{kind}.csv"), "figure": drawn(kind)}
        yield f"figure_{kind}", job(f"figure_{kind}", [own(f"{file}.nc")], made)
    made = {"table": own("synergy.csv"), "figure": drawn("synergy")}
    yield "figure_synergy", job("figure_synergy", [synergy], made)
    given = {"pairs": [synergy], "measured": made["table"]}
    made = {"table": own("needed-pairs.csv"), "page": own("needed-pairs.html")}
    made |= {"needed": drawn("needed-pairs"), "sets": drawn("synergy-sets")}
    yield "needed_pairs", job("needed_pairs", given, made, conditions=[names])
    script = "figure_synergy_training"
    yield script, job(script, [plane], drawn("synergy-training"), conditions=[names])
    given = {"robustness": [own("robustness.nc")], "synergy": [synergy]}
    made = {"table": own("robustness.csv"), "networks": own("robustness-networks.csv")}
    made |= {"agreement": own("robustness-agreement.csv"), "page": own("robustness.html")}
    made |= {"figure": drawn("robustness")}
    of_study |= {"with_synergy": [of_condition], "study_seed": 0}
    yield "study_robustness", job("study_robustness", given, made, **of_study)


def _job(about: dict[str, Any]) -> None:
    """Run a script of the workflow as Snakemake does."""
    snakemake = argparse.Namespace(
        input=Named(about["input"]),
        output=Named(about["output"]),
        params=argparse.Namespace(**about["params"]),
        wildcards=argparse.Namespace(**about["wildcards"]),
        log=["log"],
        scriptdir=str(SCRIPTS),
    )
    runpy.run_path(str(SCRIPTS / f"{about['script']}.py"), init_globals={"snakemake": snakemake})


# ------------------------------------------------------------------ blocks


def _replicate(about: dict[str, Any]) -> None:
    """Write the blocks: one of the asked-for size, and copies with other seeds."""
    sys.path.insert(0, str(ROOT / "src"))
    import numpy as np

    from neuroninfo.files import storage

    condition = Path("results/scale", *about["condition"].values())
    for name in about["files"]:
        tree = storage.load(Path(about["block"]) / name)
        groups = {node.name if node.parent else "": node.to_dataset() for node in tree.subtree}
        if len(groups) > 1:
            groups.pop("")
        groups = _stretched(groups, about["widths"])
        repeated = {
            group: _varied(data.isel(seed=np.arange(about["per_job"]) % data.sizes["seed"]))
            for group, data in groups.items()
        }
        template = Path(f"template-{name}")
        storage.write(
            repeated if len(repeated) > 1 else repeated[""],
            template,
            kind=tree.attrs[storage.KIND_ATTRIBUTE],
            title=tree.attrs["title"],
            condition={},
            configuration=json.loads(tree.attrs["configuration"]),
        )
        plain = re.sub(rb"\nneuroninfo-sha256:[0-9a-f]{64}$", b"", template.read_bytes())
        template.unlink()
        for first in range(0, about["n_seeds"], about["per_job"]):
            seeds = range(first, first + about["per_job"])
            path = condition / f"seeds-{seeds[0]}-{seeds[-1]}" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(plain)
            _renumber(path, list(groups), {**about["condition"], "seeds": list(seeds)})


def _varied(data: Any) -> Any:
    """Noise in the last digits, so that copies of a network do not compress to nothing."""
    import numpy as np

    rng = np.random.default_rng(0)
    for name, variable in data.data_vars.items():
        values = variable.values
        if values.dtype.kind == "f":
            varied = values * (1 + 1e-9 * rng.standard_normal(values.shape))
        elif name == "order":
            varied = rng.permuted(values, axis=-1)
        elif "removed" in variable.dims or name == "correct":
            varied = np.maximum(values + rng.integers(-2, 3, values.shape), 0)
            if "removed" in variable.dims:  # without ablation all are as they were
                varied[..., 0] = values[..., 0]
        else:
            continue
        data[name] = (variable.dims, varied.astype(values.dtype), variable.attrs)
    return data


def _renumber(path: Path, groups: Sequence[str], condition: dict[str, Any]) -> None:
    """Give a copy of a block other seeds, and seal it."""
    import netCDF4

    from neuroninfo.files import storage

    with netCDF4.Dataset(path, "a") as file:
        file.condition = json.dumps(condition, sort_keys=True)
        for group in groups:
            (file[group] if group else file)["seed"][:] = condition["seeds"]
    storage.seal(path)


def _stretched(groups: dict[str, Any], widths: Sequence[int]) -> dict[str, Any]:
    """Arrays of networks of other widths: neurons and removals are repeated."""
    if not widths:
        return groups
    import numpy as np

    layers = [name for name in groups if name.startswith("layer-")]
    for number in range(len(layers), len(widths) if layers else 0):
        groups[f"layer-{number + 1}"] = groups[layers[-1]]
    n_neurons = sum(widths)
    for name, data in groups.items():
        width = widths[int(name[6:]) - 1] if name.startswith("layer-") else n_neurons
        sizes = {"neuron": n_neurons, "removed": width + 1, "step": width}
        chosen = {
            dim: np.linspace(0, data.sizes[dim] - 1, size).astype(int)
            for dim, size in sizes.items()
            if dim in data.sizes
        }
        wide = data.isel(chosen)
        of_layer = np.repeat(np.arange(len(widths)) + 1, widths)
        numbers = {
            "layer": of_layer,
            "unit": np.concatenate([np.arange(width) for width in widths]),
            **{dim: np.arange(sizes[dim]) for dim in chosen},
        }
        for coordinate, values in numbers.items():
            if coordinate in wide.variables and wide[coordinate].dims in (
                ("neuron",),
                (coordinate,),
            ):
                kept = wide[coordinate]
                wide[coordinate] = (kept.dims, values.astype(kept.dtype), kept.attrs)
        if "order" in wide:
            orders = np.broadcast_to(np.arange(width), wide["order"].shape)
            wide["order"] = (wide["order"].dims, orders.astype(np.int16), wide["order"].attrs)
        groups[name] = wide
    return groups


if __name__ == "__main__":
    if sys.argv[1:2] in (["_replicate"], ["_job"]):
        {"_replicate": _replicate, "_job": _job}[sys.argv[1]](json.load(sys.stdin))
    else:
        main()
