"""The start page says what the table of claims says."""

import re
from html import unescape
from pathlib import Path

import numpy as np
import pytest

from neuroninfo.report import start
from tests.unit.report.studies import row, split, table

TEMPLATE = Path(__file__).resolve().parents[3] / "workflow" / "report" / "start.html"
HOLDS = {"verdict": "holds", "verdict_holm": "holds"}
LIKELY = {"verdict": "fails", "verdict_holm": "undecided"}
DROPOUT = {"regularizer": "dropout"}
CLAIMS = table(
    *split(0.10, 0.16, **HOLDS),
    *split(-0.20, 0.02, **LIKELY, **DROPOUT),
    row("C2a", 0.05, scope="layer-1", **HOLDS),
    row("C2a", -0.03, scope="layer-2"),
    row("C2a", 0.07, scope="layer-1", **HOLDS, **DROPOUT),
    row("C3", 0.9, scope="layer-1, layer-2", unit="1", **HOLDS),
    row("C4 suffice", 40.2, scope="layer-2", unit="neurons", family="", verdict="holds",
        verdict_holm="", reading="one network, tolerance 0.1"),
    row("C5", np.nan, unit="1", low=np.nan, high=np.nan, n_seeds=0, note="never defined"),
)  # fmt: skip


def tiles(page: str) -> list[tuple[str, str, str]]:
    """Look, tip and text of each tile."""
    found = re.findall(r'class="tile ([^"]*)" tabindex="0" data-tip="([^"]*)">(.*?)</span>', page)
    return [(look, unescape(tip), re.sub("<.*?>", " ", text)) for look, tip, text in found]


def test_findings_are_counted_after_the_correction() -> None:
    c1, parts, layers = start.findings(CLAIMS)
    assert c1.number == "1 of 2"
    assert "in 1 of 2 conditions, fails in 0, and is undecided in 1, after Holm's" in c1.sentence
    assert layers.number == "2 of 3"
    assert "in 2 of 3 layers. This fails in 0 and is undecided in 1." in layers.sentence
    # (10 - 20) / 2 = (16 + 2) / 2 + (-6 - 22) / 2
    assert parts.number == "\N{MINUS SIGN}5.0 points"
    assert "+9.0 come from which layers" in parts.sentence
    assert "\N{MINUS SIGN}14.0 from the choice of neurons" in parts.sentence


def test_what_a_study_lacks_is_not_said() -> None:
    assert len(start.findings(table(row("C1", 0.1)))) == 1
    assert start.findings(table(row("C5", 0.1, unit="1"))) == []


def test_every_verdict_is_a_tile_with_its_number_and_interval() -> None:
    shown = tiles(start.heat_map(CLAIMS, {}, "results/probe"))
    assert len(shown) == len(start.shown(CLAIMS)) == 8
    look, tip, text = shown[0]
    assert (look, text.strip()) == ("holds sure", "✓ +10.0")
    assert tip == (
        "C1. <C1> is said. 10.00 percentage points [9.00, 11.00], 5 seeds. Verdict: holds."
    )
    by_text = {text.strip(): (look, tip) for look, tip, text in shown}
    assert by_text["? \N{MINUS SIGN}20.0"][0] == "fails likely"
    assert (
        "Verdict: fails, undecided after Holm's correction." in by_text["? \N{MINUS SIGN}20.0"][1]
    )
    assert by_text["1 ✓ +5.0".replace("1 ", "1 ", 1)][0] == "holds sure"
    assert "0.90 (Cliff's delta)" in by_text["1, 2 ✓ 0.90"][1]
    assert by_text["2 suffice ✓ 40"][0] == "holds sure"
    assert by_text["? no value"][1].endswith("Never defined.")


def test_tiles_lead_to_figures_that_are_there() -> None:
    page = start.heat_map(CLAIMS, {"mnist/100-100/relu/l2": ["ablation-network"]}, "results/probe")
    assert re.findall(r'href="([^"]*)"', page) == [
        "figures/mnist/100-100/relu/l2/ablation-network.png"
    ]
    path = "results/probe/figures/mnist/100-100/relu/l2/ablation-network.png"
    assert f"results['{path}'].data_uri" in unescape(page)


@pytest.mark.parametrize("claims", [CLAIMS, None], ids=["ablated", "not ablated"])
def test_the_page_is_whole_and_needs_nothing_else(tmp_path: Path, claims: object) -> None:
    (tmp_path / "key.png").write_bytes(b"a picture")
    start.write(
        claims,
        tmp_path / "start.html",
        study="a & b",
        explorer="explorer.html",
        figures={},
        key_figure=tmp_path / "key.png",
        template=TEMPLATE,
    )
    page = (tmp_path / "start.html").read_text()
    assert "the study “a &amp; b”" in page
    assert "{{" not in page
    assert 'href="explorer.html"' in page
    assert 'src="data:image/png;base64,' in page
    assert ("2 conditions, 5 seeds each" in page) == (claims is not None)
    assert not re.findall(r'(?:src|href)="(?:http|//)', page)
