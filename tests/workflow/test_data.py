"""The page on files, docs/data.md, against files of a finished run."""

import importlib.util
import re
from pathlib import Path

import pytest

from .conftest import Project
from .test_docs import DOCS, run


def test_the_tables_of_data_are_those_of_the_files(finished: Project) -> None:
    spec = importlib.util.spec_from_file_location("update_data", DOCS / "update_data.py")
    update_data = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(update_data)
    page = (DOCS / "data.md").read_text()
    results = finished.folder / "results"
    assert set(re.findall(r"^<!-- (?!end)(\w+) -->$", page, re.MULTILINE)) == set(
        update_data.tables([results])
    )
    assert update_data.page(page, [results]) == page, "python docs/update_data.py results/..."


def test_the_examples_of_data_run(finished: Project, tmp_path: Path) -> None:
    examples = re.findall(r"^```python\n(.*?)^```", (DOCS / "data.md").read_text(), re.M | re.S)
    script = "\n".join(examples)
    for folder in ("results/{}digits", "results/{}figures/digits"):
        shown = folder.format("demo/") + "/100-100/relu/l2"
        script = script.replace(shown, folder.format("miniature/") + "/12-8/relu/dropout")
    script = script.replace("/seeds-0-4", "")  # there are two blocks in the miniature
    script = script.replace('"own', f'"{tmp_path}/own')
    run(finished.folder, f"MPLBACKEND=agg PYTHONPATH=src python -W error - <<'END'\n{script}\nEND")
    assert (tmp_path / "own.png").stat().st_size > 10_000
    page = re.search(rb"/MediaBox \[ 0 0 ([\d.]+) ", (tmp_path / "own-column.pdf").read_bytes())
    assert page
    # Printed at 84 mm, text of 12 points has 8.
    assert float(page[1]) / 72 * 25.4 == pytest.approx(84 * 12 / 8, abs=4)
