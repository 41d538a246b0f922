"""Tables in a real browser, without a network: they sort, filter and search."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from neuroninfo.files import pages

from .browser import opened

FRAME = pd.DataFrame(
    {
        "claim": [f"C{i % 3}" for i in range(120)],
        "verdict": ["holds", "fails", "undecided"] * 40,
        "effect": [(-1) ** i * i / 7 for i in range(119)] + [float("nan")],
    }
)


@pytest.fixture(params=["light", "dark"])
def page(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Any]:
    pages.write(FRAME, tmp_path / "table.html", title="Claims")
    with opened(tmp_path / "table.html", color_scheme=request.param) as page:
        page.locator(".dt-info").wait_for()
        yield page


def column(page: Any, number: int) -> list[str]:
    return page.locator(f"table.dataTable tbody tr td:nth-child({number})").all_inner_texts()


def test_a_table_is_sorted_by_numbers_filtered_and_searched(page: Any) -> None:
    assert column(page, 3)[:3] == ["0", "-0.143", "0.286"]
    page.locator("th", has_text="effect").locator("button").first.click()
    cell = "document.querySelector('table.dataTable tbody td:nth-child(3)')"
    page.wait_for_function(f"{cell}.innerText !== '0'")  # it is sorted soon after the click
    assert column(page, 3)[0] in ("-16.7", "")
    page.locator(".dt-search input").fill("undecided")
    page.wait_for_function("document.querySelector('.dt-info').innerText.includes('40')")
    assert set(column(page, 2)) == {"undecided"}
    page.locator(".dt-search input").fill("")
    page.locator("th", has_text="claim").locator("button").nth(1).click()
    page.locator(".dtcc-dropdown input").first.fill("C2")
    page.wait_for_function("document.querySelector('.dt-info').innerText.includes('40')")
    assert set(column(page, 1)) == {"C2"}


def test_verdicts_have_their_colours(page: Any) -> None:
    colours = {
        verdict: page.locator(f"td.{verdict}").first.evaluate("e => getComputedStyle(e).color")
        for verdict in ("holds", "fails")
    }
    assert len(set(colours.values())) == 2
    assert page.locator("td.holds").all_inner_texts() == ["holds"] * 17
