"""What files of the project say about each other."""

import ast
import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from .conftest import ROOT, rules

CHAPTERS = sorted((ROOT / "workflow" / "rules").glob("*.smk"))
RULES = {name: text for path in CHAPTERS for name, text in rules(path).items()}
OUTPUTS = {
    name: re.search(r"^    output:\n(.*?)^    \w+:", text, re.MULTILINE | re.DOTALL)[1]
    for name, text in RULES.items()
}
DRAWING = [name for name, text in OUTPUTS.items() if re.search(r'"\{FIGURES?\}/', text)]
"""Rules that draw figures; some also write the tables that these are of."""


def locked() -> dict[str, str]:
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    pairs = [line.split("==") for line in lines if line and not line.startswith("#")]
    return {canonicalize_name(name): version for name, version in pairs}


def test_the_lock_has_what_the_package_requires() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    for text in [*project["dependencies"], *(text for extra in extras.values() for text in extra)]:
        requirement = Requirement(text)
        version = locked()[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(version), text


@pytest.mark.parametrize("path", sorted((ROOT / "envs").glob("*.yaml")), ids=str)
def test_a_conda_environment_has_the_locked_versions(path: Path) -> None:
    environment = yaml.safe_load(path.read_text())
    pinned = next(d["pip"] for d in environment["dependencies"] if isinstance(d, dict))
    for text in pinned:
        name, version = text.split("==")
        assert locked()[canonicalize_name(name)] == version
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needed = {canonicalize_name(Requirement(text).name) for text in project["dependencies"]}
    needed |= {"altair", "itables", "vl-convert-python"}  # of jobs that write pages
    needed |= {"nvidia-ml-py"}  # of jobs on a GPU
    assert needed == {canonicalize_name(text.split("==")[0]) for text in pinned}


def test_the_page_of_commands_shows_those_of_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text()
    (marks,) = re.findall(r"^MARKS \?= (.*)$", makefile, re.MULTILINE)
    makefile = makefile.replace("$(MARKS)", marks)
    page = (ROOT / "docs/commands.md").read_text()
    recipes = re.findall(
        r"^(demo|figures|dry-run|test|check|benchmark): .*\n((?:\t.*\n)+)", makefile, re.MULTILINE
    )
    assert len(recipes) == 6
    for _, recipe in recipes:
        for line in recipe.strip().splitlines():
            if line.strip().startswith(("@echo", "$(MAKE)")):
                continue
            command = line.strip().replace("$(SNAKEMAKE)", "snakemake --profile profiles/local")
            assert f"`{command.replace('$(BIN)/', '')}`" in page, command


@pytest.mark.parametrize("path", [ROOT / "Snakefile", *CHAPTERS], ids=str)
def test_rules_import_nothing_heavy_and_say_where_they_run(path: Path) -> None:
    text = path.read_text()
    assert not re.search(r"^\s*(import|from) (torch|xarray|numpy|pandas)", text, re.MULTILINE)
    assert not re.search(r"[\"'](/|~)\w+", text)  # no absolute paths
    for rule in re.split(r"^rule ", text, flags=re.MULTILINE)[1:]:
        if not rule.startswith("all:"):
            for key in ("log:", "conda:", "resources:", "script:"):
                assert f"    {key}" in rule, (rule.split(":")[0], key)


def test_every_rule_runs_the_script_of_its_name_and_hashes_its_code() -> None:
    """A newcomer finds the script of a rule, and the rule of a script, by name."""
    for name, text in RULES.items():
        assert re.findall(r"\.\./scripts/(\w+)\.py", text) == [name]
        assert re.findall(r'code\("(\w+)\.py"\)', text) == [name]
    assert {path.stem for path in (ROOT / "workflow" / "scripts").glob("*.py")} == set(RULES)


def test_what_is_short_runs_where_snakemake_runs() -> None:
    """And what goes to the cluster has its time and memory recorded."""
    for name, text in RULES.items():
        assert "    localrule: True" in text or "    benchmark:" in text, name


def test_no_job_asks_for_more_time_than_the_configuration_allows() -> None:
    """`cluster.longest_minutes` is looked at by `lasting`."""
    submitted = {name: text for name, text in RULES.items() if "    localrule: True" not in text}
    assert {"train", "ablate", "decompose"} <= set(submitted)
    for name, text in submitted.items():
        start = r"(\d+|estimated\(\"[a-z {}]+\"(, \*\*OF_BUNDLE)?\))"
        assert re.search(rf"^        runtime=lasting\({start}\),$", text, re.MULTILINE), name


@pytest.mark.parametrize("name", DRAWING)
def test_a_figure_has_one_name(name: str) -> None:
    """File, function and caption; of a figure's own rule also the rule. Wildcards are left out."""
    text = RULES[name]
    place = r'f"\{FIGURES?\}/([^"]+)\.(?:png|html)"'
    pictures = re.findall(rf'{place},\s+caption="([^"]+)"', text)
    assert len(pictures) == len(re.findall(place, text)) > 0
    script = ast.parse((ROOT / "workflow" / "scripts" / f"{name}.py").read_text())
    imported = {
        alias.name: node.module
        for node in ast.walk(script)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    called = {ast.unparse(node.func) for node in ast.walk(script) if isinstance(node, ast.Call)}
    figures = set()
    for path, caption in pictures:
        words = re.sub(r"\{+\w+\}+|(?<=bounds)-(error|cross-entropy)", "", path)
        figure = "_".join(re.findall(r"\w+", words))
        assert caption == f"../report/{figure.replace('_', '-')}.rst"
        assert re.fullmatch(r"neuroninfo\.figures\.\w+", imported[figure])
        assert figure in called
        figures.add(figure)
    if len(figures) == 1 and name.startswith("figure_"):
        assert figures == {name.removeprefix("figure_")}


def test_figures_and_their_numbers_stand_in_a_folder_of_their_own() -> None:
    for name, outputs in OUTPUTS.items():
        if "directory(" in outputs:
            continue
        files = re.findall(r'f?"([^"]+)\.(nc|csv|html|png|pdf|gif)"', outputs)
        assert files
        drawn = {path for path, suffix in files if suffix in ("png", "pdf", "gif")}
        assert bool(drawn) == (name in DRAWING) >= name.startswith("figure_")
        for path, _ in files:
            assert path.startswith(("{FIGURE}/", "{FIGURES}/")) == (path in drawn), name


def test_every_caption_is_used() -> None:
    text = (ROOT / "Snakefile").read_text() + "".join(RULES.values())
    for path in (ROOT / "workflow" / "report").glob("*.rst"):
        assert f"report/{path.name}" in text, path
