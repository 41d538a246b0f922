"""The HTML report in a real browser, without a network."""

import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.workflow.conftest import Project

CHROMIUM = shutil.which("chromium")
if CHROMIUM is None:
    pytest.skip("no browser: apt-get install chromium", allow_module_level=True)
playwright = pytest.importorskip("playwright.sync_api")

CHAPTERS = [
    "1 Toys",
    "2 Information planes",
    "3 Generalization bounds",
    "4 Ablation",
    "5 Claims and comparisons",
    "6 Beyond",
    "7 Redundancy and synergy",
    "8 Newer questions",
]
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
    """The report, opened; at the end nothing was asked of a network and no error was logged."""
    with playwright.sync_playwright() as started:
        sandbox = [] if os.getuid() else ["--no-sandbox"]  # root has none
        browser = started.chromium.launch(executable_path=CHROMIUM, args=sandbox)
        context = browser.new_context(offline=True, viewport={"width": 1600, "height": 1000})
        page = context.new_page()
        wrong: list[str] = []
        page.on("console", lambda line: wrong.append(line.text) if line.type == "error" else None)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("requestfailed", lambda request: wrong.append(request.url[:200]))
        page.goto(report.as_uri())
        page.get_by_text(CHAPTERS[0]).wait_for()
        yield page
        assert not wrong
        browser.close()


def open_folder(page, chapter: str, folder: str = "", switch: int | None = None) -> None:
    page.locator("nav ol a").first.click()  # home
    page.locator("nav li a", has_text=chapter).click()
    if folder:
        page.locator("nav ul a", has_text=folder).click()
    if switch is not None:
        page.locator("fieldset label").nth(switch).click()
    page.locator("tbody tr").first.wait_for()


def folders(page, chapter: str) -> list[str]:
    """Names of the folders of a chapter; one that is alone is open already."""
    page.locator("nav ol a").first.click()
    page.locator("nav li a", has_text=chapter).click()
    alone = page.locator("tbody tr").count()
    return [""] if alone else [name.strip() for name in page.locator("nav ul a").all_inner_texts()]


def shown(page, row) -> str:
    """Open what a row offers: a figure is drawn, a table has cells, an animation is kept."""
    eye = row.locator(EYE)
    if eye.get_attribute("download"):
        return eye.get_attribute("href")
    eye.click()
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
    told = page.locator(".prose li").all_inner_texts()
    assert [f"{number} {text.partition('.')[0]}" for number, text in enumerate(told, 1)] == CHAPTERS
    headline = page.locator(".prose strong").first.inner_text()
    assert headline == "What do the neurons of a network know?"


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
        for number in range(page.locator("tbody tr").count()):
            row = page.locator("tbody tr").nth(number)
            path = paths[shown(page, row)]
            row.locator(INFO).click()
            caption = page.locator("nav .prose").inner_text()
            assert len(caption) > 80, path
            assert path in page.locator("nav ol").inner_text()
            seen.add(path)
            open_folder(page, *place)
    assert seen == set(results)


def test_a_switch_shows_the_same_figure_of_another_condition(page) -> None:
    open_folder(page, "2 Information planes", "icosahedron")
    switch = page.locator("fieldset label")
    assert [text.split()[2] for text in switch.all_inner_texts()] == ["relu", "tanh"]
    switch.nth(0).click()
    row = page.locator("tbody tr", has_text="information planes")
    first = shown(page, row)
    switch.nth(1).click()
    assert page.locator("div.h-screen.grow img").get_attribute("src") != first


def test_search_finds_by_path(page) -> None:
    page.locator("nav ol a").first.click()
    search = page.get_by_placeholder("Search...")
    search.fill("re:digits.*ablation")
    search.press("Enter")
    assert page.locator("tbody tr").count() == 2


def test_it_is_one_file_that_names_no_other(report: Path) -> None:
    page = report.read_text()
    assert not re.findall(r"<(?:script|link|img)[^>]+(?:src|href)=[\"']http[^\"']*", page)
    assert json.dumps(str(report.parent)) not in page
