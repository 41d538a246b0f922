"""The explorer in a real browser, without a network: what is chosen, slid and pointed at."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from neuroninfo.report import contents, explorer
from tests.unit.figures.test_figures import group
from tests.unit.report.studies import controlled, measured, plane, split, table

from .browser import opened

TEMPLATE = Path(__file__).resolve().parents[2] / "workflow" / "report" / "explorer.html"
L2, TANH = ("mnist", "100-100", "relu", "l2"), ("mnist", "20-10", "tanh", "none")
CURVES = contents.ablation(
    {"information": {"network": controlled(200), "layer-1": group(100, (0.5, 0.3, 0.4))}}
)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("explorer") / "explorer.html"
    figures = {"ablation": ["figures/mnist/100-100/relu/l2/ablation-network"]}
    first = {"ablation": CURVES, "neurons": contents.neurons(*measured()), "planes": []}
    second = {"ablation": [], "neurons": None, "planes": contents.planes(plane())}
    study = {
        "study": "probe",
        "parts": contents.parts(table(*split(-0.1, 0.02))),
        "conditions": [
            contents.condition(L2, figures) | first,
            contents.condition(TANH, {}) | second,
        ],
    }
    explorer.write(study, path, template=TEMPLATE)
    return path


@pytest.fixture(scope="module", params=["light", "dark"])
def page(path: Path, request: pytest.FixtureRequest) -> Iterator[Any]:
    size = {"width": 1366, "height": 768}
    with opened(path, viewport=size, color_scheme=request.param) as page:
        page.locator("[data-chart=curves] svg.marks").wait_for()
        yield page


@pytest.fixture(autouse=True)
def first_condition(page: Any) -> None:
    page.select_option("#condition", "0")


def at(percent: int, direction: str, scope: str = "whole network") -> str:
    """Accuracy of the curve there, as the page writes it."""
    curve = next(c for c in CURVES if c["direction"] == direction and c["scope"] == scope)
    return f"{curve['mean'][round(percent * (len(curve['removed']) - 1) / 100)]:.1f} %"


def test_the_slider_says_the_numbers_of_the_curves(page: Any) -> None:
    said = page.locator("#ablation output")
    page.select_option("#ablation [name=scope]", "whole network")
    for percent, removed in ((0, 0), (40, 80), (100, 200)):
        page.locator("#ablation [name=at]").fill(str(percent))
        text = said.inner_text()
        assert f"{removed} of 200 neurons" in text
        for direction in ("lowest first", "highest first", "random"):
            assert f"{direction} {at(percent, direction)}" in text


def test_choices_are_those_of_the_study_and_change_the_curves(page: Any) -> None:
    scope = page.locator("#ablation [name=scope]")
    assert scope.locator("option").all_inner_texts() == ["whole network", "layer 1"]
    drawn = page.locator("[data-chart=curves] svg.marks path")
    before = drawn.evaluate_all("paths => paths.map(p => p.getAttribute('d')).join()")
    scope.select_option("layer 1")
    page.locator("#ablation [name=at]").fill("50")
    text = page.locator("#ablation output").inner_text()
    assert f"50 of 100 neurons (50 %): lowest first {at(50, 'lowest first', 'layer 1')}" in text
    page.wait_for_function(
        "before => [...document.querySelectorAll('[data-chart=curves] svg.marks path')]"
        ".map(p => p.getAttribute('d')).join() !== before",
        arg=before,
    )
    assert page.locator("#ablation [name=control]").is_disabled()
    scope.select_option("whole network")
    page.locator("#ablation [name=control]").check()
    assert "layers alone" in page.locator("#ablation output").inner_text()
    page.locator("#ablation [name=control]").uncheck()


def test_pointing_gives_numbers(page: Any) -> None:
    for chart, words in {
        "curves": ("accuracy (%)", "95 % interval from"),
        "neurons": ("information (bit)", "accuracy lost (points)", "layer"),
        "parts": ("points", "95 % interval from", "condition"),
    }.items():
        marks = page.locator(f"[data-chart={chart}] .mark-symbol.role-mark path")
        marks.last.scroll_into_view_if_needed()
        marks.last.hover(force=True)
        tip = page.locator("#vg-tooltip-element.visible")
        tip.wait_for()
        for word in words:
            assert word in tip.inner_text(), chart
        assert re.search(r"\d", tip.inner_text())
        page.mouse.move(5, 5)


def test_neurons_are_chosen_by_seed(page: Any) -> None:
    said = page.locator("#neurons output")
    assert said.inner_text() == "21 points"
    page.select_option("#neurons [name=seed]", "1")
    assert said.inner_text() == "7 points"
    offered = page.locator("#neurons [name=x] option").all_inner_texts()
    assert not any("selectivity" in name for name in offered)  # not defined for the condition
    page.select_option("#neurons [name=x]", "active_fraction")
    title = page.locator("[data-chart=neurons] svg.marks", has_text="share of examples")
    title.wait_for()
    page.select_option("#neurons [name=seed]", "all")


def test_another_condition_shows_what_it_has(page: Any) -> None:
    assert page.locator("#planes").is_hidden()
    page.select_option("#condition", "1")
    assert page.locator("#ablation").is_hidden()
    page.locator("[data-chart=planes] svg.marks").wait_for()
    last = page.locator("#planes [name=epoch]").get_attribute("max")
    page.locator("#planes [name=epoch]").fill(last)
    text = page.locator("#planes output").inner_text()
    assert text.startswith("epoch 59: layer 1")
    assert "(not trusted: saturated)" in text
    page.select_option("#planes [name=estimator]", index=1)
    assert "not trusted" not in page.locator("#planes output").inner_text()


def test_figures_are_linked_beside_the_page(page: Any) -> None:
    links = page.locator("#ablation .links a")
    assert [link.get_attribute("href") for link in links.all()] == [
        f"figures/mnist/100-100/relu/l2/ablation-network.{suffix}"
        for suffix in ("png", "pdf", "csv")
    ]


def test_text_is_readable_on_its_ground(page: Any) -> None:
    """Contrast of 4.5 or more (WCAG 2) of the words of a section with its ground."""
    contrast = page.evaluate(
        """() => {
          const rgb = c => c.match(/[\\d.]+/g).slice(0, 3).map(Number);
          const light = c => rgb(c).map(v => v / 255)
            .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
            .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
          const ground = getComputedStyle(document.querySelector("#ablation")).backgroundColor;
          return ["h2", "p", "output", ".links", ".links a", "label"].map(selector => {
            const text = getComputedStyle(document.querySelector(`#ablation ${selector}`)).color;
            const [low, high] = [light(text), light(ground)].sort((a, b) => a - b);
            return (high + 0.05) / (low + 0.05);
          });
        }"""
    )
    assert min(contrast) >= 4.5


def test_it_names_nothing_outside(path: Path) -> None:
    page = path.read_text()
    assert not re.findall(r"<(?:script|link|img)[^>]+(?:src|href)=[\"']http", page)
