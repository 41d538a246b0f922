"""The explorer: a page that needs no network, with charts of all conditions of a study."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import vl_convert

from neuroninfo.files.storage import written_whole
from neuroninfo.report.charts import charts

_GLOBALS: Final = "window.vegaEmbed = vegaEmbed;"
"""Script that gives the page the name of the library that it calls."""


def write(contents: Mapping[str, Any], path: str | Path, *, template: str | Path) -> None:
    """Write the page: the template with Vega, the charts and the numbers that they show in it.

    Parameters
    ----------
    contents
        ``study``, its name; ``conditions``, each with ``name``, ``path``, ``figures`` (section of
        the page -> files below the study's folder) and what `contents` gives of it; ``parts``.
    path
        The page.
    template
        HTML with the words ``{{vega}}``, ``{{charts}}``, ``{{contents}}`` and ``{{study}}``.
    """
    page = Path(template).read_text(encoding="utf-8")
    filled = {
        "study": contents["study"],
        "charts": _json(charts()),
        "contents": _json(contents),
        "vega": vl_convert.javascript_bundle(_GLOBALS).replace("</script", "<\\/script"),
    }
    for word, text in filled.items():
        page = page.replace(f"{{{{{word}}}}}", text)
    with written_whole(path) as part:
        part.write_text(page, encoding="utf-8")


def _json(value: Any) -> str:  # noqa: ANN401
    """JSON that can stand in a script of a page."""
    return json.dumps(value, separators=(",", ":"), allow_nan=False).replace("</", "<\\/")
