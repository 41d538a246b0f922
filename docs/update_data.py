"""Put the variables of a study's files into data.md beside this script.

    python docs/update_data.py results/demo [results/...]

The table of a kind of file stands between the lines ``<!-- kind -->`` and ``<!-- end -->``; a kind
that none of the studies has keeps its table. Layers are called <l>, scopes of groups <scope>.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import xarray as xr

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "src"))

from neuroninfo.files import storage

_LAYER = re.compile(r"(?<=weight|neuron)_(\d+|output)$|(?<=bias)_(\d+|output)$")
_SCOPE = re.compile(r"^(network|layer-\d+)$")


def tables(studies: Sequence[Path]) -> dict[str, str]:
    """Kind of file -> its table of variables, of all files in some folders."""
    rows: dict[str, dict[str, None]] = {}
    for path in sorted(path for study in studies for path in study.rglob("*.nc")):
        tree = storage.load(path)
        rows.setdefault(str(tree.name), {}).update(dict.fromkeys(_rows(tree)))
    head = "| variable | dimensions | type | unit | what |\n| --- | --- | --- | --- | --- |\n"
    return {kind: head + "\n".join(rows[kind]) for kind in sorted(rows)}


def page(text: str, studies: Sequence[Path]) -> str:
    """The page with the tables of some studies in it."""
    for kind, table in tables(studies).items():
        pattern = re.compile(rf"(<!-- {kind} -->\n).*?(<!-- end -->)", re.DOTALL)
        text, n = pattern.subn(lambda m, t=table: f"{m[1]}{t}\n{m[2]}", text)
        if n != 1:
            raise SystemExit(f"data.md: needs one place for the table of {kind}: <!-- {kind} -->")
    return text


def _rows(tree: xr.DataTree) -> Iterator[str]:
    for node in tree.subtree:
        group = "" if node is tree else f"{_SCOPE.sub('<scope>', str(node.name))}/"
        for name, variable in sorted(node.to_dataset().variables.items(), key=_by_dimensions):
            dims = [_LAYER.sub("_<l>", str(dim)) for dim in variable.dims]
            if re.fullmatch(r"weight_(\d+|output)", str(name)):
                dims[-1] = "neuron_<l-1>"
            words = re.sub(r"\b(layer) (\d+|output)\b", r"\1 <l>", variable.attrs["long_name"])
            cells = [
                f"`{group}{_LAYER.sub('_<l>', str(name))}`",
                ", ".join(f"`{dim}`" for dim in dims) or "-",
                "text" if variable.dtype.kind in "UOT" else str(variable.dtype),
                variable.attrs.get("units", "-"),
                words.replace("|", "\\|").replace("<", "\\<"),
            ]
            yield f"| {' | '.join(cells)} |"


def _by_dimensions(item: tuple[object, xr.Variable]) -> tuple[bool, str]:
    """Coordinates of one dimension last."""
    name, variable = item
    return variable.dims == (name,), str(name)


if __name__ == "__main__":
    here = HERE / "data.md"
    studies = [Path(folder) for folder in sys.argv[1:]]
    here.write_text(page(here.read_text(encoding="utf-8"), studies), encoding="utf-8")
