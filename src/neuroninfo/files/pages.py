"""Tables as pages that a browser shows."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Final

import pandas as pd

from neuroninfo.files.storage import written_whole

# Blue and orange of the figures, which colour-blind people tell apart.
_STYLE: Final = """
body { font: 13px sans-serif; color: #333333; margin: 1em }
h1 { font-size: 18px }
table { border-collapse: collapse; border: 0; width: max-content }
td { max-width: 24em }
th, td { border: 0; border-bottom: 1px solid #dddddd; padding: 4px 8px; text-align: left }
th { position: sticky; top: 0; background: white }
.holds { color: #0072b2; font-weight: bold }
.fails { color: #d55e00; font-weight: bold }
"""


def write(frame: pd.DataFrame, path: str | Path, *, title: str, lead: str = "") -> None:
    """Write a table as a page that a browser shows; numbers to three digits.

    Parameters
    ----------
    frame, path
        What is written, and where to.
    title, lead
        Heading, and a paragraph below it.
    """
    shown = frame.to_html(index=False, na_rep="", float_format=lambda value: f"{value:.3g}")
    shown = re.sub(r"<td>(holds|fails|undecided)</td>", r'<td class="\1">\1</td>', shown)
    head = f'<meta charset="utf-8"><title>{html.escape(title)}</title><style>{_STYLE}</style>'
    said = f"<p>{html.escape(lead)}</p>" if lead else ""
    page = f'<!doctype html><html lang="en"><head>{head}</head>'
    page += f"<body><h1>{html.escape(title)}</h1>{said}{shown}</body></html>\n"
    with written_whole(path) as part:
        part.write_text(page, encoding="utf-8")
