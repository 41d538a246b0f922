"""CPU seconds of a study by rule, from the records of its run, and how much of them is imports.

    python benchmarks/study.py results/demo

Rules that matter have a record of each job in logs/benchmarks/ (the last run of it).  Imports are
timed here, of the script of each rule, in a process of its own, and taken for each of its jobs.
"""

from __future__ import annotations

import ast
import resource
import subprocess
import sys
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
RULES = {"network": "toy_network"}
"""Rules whose records have another name."""


def records(study: Path) -> pd.DataFrame:
    """Of each rule: jobs, CPU seconds, wall seconds and largest memory in MiB.

    Raises
    ------
    SystemExit
        The study has no records.
    """
    folder = study.parents[1] / "logs/benchmarks/results" / study.name
    jobs = [
        pd.read_csv(path, sep="\t").iloc[[-1]].assign(rule=path.stem.partition("-")[0])
        for path in sorted(folder.rglob("*.tsv"))
    ]
    if not jobs:
        raise SystemExit(f"{folder}: no records; run the study there first")
    grouped = pd.concat(jobs).replace({"rule": RULES}).groupby("rule")
    return pd.DataFrame(
        {
            "jobs": grouped.size(),
            "cpu": grouped["cpu_time"].sum(),
            "wall": grouped["s"].sum(),
            "memory": grouped["max_rss"].max(),
        }
    ).sort_values("cpu", ascending=False)


def imports(rule: str) -> float:
    """CPU seconds until a rule's script has imported what it needs."""
    script = ROOT / "workflow/scripts" / f"{rule}.py"
    statements = [
        ast.unparse(node)
        for node in ast.parse(script.read_text(encoding="utf-8")).body
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    code = "\n".join([f"import sys; sys.path.insert(0, {str(ROOT / 'src')!r})", *statements])
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", code], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Print the table."""
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    table = records(Path(sys.argv[1]).resolve())
    table["imports"] = table["jobs"] * [imports(str(rule)) for rule in table.index]
    print("| rule | jobs | CPU s | of these imports | wall s | peak MiB |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    table.loc["all"] = table.sum().where(table.columns != "memory", table["memory"].max())
    for rule, row in table.iterrows():
        print(
            f"| {rule} | {row['jobs']:.0f} | {row['cpu']:.1f} | {row['imports']:.1f} "
            f"| {row['wall']:.1f} | {row['memory']:.0f} |"
        )


if __name__ == "__main__":
    main()
