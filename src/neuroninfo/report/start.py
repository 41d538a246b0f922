"""The start page of the report, which shows the main results of the study.

It is HTML without scripts, since Snakemake's report shows it as its description, where scripts do
not run; opened by itself it is a whole page.
"""

from __future__ import annotations

import base64
import html
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from neuroninfo.figures import wording
from neuroninfo.files.storage import written_whole
from neuroninfo.results.claims import SHARE, WHOLE, WITHIN
from neuroninfo.vocabulary import CONDITION, NETWORK, ZERO

VERDICTS: Final[Mapping[str, str]] = {"holds": "✓", "fails": "✗", "undecided": "?"}
"""Verdict -> its sign on the heat map: colours are not all that tells them apart."""
CLAIMS: Final[Mapping[str, tuple[str, str]]] = {
    "C1": ("Highest first hurts less than lowest first", "ablation-network"),
    "C1a": ("Highest first hurts less than random", "ablation-network"),
    "C1b": ("Lowest first hurts more than random", "ablation-network"),
    "C2a": ("In a layer, highest first hurts more than random", "ablation-layers"),
    "C2b": ("In a layer, lowest first hurts less than random", "ablation-layers"),
    "C3": ("Layers differ in information", "information"),
    "C4": ("Numbers of neurons as the talk reads them off", "tolerances"),
    "C5": ("Class selectivity does not predict damage", "simpson"),
}
"""Claim -> its words above a column of the heat map, and the figure that shows it."""
_UNITS: Final = {
    "C3": (1, " (Cliff's delta)"),
    "C4": (1, " neurons"),
    "C5": (1, " (rank correlation)"),
}
"""Factor and unit of the effects that are not in percentage points."""
_OF_ONE_NETWORK: Final = "one network"
"""C4 is read off one network; so its reading for one network is on the map."""
_LEGEND: Final = """<h2>Which claims of the talk hold?</h2>
<p>Each tile is the effect of one claim under one condition, in percentage points of accuracy where
it has a sign. Verdicts are those after Holm's correction for the number of claims and conditions.
Point at a tile for its interval; click on it for the figure.</p>
<div class="key"><span><span class="tile holds sure">✓</span> holds</span>
<span><span class="tile fails sure">✗</span> fails</span>
<span><span class="tile holds likely">?</span> <span class="tile fails likely">?</span>
undecided after the correction, but holds or fails without it</span>
<span><span class="tile">?</span> undecided</span><span>Small numbers are layers.</span></div>
"""


@dataclass(frozen=True)
class Finding:
    """A number at the top of the page, and the sentence below it."""

    number: str
    sentence: str


def shown(claims: pd.DataFrame) -> pd.DataFrame:
    """Rows of the table of claims that are on the heat map, in its order.

    The readings that are corrected together, and C4 as it is said of one network.

    Parameters
    ----------
    claims
        Of a study, `claims.STUDY_COLUMNS`.

    Returns
    -------
    DataFrame
        Beside its columns ``column``, the claim above its column (`CLAIMS`), and ``final``, the
        verdict after the correction where there is one.
    """
    of_one = claims["reading"].str.startswith(_OF_ONE_NETWORK)
    rows = claims[(claims["family"] == "primary") | of_one]
    verdict = rows["verdict_holm"].where(rows["verdict_holm"] != "", rows["verdict"])
    return rows.assign(column=rows["claim"].str.partition(" ")[0], final=verdict)


def findings(claims: pd.DataFrame) -> list[Finding]:
    """The main findings in at most three numbers, from the table of claims.

    Does C1 hold; what of its effect is the layers' share; does C2a hold within layers. A study
    that lacks the readings for one of them has a number less.

    Parameters
    ----------
    claims
        Of a study, `claims.STUDY_COLUMNS`.
    """
    rows = shown(claims)
    found = []
    if len(whole := rows[rows["claim"] == "C1"]):
        holds, fails, undecided = _counted(whole)
        found.append(
            Finding(
                f"{holds} of {len(whole)}",
                "Over the whole network, the talk claims, it hurts less to remove the neurons with "
                "the highest information first than those with the lowest (C1). This holds in "
                f"{holds} of {wording.counted(len(whole), 'condition')}, fails in {fails}, and is "
                f"undecided in {undecided}, after Holm's correction.",
            )
        )
    effect, share, within = (mean_effect(claims, part) for part in (WHOLE, SHARE, WITHIN))
    if not np.isnan(share):
        found.append(
            Finding(
                f"{_signed(effect)} points",
                "is the effect of C1 in accuracy, on average over conditions: "
                f"{_signed(share)} come from which layers lose their neurons first (the share of "
                f"the layers), and {_signed(within)} from the choice of neurons within layers.",
            )
        )
    if len(layers := rows[rows["claim"] == "C2a"]):
        holds, fails, undecided = _counted(layers)
        found.append(
            Finding(
                f"{holds} of {len(layers)}",
                "Within a single layer, removing the neurons with the highest information first "
                f"hurts more than a random order (C2a) in {holds} of "
                f"{wording.counted(len(layers), 'layer')}. This fails in {fails} and is undecided "
                f"in {undecided}.",
            )
        )
    return found


def mean_effect(claims: pd.DataFrame, reading: str) -> float:
    """Effect of C1 in percentage points, a mean over the conditions that have all of its parts.

    NaN without such a condition.

    Parameters
    ----------
    claims
        Of a study, `claims.STUDY_COLUMNS`.
    reading
        `claims.WHOLE`, or a part of it: `claims.SHARE` or `claims.WITHIN`.
    """
    c1 = claims[(claims["claim"] == "C1") & (claims["scope"] == NETWORK)]
    primary = c1[c1["family"] == "primary"].set_index(list(CONDITION))
    effects = []
    for condition, row in primary.iterrows():
        own = c1[
            (c1[list(CONDITION)] == list(condition)).all(axis=1)
            & (c1["measure"] == row["measure"])
            & (c1["quantizer"] == row["quantizer"])
            & (c1["replacement"] == ZERO)
        ].set_index("reading")["effect"]
        if SHARE in own.index:
            effects.append(100 * own[reading])
    return float(np.mean(effects)) if effects else float("nan")


def heat_map(claims: pd.DataFrame, figures: Mapping[str, Sequence[str]], folder: str) -> str:
    """Verdicts as an HTML table: conditions by claims, each cell with its number.

    Parameters
    ----------
    claims
        Of a study, `claims.STUDY_COLUMNS`.
    figures
        Path of a condition -> names of its own figures; a cell leads to the one that shows it.
    folder
        Of the study: the report knows its figures by their paths.
    """
    rows = shown(claims)
    columns = [claim for claim in CLAIMS if (rows["column"] == claim).any()]
    head = "".join(
        f"<th><b>{claim}</b><span>{html.escape(CLAIMS[claim][0])}</span></th>" for claim in columns
    )
    body = []
    for condition, own in rows.groupby(list(CONDITION), sort=False):
        names = dict(zip(CONDITION, condition, strict=True))
        path = "/".join(condition)
        cells = "".join(
            f"<td>{''.join(_tiles(own[own['column'] == claim], path, figures, folder))}</td>"
            for claim in columns
        )
        dataset, _, networks = html.escape(wording.of_condition(names)).partition(", ")
        body.append(f"<tr><th><b>{dataset}</b>{networks}</th>{cells}</tr>")
    return f"<table><thead><tr><th></th>{head}</tr></thead><tbody>{''.join(body)}</tbody></table>"


def write(
    claims: pd.DataFrame | None,
    path: str | Path,
    *,
    study: str,
    explorer: str | None,
    figures: Mapping[str, Sequence[str]],
    key_figure: str | Path | None,
    template: str | Path,
) -> None:
    """Write the start page.

    Parameters
    ----------
    claims
        Of the study; None if nothing was ablated.
    path
        The page, in the study's folder.
    study
        Its name.
    explorer
        Name of its explorer, if there is one.
    figures
        As of `heat_map`.
    key_figure
        A PNG that is shown below.
    template
        HTML with the words ``{{study}}``, ``{{about}}``, ``{{explorer}}``, ``{{claims}}`` and
        ``{{figure}}``.
    """
    page = Path(template).read_text(encoding="utf-8")
    folder = Path(path).parent.as_posix()
    filled = {"study": html.escape(study), "about": "", "explorer": "", "claims": "", "figure": ""}
    if claims is not None:
        filled["about"] = f": {_about(claims)}"
        found = "".join(
            f"<li><b>{html.escape(one.number)}</b>{html.escape(one.sentence)}</li>"
            for one in findings(claims)
        )
        filled["claims"] = (
            f'<ul class="findings">{found}</ul>{_LEGEND}{heat_map(claims, figures, folder)}'
        )
    if explorer is not None:
        words = "Explore all curves, neurons and planes"
        filled["explorer"] = linked(explorer, folder, f'<span class="button">{words}</span>')
    if key_figure is not None:
        image = base64.b64encode(Path(key_figure).read_bytes()).decode()
        source = f"data:image/png;base64,{image}"
        shown_at = Path(key_figure).relative_to(folder).as_posix()
        image_of = f'<img alt="The key figure of the study" src="{source}">'
        filled["figure"] = f"<h2>The figure to begin with</h2>{linked(shown_at, folder, image_of)}"
    for word, text in filled.items():
        page = page.replace(f"{{{{{word}}}}}", text)
    with written_whole(path) as part:
        part.write_text(page, encoding="utf-8")


def _about(claims: pd.DataFrame) -> str:
    """How many conditions and seeds, in words."""
    n_conditions = len(claims[list(CONDITION)].drop_duplicates())
    seeds = sorted(set(claims.loc[claims["effect"].notna(), "n_seeds"]))
    most = wording.counted(seeds[-1], "seed")
    of_seeds = most if len(seeds) == 1 else f"{seeds[0]} to {most}"
    return f"{wording.counted(n_conditions, 'condition')}, {of_seeds} each"


def _counted(rows: pd.DataFrame) -> list[int]:
    """In how many rows it holds, fails, and is undecided, after the correction."""
    return [int((rows["final"] == verdict).sum()) for verdict in VERDICTS]


def _tiles(
    rows: pd.DataFrame, condition: str, figures: Mapping[str, Sequence[str]], folder: str
) -> Iterator[str]:
    """A tile for each scope of a claim under a condition."""
    for row in rows.itertuples():
        final, figure = row.final, CLAIMS[row.column][1]
        sure = "sure" if final != "undecided" else ("likely" if row.verdict != final else "")
        look = row.verdict if sure == "likely" else final
        scope = "" if row.scope == NETWORK else f"<small>{html.escape(_scope(row))}</small>"
        tile = (
            f'<span class="tile {look} {sure}" tabindex="0" data-tip="{html.escape(_tip(row))}">'
            f"{scope}{VERDICTS[final]} {_number(row)}</span>"
        )
        known = figure in figures.get(condition, ())
        yield linked(f"figures/{condition}/{figure}.png", folder, tile) if known else tile


def linked(target: str, folder: str, shown: str) -> str:
    """A link to a figure or a page of the study: to the report's own if it is read in the report.

    Parameters
    ----------
    target
        Path below the study's folder.
    folder
        The study's; the report knows what it shows by whole paths.
    shown
        HTML of the link.
    """
    kind = "html" if target.endswith(".html") else "img"
    in_report = (
        "if (typeof results === 'undefined') return true; "
        f"app.setView({{content: '{kind}', contentPath: results['{folder}/{target}'].data_uri}}); "
        "return false"
    )
    return f'<a href="{target}" onclick="{html.escape(in_report)}">{shown}</a>'


def _scope(row: Any) -> str:  # noqa: ANN401
    """Such as "1", "1, 2" of a pair of layers, or "3 suffice" of a count."""
    return " ".join((row.scope.replace("layer-", ""), *row.claim.split()[1:]))


def _number(row: Any) -> str:  # noqa: ANN401
    if np.isnan(row.effect):
        return "no value"
    if row.column not in _UNITS:
        return _signed(100 * row.effect)
    return f"{row.effect:.0f}" if row.column == "C4" else _with_minus(f"{row.effect:.2f}")


def _tip(row: Any) -> str:  # noqa: ANN401
    """Text at the pointer: the statement, the effect with its interval, and the verdicts."""
    said = [f"{row.claim}. {row.statement}."]
    if not np.isnan(row.effect):
        factor, unit = _UNITS.get(row.column, (100, " percentage points"))
        said.append(f"{factor * row.effect:.2f}{unit}")
        if not np.isnan(row.low):
            said[-1] += f" [{factor * row.low:.2f}, {factor * row.high:.2f}]"
        said[-1] += f", {wording.counted(row.n_seeds, 'seed')}."
    verdict = f"Verdict: {row.verdict}"
    if row.verdict_holm and row.verdict_holm != row.verdict:
        verdict += f", {row.verdict_holm} after Holm's correction"
    said.append(f"{verdict}.")
    if row.note:
        said.append(f"{row.note.capitalize()}.")
    return " ".join(said)


def _signed(points: float) -> str:
    """Such as "+3.2"."""
    return _with_minus(f"{points:+.1f}")


def _with_minus(number: str) -> str:
    """A number with a minus sign that is as wide as a plus sign."""
    return number.replace("-", "\N{MINUS SIGN}")
