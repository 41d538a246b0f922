"""Tables as pages that a browser shows, where they are sorted, filtered and searched."""

from __future__ import annotations

import base64
import gzip
import html
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pandas as pd

from neuroninfo.files.storage import written_whole

NAMES: Final[Mapping[str, str]] = {
    "dataset": "data set",
    "n_seeds": "seeds",
    "n_neurons": "neurons",
    "n_conditions": "conditions",
    "n_networks": "networks",
    "n_splits": "splits",
    "low": "95 % from",
    "high": "95 % to",
    "delta": "tolerance",
    "p_holm": "corrected p",
    "verdict_holm": "corrected verdict",
    "train_size": "training examples",
    "non_vacuous": "share not vacuous",
    "verdict_replicated": "verdict of the replication",
    "effect_replicated": "effect of the replication",
    "n_seeds_replicated": "seeds of the replication",
    "drop": "fall (bit)",
    "highest": "highest (bit)",
    "last": "at the end (bit)",
    "n_same_verdict": "splits of this verdict",
}
"""Columns for people; in the names of others the underscores are spaces."""

_ROWS: Final = 50
"""Rows of a page of the table (chosen)."""

# Blue and orange of the figures, which colour-blind people tell apart.
_STYLE: Final = """
:root { color-scheme: light dark }
body { font: 14px/1.45 system-ui, "DejaVu Sans", sans-serif; margin: 1.2em;
  background: light-dark(#ffffff, #14171b); color: light-dark(#22272e, #e4e7eb) }
h1 { font-size: 20px; margin: 0 0 4px }
p { max-width: 90ch; color: light-dark(#5b6470, #a3abb6) }
table.dataTable th { white-space: nowrap }
table.dataTable td { font-variant-numeric: tabular-nums; vertical-align: top }
.text { min-width: 24em; max-width: 34em; white-space: normal }
.dt-container, .dt-container > * { background: transparent !important; color: inherit }
.holds { color: light-dark(#0072b2, #56b4e9); font-weight: bold }
.fails { color: light-dark(#b94f00, #ff8a3d); font-weight: bold }
"""
_CLASSED: Final = """function (cell, value) {
  if (["holds", "fails"].includes(value)) cell.classList.add(value);
  if (typeof value === "string" && value.length > 40) cell.classList.add("text");
}"""
# itables puts its files into a page as base64, about 1 MB: packed they are a third of that.
_UNPACK: Final = """async function unpacked(base64) {
    const bytes = Uint8Array.from(atob(base64), letter => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Response(stream).text();
}
"""
_EMBEDDED: Final = re.compile(r"[A-Za-z0-9+/=]{1000,}")
# What DataTables takes for its dark colours.
_DARK: Final = """<script>
const dark = matchMedia("(prefers-color-scheme: dark)");
const follow = () => document.documentElement.classList.toggle("dark", dark.matches);
dark.addEventListener("change", follow);
follow();
</script>"""


def write(frame: pd.DataFrame, path: str | Path, *, title: str, lead: str = "") -> None:
    """Write a table as a page that a browser shows without a network; numbers to three digits.

    Its rows are sorted by a click on a column's name, filtered by column, and searched, by
    DataTables as itables puts it into a page.

    Parameters
    ----------
    frame, path
        What is written, and where to.
    title, lead
        Heading, and a paragraph below it.
    """
    # Only scripts that write pages need the library.
    from itables import JavascriptFunction, options, to_html_datatable
    from itables.javascript import generate_init_offline_itables_html

    named = frame.rename(columns=lambda name: NAMES.get(name, name.replace("_", " ")))
    with pd.option_context("display.float_format", "{:.3g}".format):
        table = to_html_datatable(
            named,
            table_id="table",
            connected=False,
            maxBytes=0,
            showIndex=False,
            classes="compact hover order-column",
            style="width: auto; margin: 0",
            columnControl=["order", "searchDropdown"],
            ordering={"indicators": False, "handler": True},
            pageLength=_ROWS,
            lengthMenu=[_ROWS, 500, -1],
            layout={
                "topStart": "search",
                "topEnd": "info",
                "bottomStart": "pageLength",
                "bottomEnd": "paging",
            },
            columnDefs=[{"targets": "_all", "createdCell": JavascriptFunction(_CLASSED)}],
        )
    # An empty cell says that there is no number.
    table = table.replace(r"[\"NaN\", ", r"[\"\", ")
    libraries = _packed(generate_init_offline_itables_html(options.dt_bundle))
    head = f'<meta charset="utf-8"><title>{html.escape(title)}</title>{libraries}'
    head += f"<style>{_STYLE}</style>{_DARK}"
    said = f"<p>{html.escape(lead)}</p>" if lead else ""
    page = f'<!doctype html><html lang="en"><head>{head}</head>'
    page += f"<body><h1>{html.escape(title)}</h1>{said}{table}</body></html>\n"
    with written_whole(path) as part:
        part.write_text(page, encoding="utf-8")


def _packed(libraries: str) -> str:
    """The script that loads DataTables, with its files compressed and unpacked by the browser.

    Raises
    ------
    RuntimeError
        Another version of itables loads them in another way.
    """
    calls = {
        "function injectCSS(": "async function injectCSS(",
        "atob(base64CSS)": "await unpacked(base64CSS)",
        "atob(base64JS)": "await unpacked(base64JS)",
        "<script>": f"<script>{_UNPACK}",
    }
    for found, instead in calls.items():
        if libraries.count(found) != 1:
            raise RuntimeError(f"itables: its pages do not have {found!r} once")
        libraries = libraries.replace(found, instead)

    def pack(embedded: re.Match[str]) -> str:
        content = gzip.compress(base64.b64decode(embedded[0]), 9, mtime=0)
        return base64.b64encode(content).decode()

    return _EMBEDDED.sub(pack, libraries)
