"""The HTML report in a real browser, without a network."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.workflow.conftest import Project

from .browser import opened

CHAPTERS = [
    "0 Results",
    "1 Toys",
    "2 Information planes",
    "3 Generalization bounds",
    "4 Ablation",
    "5 Claims and comparisons",
    "6 Beyond",
    "7 Redundancy and synergy",
    "8 Newer questions",
]
PAGES = {"start page": ".start .tile", "explorer": "[data-chart=curves] svg.marks"}
"""What is seen of a page that is no table."""
EYE, INFO = "div[role=group] a:nth-child(1)", "div[role=group] a:nth-child(2)"


@pytest.fixture(scope="module")
def report(finished: Project, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "report.html"
    arguments = ("--configfile", "config/miniature.yaml", "--report", str(path))
    run = finished.snakemake("--profile", "profiles/local", *arguments)
    assert run.returncode == 0, run.stdout
    return path


@pytest.fixture(scope="module")
def page(report: Path) -> Iterator:
    with opened(report, viewport={"width": 1600, "height": 1000}) as page:
        page.get_by_text(CHAPTERS[0]).wait_for()
        yield page


def open_folder(page, chapter: str, folder: str = "", switch: int | None = None) -> None:
    page.locator("nav ol a").first.click()  # home
    page.locator("nav li a", has_text=chapter).click()
    if folder:
        page.locator("nav ul a", has_text=folder).click()
    set_switch(page, switch)


def set_switch(page, switch: int | None) -> None:
    """Of an open folder, if it has one."""
    if switch is not None:
        page.locator("fieldset label").nth(switch).click()
    page.locator("nav tbody tr").first.wait_for()


def folders(page, chapter: str) -> list[str]:
    """Names of the folders of a chapter; one that is alone is open already."""
    page.locator("nav ol a").first.click()
    page.locator("nav li a", has_text=chapter).click()
    alone = page.locator("nav tbody tr").count()
    return [""] if alone else [name.strip() for name in page.locator("nav ul a").all_inner_texts()]


def shown(page, row) -> str:
    """Open what a row offers: a figure is drawn, a table has cells, an animation is a GIF."""
    row.locator(EYE).click()
    if "animated" in row.inner_text():
        moving = page.frame_locator("iframe").locator("img")
        assert moving.evaluate("async i => { await i.decode(); return i.naturalWidth }") >= 400
        assert moving.get_attribute("src").startswith("data:image/gif")
        return page.locator("iframe").get_attribute("src")
    if row.inner_text().strip() in PAGES:
        page.frame_locator("iframe").locator(PAGES[row.inner_text().strip()]).first.wait_for()
        return page.locator("iframe").get_attribute("src")
    if "table of" in row.inner_text():
        frame = page.frame_locator("iframe")
        frame.locator("tbody td").first.wait_for()
        if "claims" in row.inner_text():
            assert frame.locator("td", has_text="C1a").count() > 1  # several readings
            assert frame.locator("td.holds, td.fails").count() >= 1
        return page.locator("iframe").get_attribute("src")
    image = page.locator("div.h-screen.grow img")
    image.wait_for()
    assert image.evaluate("async i => { await i.decode(); return i.naturalWidth }") >= 400
    assert image.bounding_box()["y"] >= 0  # else nothing scrolls to its title
    return image.get_attribute("src")


def test_the_first_page_tells_the_story_in_the_order_of_the_chapters(page) -> None:
    page.locator("nav ol a").first.click()
    items = [text.strip() for text in page.locator("nav ul a").all_inner_texts()]
    assert items[-len(CHAPTERS) :] == CHAPTERS
    told = page.locator(".prose ol li").all_inner_texts()
    expected = CHAPTERS[1:]  # the first is what is above them
    assert [f"{number} {text.partition('.')[0]}" for number, text in enumerate(told, 1)] == expected
    assert page.locator(".start h1").inner_text() == "What do the neurons of a network know?"
    assert page.locator(".start .findings li").count() == 3
    assert page.locator(".start").bounding_box()["y"] < 100  # no graph of rules before it


def test_the_start_page_leads_to_figures_chapters_and_the_explorer(page) -> None:
    page.locator("nav ol a").first.click()
    page.locator(".start a .tile").first.click()
    page.locator("div.h-screen.grow img").wait_for()
    page.locator("nav ol a").first.click()
    page.locator(".start a", has_text="Explore").click()
    page.frame_locator("iframe").locator("[data-chart=curves] svg.marks").wait_for()
    page.locator("nav ol a").first.click()
    page.locator(".prose ol a", has_text="Ablation").click()
    page.locator("nav ol", has_text="4 Ablation").wait_for()


def test_pointing_at_a_verdict_gives_its_interval(page) -> None:
    page.locator("nav ol a").first.click()
    tile = page.locator(".start table .tile").first
    tile.hover()
    shown = tile.evaluate("e => getComputedStyle(e, '::after').content")
    assert re.search(r"percentage points.*Verdict: ", shown)


def test_the_hash_of_the_code_does_not_widen_the_page(page) -> None:
    open_folder(page, "0 Results")
    page.locator("nav tbody tr").first.locator(INFO).click()
    page.locator("nav", has_text="Job parameters").first.wait_for()
    assert page.locator("nav").first.bounding_box()["width"] <= 800
    assert page.evaluate("document.documentElement.scrollWidth") <= 1600


def test_every_figure_and_table_is_reached_by_clicking_and_shows(page) -> None:
    results = page.evaluate(
        "Object.fromEntries(Object.entries(results).map(([path, r]) => [path, r.data_uri]))"
    )
    paths = {uri: path for path, uri in results.items()}
    places = []
    for chapter in CHAPTERS:
        for folder in folders(page, chapter):
            open_folder(page, chapter, folder)
            switches = page.locator("fieldset label").count()
            places += [(chapter, folder, switch) for switch in range(switches) or [None]]
    seen = set()
    for place in places:
        open_folder(page, *place)
        for number in range(page.locator("nav tbody tr").count()):
            row = page.locator("nav tbody tr").nth(number)
            path = paths[shown(page, row)]
            row.locator(INFO).click()
            caption = page.locator("nav .prose").inner_text()
            assert len(caption) > 80, path
            assert path in page.locator("nav ol").inner_text()
            seen.add(path)
            page.locator("nav ol a").nth(-2).click()  # back to the folder
            set_switch(page, place[2])
    assert seen == set(results)


def test_a_switch_shows_the_same_figure_of_another_condition(page) -> None:
    open_folder(page, "2 Information planes", "icosahedron")
    switch = page.locator("fieldset label")
    assert [text.split()[2] for text in switch.all_inner_texts()] == ["relu", "tanh"]
    switch.nth(0).click()
    row = page.locator("nav tbody tr", has_text="information planes")
    first = shown(page, row)
    switch.nth(1).click()
    assert page.locator("div.h-screen.grow img").get_attribute("src") != first


def test_search_finds_by_path(page) -> None:
    page.locator("nav ol a").first.click()
    search = page.get_by_placeholder("Search...")
    search.fill("re:digits.*ablation")
    search.press("Enter")
    assert page.locator("nav tbody tr").count() == 2


def test_it_is_one_file_that_names_no_other(report: Path) -> None:
    page = report.read_text()
    assert not re.findall(r"<(?:script|link|img)[^>]+(?:src|href)=[\"']http[^\"']*", page)
    assert json.dumps(str(report.parent)) not in page
