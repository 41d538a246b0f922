"""Put figures and numbers of studies into the gallery (README.md here) and the project's README.

    python docs/gallery/update.py results/talk results/settings results/paper-v1 results/splits

Any of these studies may be left out: figures and texts that no study has stay as they were, and are
named.  Figures: those that the page shows, scaled down, from the first study that has them.  The
figure figures/mnist/100-100/relu/l2/information.png of a study is called
mnist_100-100_relu_l2_information.png here; talk_mnist_... is that of the study talk,
whatever others have.  Texts: what stands between ``<!-- name study ... -->``
and ``<!-- end -->``, made by the function of that name (`BLOCKS`) from the files of the study and
what else the line says.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pandas as pd
from PIL import Image

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "src"))

from neuroninfo.figures import bounds, wording
from neuroninfo.figures.networks import in_words
from neuroninfo.files import storage, tables
from neuroninfo.files.storage import StorageError
from neuroninfo.planes import layers
from neuroninfo.results import (
    ablation_gap,
    claims,
    classes,
    compression_gap,
    correlations,
    counts,
    first_version,
    planes,
    ranking,
    replication,
    robustness,
    splits,
    synergy,
)
from neuroninfo.results.correlations import READINGS
from neuroninfo.vocabulary import CONDITION, MEAN, NETWORK, ZERO

DIRECTIONS = {"ascending": "lowest first", "descending": "highest first"}
WIDTH = 1400
"""Pixels: twice what a page shows."""
BLOCK = re.compile(r"(<!-- ([a-z-]+) ([^>]+) -->\n?)(.*?)(<!-- end -->)", re.DOTALL)


def update(studies: Sequence[Path]) -> None:
    """Replace texts and figures of the pages by those of some studies."""
    by_name = {study.name: study for study in studies}
    for page in (HERE / "README.md", ROOT / "README.md"):
        text = page.read_text(encoding="utf-8")
        page.write_text(BLOCK.sub(lambda m: _filled(m, by_name), text), encoding="utf-8")
    figures = {}
    for study in reversed(studies):
        for path in (study / "figures").rglob("*.png"):
            name = "_".join(path.relative_to(study / "figures").parts)
            figures[name] = figures[f"{study.name}_{name}"] = path
    shown = (HERE / "README.md").read_text(encoding="utf-8")
    for name in re.findall(r"\]\(([^)/]+\.png)\)", shown):
        if name not in figures:
            print(f"{name} stays as it was: no study has it")
            continue
        with Image.open(figures[name]) as image:
            size = WIDTH, round(image.height * WIDTH / image.width)
            small = image.convert("RGB").resize(size, Image.Resampling.LANCZOS)
            # Small areas keep their colours.
            few = small.quantize(256, method=Image.Quantize.MAXCOVERAGE)
            few.save(HERE / name, optimize=True)


def _filled(block: re.Match[str], studies: Mapping[str, Path]) -> str:
    """A block with its text made anew, or as it was."""
    begin, name, words, _, end = block.groups()
    study, *options = words.split()
    if name not in BLOCKS:
        raise SystemExit(f"{begin.strip()}: unknown; known are {', '.join(BLOCKS)}")
    if study not in studies:
        print(f"{begin.strip()} stays as it was: no study {study}")
        return block[0]
    try:
        made = BLOCKS[name](studies[study], *options)
    except (FileNotFoundError, StorageError) as error:
        print(f"{begin.strip()} stays as it was: {error}")
        return block[0]
    return f"{begin}{made}\n{end}"


def answer(study: Path) -> str:
    """Whether the talk's picture reproduces, and when: a sweep over settings in three sentences."""
    cells = pd.read_csv(study / "figures/where-claims-hold.csv", keep_default_na=False)
    frame = claims.read_study(study / "claims.csv")
    frame = frame[frame["measure"] == "mutual_information"]
    c1 = cells[(cells["claim"] == "C1") & (cells["reading"] == claims.WHOLE)]
    rows = []
    for _, around in c1.groupby("reference", sort=False):
        row = around[around["setting"] == "reference"].iloc[0]
        key = [*CONDITION, "claim", "quantizer", "replacement", "scope"]
        own = frame[(frame[key] == list(row[key])).all(axis=1)].set_index("reading")
        parts = [_in_points(own.loc[part, "effect"]) for part in (claims.SHARE, claims.WITHIN)]
        networks = " and ".join(map(wording.of_regularizer, row[["activation", "regularizer"]]))
        holds = f"{(around['verdict'] == 'holds').sum()} of {len(around)}"
        rows.append([networks, holds, _points(row), *parts])
    heads = ["networks with", "settings in which C1 holds", "effect, in points"]
    heads += ["share of the layers", "share of the neurons within layers"]
    by_layer = {name: cells[cells["claim"] == name] for name in ("C2a", "C2b")}
    return (
        "Claim C1 says that, over the whole network, removing the neurons with the highest mutual "
        "information first hurts less than removing those with the lowest first. Its effect is the "
        "difference of the two mean accuracies in percentage points, with a 95 % interval. It is "
        "the sum of two shares: one of the sequence in which the order empties the layers, and "
        "one of the order of the neurons within each layer "
        f"({wording.of_dataset(c1['dataset'].iloc[0])}, {c1['n_seeds'].max()} seeds per setting; "
        "effects are those of the reference settings).\n\n"
        f"{_markdown(heads, rows)}\n\n"
        "Within single layers, removing the highest first hurts more than a random order "
        f"(claim C2a) in {_verdicts(by_layer['C2a'], 'less')}. Removing the lowest first hurts "
        f"less than a random order (claim C2b) in {_verdicts(by_layer['C2b'], 'more')}."
    )


def _verdicts(cells: pd.DataFrame, contrary: str) -> str:
    """Such as "84 of 124 cases and less in 2"."""
    holds, fails = ((cells["verdict"] == verdict).sum() for verdict in ("holds", "fails"))
    return f"{holds} of {len(cells)} cases and {contrary} in {fails}"


def _in_points(accuracy: float) -> str:
    """Such as "3.0"; never "-0.0"."""
    return f"{round(100 * float(accuracy), 1) + 0.0:.1f}"


def first_version_table(study: Path) -> str:
    """The numbers of the paper's first version beside ours, to zero and to the mean."""
    table = first_version.read(study / "first-version.csv")
    table = table[table["regularizer"] == table["regularizer"].iloc[0]]
    agreed = first_version.agreeing(table[~table["stated"]]).set_index("replacement")
    unstated = agreed["of"].iloc[0]
    rows = []
    what = ["reading", "scope", "quantity", "measure", "direction", "removed", "paper_low"]
    for _, of_reading in table.groupby(what, sort=False):
        first = of_reading.iloc[0]
        order = wording.short(first["measure"])
        if first["direction"] != "none":
            order += f", {DIRECTIONS[first['direction']]}"
        if first["quantity"] != "accuracy":
            order = f"{first['quantity']} {order}"
        paper = f"{first['paper_low']:g}"
        if first["paper_high"] != first["paper_low"]:
            paper += f" to {first['paper_high']:g}"
        by = of_reading.set_index("replacement")
        ours = [_predicted(by.loc[name]) if name in by.index else "" for name in (ZERO, MEAN)]
        if "none" in by.index:
            ours = [_predicted(by.loc["none"])] * 2
        removed = str(first["removed"] or "")
        rows.append([first["reading"], order, removed, paper, *ours])
    heads = [
        "figure of the paper",
        "order or quantity",
        "removed",
        "paper",
        "ours, ablated to zero",
        "ours, ablated to the mean",
    ]
    return (
        f"For {unstated} numbers the paper does not say what ablated neurons put out. Of these, "
        f"{agreed.loc[ZERO, 'agree']} agree with ours if neurons are ablated to zero, and "
        f"{agreed.loc[MEAN, 'agree']} if they are ablated to their mean.\n\n"
        f"{_markdown(heads, rows)}"
    )


def _predicted(row: pd.Series) -> str:
    """Such as "0.84 [0.79, 0.89]", in bold if the paper's number agrees."""
    low, high = row["predicted_low"], row["predicted_high"]
    text = f"{row['mean']:.2f} [{low:.2f}, {high:.2f}]"
    return f"**{text}**" if row["agrees"] == "yes" else text


def effects(study: Path, condition: str, *scopes: str) -> str:
    """Effects of C1 and C2 of a condition in one sentence per scope."""
    frame = claims.read(study / condition / "claims.csv")
    frame = frame[(frame["family"] == "primary") & frame["claim"].str.startswith(("C1", "C2"))]
    sentences = []
    for scope, own in frame.groupby("scope", sort=False):
        if scopes and scope not in scopes:
            continue
        said = [f"{row['claim']} {_judged(row)}" for _, row in own.iterrows()]
        place = "Whole network" if scope == NETWORK else wording.of_scope(str(scope)).capitalize()
        sentences.append(f"{place}: {', '.join(said)}.")
    return " ".join(sentences)


def own_splits(study: Path) -> str:
    """How much wider intervals are if seeds do not share a split."""
    return splits.summary(splits.read(study / "splits.csv"))


def agreement(study: Path) -> str:
    """How far a replication agrees."""
    return f"{replication.summary(replication.read(study / 'replication.csv'))}."


def shares_table(study: Path, *conditions: str) -> str:
    """Effects over the whole network in their two parts, to zero and to the mean."""
    rows: list[list[str]] = []
    n_seeds = set()
    for path in conditions:
        frame = claims.read(study / path / "claims.csv")
        condition = frame[list(CONDITION)].iloc[0].to_dict()
        first = frame.loc[frame["family"] == "primary", ["measure", "quantizer"]].iloc[0]
        own = frame[(frame[["measure", "quantizer"]] == first).all(axis=1)]
        own = own[own["scope"] == NETWORK]
        n_seeds |= set(own["n_seeds"])
        for (replacement, claim), part in own.groupby(["replacement", "claim"], sort=True):
            by_reading = part.set_index("reading")
            words, readings = (
                str(claim),
                [claims.WHOLE, claims.SHARE, claims.WITHIN, claims.QUARTER],
            )
            if claims.RANKED in by_reading.index:
                words, readings = f"{claim}, ranked within layers", [claims.RANKED, *readings[1:]]
            cells = [
                _points(by_reading.loc[reading]) if reading in by_reading.index else ""
                for reading in readings
            ]
            if any(cells):
                about = [wording.of_condition(condition), str(replacement)]
                rows.append([*about, words, *cells])
    rows.sort(key=lambda row: row[1] != ZERO)
    heads = ["condition", "ablated to", "claim", "effect", "layer share", "within layers"]
    seeds = " or ".join(map(str, sorted(n_seeds)))
    return f"Seeds per condition: {seeds}.\n\n{_markdown([*heads, 'up to a quarter'], rows)}"


def _points(row: pd.Series) -> str:
    """Such as "by 3.0 [2.6, 3.4]"."""
    effect, low, high = (_in_points(row[name]) for name in ("effect", "low", "high"))
    return f"{effect} [{low}, {high}]"


def _of_conditions(frame: pd.DataFrame, paths: Sequence[str]) -> pd.DataFrame:
    """Rows of some conditions, in their order."""
    condition = frame[list(CONDITION)].agg("/".join, axis=1)
    by_path = [frame[condition == path] for path in paths]
    for path, rows in zip(paths, by_path, strict=True):
        if rows.empty:
            raise StorageError(f"no row of the condition {path}")
    return pd.concat(by_path, ignore_index=True)


def claims_table(study: Path, *conditions_shown: str) -> str:
    """Primary readings of some conditions."""
    frame = _of_conditions(claims.read_study(study / "claims.csv"), conditions_shown)
    frame = frame[frame["family"] == "primary"]
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
    frame = frame[frame["claim"].str.startswith("C4")]
    if frame.empty:
        raise StorageError(f"{study}: no condition of which the talk gives counts")
    frame = frame[frame["n_seeds"] == frame["n_seeds"].max()]
    rows = [[row["statement"], row["reading"], _judged(row)] for _, row in frame.iterrows()]
    return _markdown(["count, and the talk's number", "compared with", "our result"], rows)


def counts_table(study: Path, *conditions: str) -> str:
    """All counts of some conditions, at the tolerances of claims."""
    frame = _of_conditions(tables.read(study / "readings.csv", counts.COLUMNS), conditions)
    frame = frame[frame["marked"] & frame["quantity"].isin(counts.COUNTS)]
    rows = []
    for (*condition, scope), part in frame.groupby([*CONDITION, "scope"], sort=False):
        words = wording.of_condition(dict(zip(CONDITION, condition, strict=True)))
        own = part.set_index("quantity")
        layer = f"{scope.replace('-', ' ')} of {own['n_neurons'].iloc[0]}"
        rows.append([words, layer, *(_count(own.loc[name]) for name in counts.COUNTS)])
    heads = [name.replace("_", " ") for name in counts.COUNTS]
    return _markdown(["condition", "layer", *heads], rows)


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
        if condition not in seconds:
            raise StorageError(f"{logs}: no run times of the jobs of {'/'.join(condition)}")
        rows.append([words, n_seeds, f"{seconds[condition] / 60:.1f}"])
    rows.append(["all", "", f"{sum(seconds.values()) / 60:.0f}"])
    return _markdown(["condition", "seeds", "CPU minutes"], rows)


def compression_table(study: Path, dataset: str) -> str:
    """Hidden layers of each condition of a data set that compress, by estimator.

    A cell counts those that compress among those whose estimate is trusted, and the others.
    """
    frame = tables.read(study / "compression.csv", planes.COLUMNS)
    frame = frame[(frame["layer"] != layers.OUTPUT) & (frame["dataset"] == dataset)]
    frame = frame[frame["verdict"] != "no estimate"]
    conditions = frame.groupby(list(CONDITION), sort=False)
    heads = [
        f"{condition[1]}, {', '.join(map(wording.of_regularizer, condition[2:]))}"
        for condition, _ in conditions
    ]
    rows = []
    for estimator in dict.fromkeys(frame["estimator"]):
        row = [wording.of_estimator(estimator)]
        for _, own in conditions:
            verdicts = own.loc[own["estimator"] == estimator, "verdict"]
            trusted = verdicts[verdicts != "not trusted"]
            cell = f"{(trusted == 'compresses').sum()} of {len(trusted)}" if len(trusted) else ""
            if others := len(verdicts) - len(trusted):
                cell += f"{', ' if cell else ''}{others} not trusted"
            row.append(cell)
        rows.append(row)
    return _markdown(["estimator of I(X;T)", *heads], rows)


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


def synergy_table(study: Path) -> str:
    """Redundant and synergistic shares of what pairs of neurons say, by condition and layer."""
    frame = tables.read(study / "synergy.csv", synergy.COLUMNS)
    rows = []
    for key, own in frame.groupby([*CONDITION, "scope"], sort=False):
        last = own[own["epoch"].astype(int) == own["epoch"].astype(int).max()]
        last = last[last["measure"].isin(["", synergy.SHOWN])].set_index("quantity")
        cells = []
        for quantity in ("joint", "redundancy_share", "synergy_share", "shared"):
            row = last.loc[quantity]
            scale, digits = (1, 2) if quantity == "joint" else (100, 0)
            mean, low, high = (
                f"{scale * row[name]:.{digits}f}" for name in ("mean", "low", "high")
            )
            cells.append(f"{mean} [{low}, {high}]")
        words = wording.of_condition(dict(zip(CONDITION, key[:-1], strict=True)))
        rows.append([words, key[-1].replace("-", " "), *cells])
    heads = [
        "I(T1,T2;Y) (bit)",
        "redundant (%)",
        "synergistic (%)",
        "shared with one other neuron (%)",
    ]
    return _markdown(["condition", "layer", *heads], rows)


def needed_pairs(study: Path) -> str:
    """In how many layers jointly needed pairs are more redundant or synergistic than others."""
    frame = pd.read_csv(study / "figures/needed-pairs.csv")
    cells = [
        f"{words} in {(own['low'] > 0).sum()} and less in {(own['high'] < 0).sum()}"
        for words, quantity in (
            ("more synergistic", "needed_synergy_share"),
            ("more redundant", "needed_redundancy_share"),
        )
        for own in [frame[frame["quantity"] == quantity]]
    ]
    layers = len(frame[[*CONDITION, "scope"]].drop_duplicates())
    return f"Of {layers} layers, needed pairs are {', and '.join(cells)} than other pairs."


def synergy_agreement(study: Path) -> str:
    """Whether layers that measure as more redundant are counted as more redundant by ablation."""
    frame = tables.read(study / "synergy-agreement.csv", synergy.AGREEMENT_COLUMNS)
    rows = [
        [
            synergy.MEASURED[row["measured"]],
            synergy.COUNTED[row["counted"]],
            f"{row['correlation']:.2f} [{row['low']:.2f}, {row['high']:.2f}]",
        ]
        for _, row in frame.iterrows()
    ]
    n_layers, n_conditions = frame["n_layers"].max(), frame["n_conditions"].max()
    return (
        f"Spearman's correlation over {n_layers} layers of {n_conditions} conditions:\n\n"
        + _markdown(["measured", "counted by ablation", "rank correlation"], rows)
    )


def classes_table(study: Path, *conditions: str) -> str:
    """Which class dies: what the order of a class costs it beyond the others, by layer."""
    frame = pd.concat(
        [tables.read(study / path / "classes.csv", classes.COLUMNS) for path in conditions]
    )
    frame = frame[frame["of_class"] == classes.ALL]
    quantities = (
        classes.OWN,
        classes.MORE,
        classes.QUARTER,
        classes.FIRST,
        classes.MOST,
        classes.DAMAGE,
    )
    rows = []
    for (*condition, scope, measure), part in frame.groupby(
        [*CONDITION, "scope", "measure"], sort=False
    ):
        own = part.set_index("quantity")
        words = wording.of_condition(dict(zip(CONDITION, condition, strict=True)))
        order = "those on for it first" if measure == classes.ON else "information"
        cells = [_of_classes(own.loc[name], name) for name in quantities]
        rows.append([words, wording.of_scope(scope), order, *cells])
    heads = ["condition", "layer", "order", *quantities]
    return _markdown(heads, rows)


def _of_classes(row: pd.Series, quantity: str) -> str:
    """Losses in points; shares and correlations as they are."""
    scale, digits = (1, 2) if quantity in (classes.MOST, classes.DAMAGE) else (100, 1)
    mean, low, high = (f"{scale * row[name]:.{digits}f}" for name in ("mean", "low", "high"))
    verdict = row["verdict"]
    if verdict and verdict != "undecided":
        verdict = f"**{verdict}**"
    return f"{verdict} {mean} [{low}, {high}]".strip()


def replaced_table(study: Path, orderings: str, *conditions: str) -> str:
    """What each replacement is worth against zero, in points of mean accuracy over the curve."""
    rows = []
    for path in conditions:
        frame = tables.read(study / path / "replaced.csv", ranking.COLUMNS)
        frame = frame[frame["orderings"] == orderings]
        condition = wording.of_condition(frame[list(CONDITION)].iloc[0].to_dict())
        for (scope, direction), part in frame.groupby(["scope", "direction"], sort=False):
            own = part.set_index("replacement")
            cells = [_points(own.loc[name]) for name in own.index]
            rows.append([condition, wording.of_scope(scope), DIRECTIONS.get(direction, direction)])
            rows[-1] += cells
        names = [name.removesuffix(" - zero") for name in own.index]
    return _markdown(["condition", "scope", "order", *names], rows)


def replacements_and_claims(study: Path, *conditions: str) -> str:
    """Verdicts of C2 by what ablated neurons put out."""
    rows = []
    for path in conditions:
        frame = claims.read(study / path / "claims.csv")
        frame = frame[frame["claim"].isin(["C2a", "C2b"]) & (frame["scope"] != NETWORK)]
        frame = frame[
            (frame["reading"] == claims.WHOLE) & (frame["measure"] == "mutual_information")
        ]
        condition = wording.of_condition(frame[list(CONDITION)].iloc[0].to_dict())
        for (claim, scope), part in frame.groupby(["claim", "scope"], sort=False):
            own = part.drop_duplicates("replacement").set_index("replacement")
            names = list(own.index)
            cells = [_judged(own.loc[name]) for name in names]
            rows.append([condition, f"{claim} {wording.of_scope(scope)}", *cells])
    return _markdown(["condition", "claim", *names], rows)


def tighter_table(study: Path, *conditions: str) -> str:
    """Tighter bounds from supersamples of some conditions: value, interval, ratio to the gap."""
    frame = pd.read_csv(study / "figures/bounds-tighter.csv", keep_default_na=False)
    folder = study / "bounds/supersample"
    files = [storage.read(folder / name / "supersample.nc", "supersample") for name in conditions]
    sizes = sorted(frame["train_size"].unique())
    rows = []
    for name, words in zip(conditions, bounds.names_of(files), strict=True):
        of_name = frame[frame["condition"] == name]
        gaps = of_name.drop_duplicates("train_size").set_index("train_size")["gap"]
        rows.append([words, "gap", *(f"{gaps[m]:.3f}" for m in sizes)])
        for bound, part in of_name.groupby("bound", sort=False):
            own = part.set_index("train_size")
            rows.append([words, bound, *(_tight(own.loc[m]) for m in sizes)])
    return _markdown(["condition", "bound", *(f"m = {m:,}" for m in sizes)], rows)


def _tight(row: pd.Series) -> str:
    """Such as "0.103 [0.094, 0.112]; 2.7", with the verdict where the bound is of no use."""
    low, high = (float(row[end] or "nan") for end in ("low", "high"))
    words = f"{float(row['value']):.3f} [{low:.3f}, {high:.3f}]"
    if row["ratio"] != "":
        words += f"; {float(row['ratio']):.1f}"
    return words if row["verdict"] == "bounds the gap" else f"{words}, {row['verdict']}"


def gap_table(study: Path) -> str:
    """Rank correlations of areas and of redundancy with the generalization gap."""
    frame = tables.read(study / "ablation-gap.csv", correlations.COLUMNS)
    readings = _readings(frame)
    rows = [
        [_of_column(x), _of_column(y), _networks(own), *_cells(own, readings)]
        for (x, y), own in frame.groupby(["x", "y"], sort=False)
    ]
    return _markdown(["what", "against", "networks", *readings], rows)


def robustness_table(study: Path) -> str:
    """Rank correlations of the redundancy of a layer with what a corruption leaves."""
    frame = tables.read(study / "robustness-agreement.csv", robustness.AGREEMENT_COLUMNS)
    readings = _readings(frame)
    rows = [
        [wording.of_scope(layer), kind, _networks(own), *_cells(own, readings)]
        for (layer, kind), own in frame.groupby(["layer", "y"], sort=False)
    ]
    return _markdown(["layer", "corruption", "networks", *readings], rows)


def _of_column(column: str) -> str:
    """A column of ``ablation-gap-networks.csv`` for people."""
    if column == "gap":
        return "generalization gap"
    if column == ablation_gap.REDUNDANCY:
        return "redundancy of two neurons"
    return f"area, {wording.DIRECTIONS[ablation_gap.AREAS[column]]}"


def _networks(own: pd.DataFrame) -> str:
    row = own.iloc[0]
    return f"{row['n_networks']} of {row['n_conditions']} conditions"


def _readings(frame: pd.DataFrame) -> list[str]:
    """The readings that a table of correlations has."""
    return [reading for reading in READINGS if reading in set(frame["reading"])]


def _cells(own: pd.DataFrame, readings: Sequence[str]) -> list[str]:
    by_reading = own.set_index("reading")
    return [
        in_words(by_reading.loc[reading]) if reading in by_reading.index else ""
        for reading in readings
    ]


def compression_gap_table(study: Path) -> str:
    """Correlations of compression with generalization, by kind of networks."""
    table = tables.read(study / "compression-gap.csv", compression_gap.AGREEMENT_COLUMNS)
    found = compression_gap.shown(table)
    readings = _readings(found)
    rows = []
    for names, own in found.groupby([*compression_gap.KIND, "x", "y"], sort=False):
        *kind, x, y = names
        one = own.iloc[0]
        n_networks, n_conditions = (str(one[key]) for key in ("n_networks", "n_conditions"))
        what = f"{_COMPRESSION[x]} and {_COMPRESSION[y]}"
        of_kind = wording.of_kind(dict(zip(compression_gap.KIND, kind, strict=True)))
        rows.append([of_kind, n_networks, n_conditions, what, *_cells(own, readings)])
    heads = ["networks", "number", "conditions", "correlation of", *readings]
    return f"{compression_gap.sentence(found)}.\n\n{_markdown(heads, rows)}"


_COMPRESSION = {
    compression_gap.FALL: "fall of I(X;T)",
    compression_gap.LAST: "I(X;T) at the end",
    compression_gap.GAP: "gap",
    compression_gap.ACCURACY: "test accuracy",
}

BLOCKS: Mapping[str, Callable[..., str]] = {
    "synergy": synergy_table,
    "synergy-agreement": synergy_agreement,
    "needed-pairs": needed_pairs,
    "answer": answer,
    "first-version": first_version_table,
    "effects": effects,
    "shares": shares_table,
    "claims": claims_table,
    "talk": talk_table,
    "counts": counts_table,
    "cost": cost_table,
    "compression": compression_table,
    "bounds": bounds_table,
    "splits": own_splits,
    "agreement": agreement,
    "classes": classes_table,
    "replaced": replaced_table,
    "replaced-claims": replacements_and_claims,
    "tighter": tighter_table,
    "gap": gap_table,
    "robustness": robustness_table,
    "compression-gap": compression_gap_table,
}
"""Name -> what makes the text of a block from a study and the words after it."""


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
    return "{} [{}, {}]".format(*(round(row[name]) for name in ("mean", "low", "high")))


def _markdown(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    def lines() -> Iterator[str]:
        for cells in (heads, ["---"] * len(heads), *rows):
            yield f"| {' | '.join(cells)} |"

    return "\n".join(lines())


if __name__ == "__main__":
    if len(sys.argv) < 2:
        raise SystemExit(__doc__)
    update([Path(study) for study in sys.argv[1:]])
