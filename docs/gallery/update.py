"""Put studies' figures and numbers into README.md beside this script.

    python docs/gallery/update.py results/talk results/talk-again

Any of these studies may be left out: figures and texts that no study has stay as they were, and are
named.  Figures: those that the page shows, scaled down, from the first study that has them.  The
figure figures/mnist/100-100/relu/l2/information.png of a study is called
mnist_100-100_relu_l2_information.png here.  Tables: what stands between the lines
``<!-- name -->`` and ``<!-- end -->``, from the files of the study that the name belongs to
(`BLOCKS`) and the run times of its jobs under logs/benchmarks.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pandas as pd
from PIL import Image

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "src"))

from neuroninfo.figures import wording
from neuroninfo.files import tables
from neuroninfo.planes import layers
from neuroninfo.results import claims, counts, planes
from neuroninfo.vocabulary import CONDITION, MEAN, NETWORK, ZERO

WIDTH = 1400
"""Pixels: twice what a page shows."""


def update(studies: Sequence[Path]) -> None:
    """Replace texts and figures of the page by those of some studies."""
    page = HERE / "README.md"
    text = page.read_text(encoding="utf-8")
    by_name = {study.name: study for study in studies}
    for name, (study, source, written) in BLOCKS.items():
        if study not in by_name or not (by_name[study] / source).is_file():
            print(f"{name} stays as it was: no {source} of the study {study}")
            continue
        pattern = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end -->)", re.DOTALL)
        new = written(by_name[study])
        text = pattern.sub(lambda m, new=new: f"{m[1]}{new}\n{m[2]}", text)
    page.write_text(text, encoding="utf-8")
    figures = {
        "_".join(path.relative_to(study / "figures").parts): path
        for study in reversed(studies)
        for path in (study / "figures").rglob("*.png")
    }
    for name in re.findall(r"\]\(([^)/]+\.png)\)", text):
        if name not in figures:
            print(f"{name} stays as it was: no study has it")
            continue
        with Image.open(figures[name]) as image:
            size = WIDTH, round(image.height * WIDTH / image.width)
            small = image.convert("RGB").resize(size, Image.Resampling.LANCZOS)
            # Small areas keep their colours.
            few = small.quantize(256, method=Image.Quantize.MAXCOVERAGE)
            few.save(HERE / name, optimize=True)


def shares_table(study: Path) -> str:
    """Effects over the whole network in their two parts, and claims ranked within layers."""
    rows: list[list[str]] = []
    n_seeds = set()
    for regularizer in ("dropout", "l2"):
        frame = claims.read(study / "mnist/100-100/relu" / regularizer / "claims.csv")
        condition = frame[list(CONDITION)].iloc[0].to_dict()
        n_seeds |= set(frame["n_seeds"])
        frame = frame[(frame["replacement"] == ZERO) & (frame["orderings"] == "information")]
        for claim in ("C1", "C1a", "C1b"):
            own = frame[(frame["claim"] == claim) & (frame["scope"] == NETWORK)]
            by_reading = own.set_index("reading")
            parts = (claims.WHOLE, claims.SHARE, claims.WITHIN, "up to a quarter")
            cells = [_points(by_reading.loc[part]) for part in parts]
            rows.append([wording.of_condition(condition), claim, *cells])
        ranked = frame[frame["reading"] == claims.RANKED].set_index("claim")
        for claim in ("C2a", "C2b"):
            words = f"{claim}, ranked within layers"
            rows.append(
                [wording.of_condition(condition), words, _points(ranked.loc[claim]), *[""] * 3]
            )
    heads = ["condition", "claim", "effect", "layer share", "within layers", "up to a quarter"]
    seeds = " or ".join(str(n) for n in sorted(n_seeds))
    return f"Seeds per condition: {seeds}.\n\n{_markdown(heads, rows)}"


def _points(row: pd.Series) -> str:
    """Such as "by 3.0 [2.6, 3.4]"."""
    effect, low, high = (100 * float(row[name]) for name in ("effect", "low", "high"))
    return f"{effect:.1f} [{low:.1f}, {high:.1f}]"


def claims_table(study: Path) -> str:
    """Primary readings, and parts of effects, of the conditions with most seeds."""
    frame = claims.read_study(study / "claims.csv")
    frame = frame[frame["n_seeds"] == frame["n_seeds"].max()]
    shown = (frame["family"] == "primary") | frame["reading"].isin([claims.SHARE, claims.WITHIN])
    frame = frame[shown & (frame["replacement"] != MEAN)]
    conditions = list(dict.fromkeys(map(tuple, frame[list(CONDITION)].values)))
    rows = []
    for (claim, statement, reading), part in frame.groupby(
        ["claim", "statement", "reading"], sort=True
    ):
        cells = []
        for condition in conditions:
            own = part[(part[list(CONDITION)] == list(condition)).all(axis=1)]
            cells.append(_judged(own.iloc[0]) if len(own) else "")
        rows.append([f"{claim} {statement} ({reading})", *cells])
    heads = [wording.of_condition(dict(zip(CONDITION, c, strict=True))) for c in conditions]
    return _markdown(["claim", *heads], rows)


def talk_table(study: Path) -> str:
    """C4: counts beside the talk's."""
    frame = claims.read_study(study / "claims.csv")
    frame = frame[
        (frame["n_seeds"] == frame["n_seeds"].max()) & frame["claim"].str.startswith("C4")
    ]
    rows = [[row["statement"], _judged(row)] for _, row in frame.iterrows()]
    return _markdown(["count, and the talk's", "here"], rows)


def counts_table(study: Path) -> str:
    """All counts of the conditions with most seeds, by tolerance."""
    frame = tables.read(study / "readings.csv", counts.COLUMNS)
    frame = frame[
        (frame["n_seeds"] == frame["n_seeds"].max()) & frame["quantity"].isin(counts.COUNTS)
    ]
    deltas = sorted({delta for delta in frame["delta"] if delta}, key=float)
    rows = []
    for (*condition, scope), part in frame.groupby([*CONDITION, "scope"], sort=False):
        words = wording.of_condition(dict(zip(CONDITION, condition, strict=True)))
        for delta in deltas:
            own = part[part["delta"].isin(["", delta])].set_index("quantity")
            layer = f"{scope.replace('-', ' ')} of {own['n_neurons'].iloc[0]}"
            rows.append([words, layer, delta, *(_count(own.loc[name]) for name in counts.COUNTS)])
    heads = [name.replace("_", " ") for name in counts.COUNTS]
    return _markdown(["condition", "layer", "delta", *heads], rows)


def cost_table(study: Path) -> str:
    """CPU minutes of all jobs that were timed, by condition (training and all that uses it)."""
    logs = study.parents[1] / "logs/benchmarks/results" / study.name
    seconds: dict[tuple[str, ...], float] = {}
    for path in sorted(logs.rglob("*.tsv")):
        condition = path.relative_to(logs).parts[: len(CONDITION)]
        if condition[0] != "toys":
            job = pd.read_csv(path, sep="\t").iloc[0]
            seconds[condition] = seconds.get(condition, 0.0) + float(job["cpu_time"])
    frame = claims.read_study(study / "claims.csv")
    rows = []
    for condition in dict.fromkeys(map(tuple, frame[list(CONDITION)].values)):
        own = (frame[list(CONDITION)] == list(condition)).all(axis=1)
        words = wording.of_condition(dict(zip(CONDITION, condition, strict=True)))
        n_seeds = str(frame.loc[own, "n_seeds"].max())
        rows.append([words, n_seeds, f"{seconds[condition] / 60:.1f}"])
    rows.append(["all", "", f"{sum(seconds.values()) / 60:.0f}"])
    return _markdown(["condition", "seeds", "CPU minutes"], rows)


def compression_table(study: Path) -> str:
    """How many hidden layers of each condition compress, by estimator."""
    frame = tables.read(study / "compression.csv", planes.COLUMNS)
    frame = frame[frame["layer"] != layers.OUTPUT]
    rows = []
    for estimator in dict.fromkeys(frame["estimator"]):
        row = [f"`{estimator}`"]
        for _, own in frame.groupby(list(CONDITION), sort=False):
            verdicts = own.loc[own["estimator"] == estimator, "verdict"]
            asked = verdicts[verdicts != "no estimate"]
            found = f"{(asked == 'compresses').sum()} of {len(asked)}"
            row.append(found if len(asked) else "")
        rows.append(row)
    heads = [
        ", ".join([condition[0], condition[1], *map(wording.of_regularizer, condition[2:])])
        for condition, _ in frame.groupby(list(CONDITION), sort=False)
    ]
    return _markdown(["hidden layers that compress", *heads], rows)


def bounds_table(study: Path) -> str:
    """Bounds of 0-1 loss, of the last hidden layer: what they say at each training size."""
    frame = pd.read_csv(study / "bounds.csv", keep_default_na=False, na_values={"correlation": ""})
    frame = frame[(frame["loss"] == "error") & frame["layer"].isin(["", "last"])]
    sizes = sorted(frame["train_size"].unique())
    rows = []
    for (bound, estimator), part in frame.groupby(["bound", "estimator"]):
        own = part.set_index("train_size")
        cells = [_bound(own.loc[m]) if m in own.index else "" for m in sizes]
        rows.append([" ".join(filter(None, (bound, estimator))), *cells])
    return _markdown(["bound", *(f"m = {m:,}" for m in sizes)], rows)


BLOCKS: Mapping[str, tuple[str, str, Callable[[Path], str]]] = {
    "shares": ("talk", "mnist/100-100/relu/dropout/claims.csv", shares_table),
    "claims": ("talk", "claims.csv", claims_table),
    "talk": ("talk", "claims.csv", talk_table),
    "counts": ("talk", "readings.csv", counts_table),
    "cost": ("talk", "claims.csv", cost_table),
    "compression": ("talk", "compression.csv", compression_table),
    "bounds": ("talk", "bounds.csv", bounds_table),
}
"""Name -> the study and the file that it is made from, and how."""


def _judged(row: pd.Series) -> str:
    """Such as "**holds** 9.8 [8.8, 10.9]", effects of accuracy in points."""
    scale, digits = {"accuracy": (100, 1), "neurons": (1, 0)}.get(row["unit"], (1, 3))
    mean, low, high = (f"{scale * row[name]:.{digits}f}" for name in ("effect", "low", "high"))
    verdict = row["verdict"] if row["verdict"] == "undecided" else f"**{row['verdict']}**"
    return f"{verdict} {mean} [{low}, {high}]"


def _bound(row: pd.Series) -> str:
    """Such as "9 of 12; 7.1; 0.90": non-vacuous, ratio to the gap, rank correlation with it."""
    cells = ["no rank" if pd.isna(row["correlation"]) else f"{row['correlation']:.2f}"]
    if row["ratio"] != "":
        ratio = float(row["ratio"])
        cells.insert(0, f"{ratio:.{0 if ratio >= 10 else 1}f}")
    if row["non_vacuous"] != "":
        n = int(row["n_conditions"])
        cells.insert(0, f"{round(float(row['non_vacuous']) * n)} of {n}")
    return "; ".join(cells)


def _count(row: pd.Series) -> str:
    return f"{row['mean']:.0f} [{row['low']:.0f}, {row['high']:.0f}]"


def _markdown(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    def lines() -> Iterator[str]:
        for cells in (heads, ["---"] * len(heads), *rows):
            yield f"| {' | '.join(cells)} |"

    return "\n".join(lines())


if __name__ == "__main__":
    if len(sys.argv) < 2:
        raise SystemExit(__doc__)
    update([Path(study) for study in sys.argv[1:]])
