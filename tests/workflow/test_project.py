"""What files of the project say about each other."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]


def locked() -> dict[str, str]:
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    pairs = [line.split("==") for line in lines if line and not line.startswith("#")]
    return {canonicalize_name(name): version for name, version in pairs}


def test_the_lock_has_what_the_package_requires() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    for text in [*project["dependencies"], *extras["workflow"], *extras["test"]]:
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
    assert needed == {canonicalize_name(text.split("==")[0]) for text in pinned}


def test_readme_shows_the_commands_of_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text()
    readme = (ROOT / "README.md").read_text()
    recipes = re.findall(
        r"^(demo|figures|dry-run|test|benchmark): .*\n((?:\t.*\n)+)", makefile, re.MULTILINE
    )
    assert len(recipes) == 5
    for _, recipe in recipes:
        for line in recipe.strip().splitlines():
            if line.strip().startswith("@echo"):
                continue
            command = line.strip().replace("$(SNAKEMAKE)", "snakemake --profile profiles/local")
            assert f"`{command.replace('$(BIN)/', '')}`" in readme, command


@pytest.mark.parametrize(
    "path", [ROOT / "Snakefile", *sorted((ROOT / "workflow" / "rules").glob("*.smk"))], ids=str
)
def test_rules_import_nothing_heavy_and_say_where_they_run(path: Path) -> None:
    text = path.read_text()
    assert not re.search(r"^\s*(import|from) (torch|xarray|numpy|pandas)", text, re.MULTILINE)
    assert not re.search(r"[\"'](/|~)\w+", text)  # no absolute paths
    for rule in re.split(r"^rule ", text, flags=re.MULTILINE)[1:]:
        if not rule.startswith("all:"):
            for key in ("log:", "conda:", "resources:", "script:"):
                assert f"    {key}" in rule, (rule.split(":")[0], key)


def test_every_rule_runs_the_script_of_its_name() -> None:
    """A newcomer finds the script of a rule, and the rule of a script, by name."""
    text = "".join(path.read_text() for path in (ROOT / "workflow" / "rules").glob("*.smk"))
    pairs = re.findall(r"^rule (\w+):.*?\.\./scripts/(\w+)\.py", text, re.MULTILINE | re.DOTALL)
    assert all(rule == script for rule, script in pairs)
    scripts = {path.stem for path in (ROOT / "workflow" / "scripts").glob("*.py")}
    assert scripts == {script for _, script in pairs}
