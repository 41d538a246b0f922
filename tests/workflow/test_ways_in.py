"""Ways to the project other than cloning it and typing make: package, module, container, site."""

import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
import yaml

import neuroninfo

from .conftest import ROOT, Project, planned

CHROMIUM = shutil.which("chromium")


def done(*command: str | Path, folder: Path | None = None) -> str:
    """What a command prints; it has to succeed."""
    run = subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
        check=False,
    )
    assert run.returncode == 0, run.stdout
    return run.stdout


@pytest.mark.slow
def test_the_package_installs_from_its_wheel(tmp_path: Path) -> None:
    """Without what it depends on: the package itself imports nothing else."""
    source = tmp_path / "source"
    source.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    shutil.copytree(ROOT / "src", source / "src", ignore=shutil.ignore_patterns("__pycache__"))
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check")
    offline = ("--no-deps", "--no-build-isolation", "--no-index")
    done(*pip, "wheel", *offline, "--wheel-dir", tmp_path, source)
    (wheel,) = tmp_path.glob("*.whl")
    packed = set(zipfile.ZipFile(wheel).namelist())
    modules = {path.relative_to(ROOT / "src").as_posix() for path in ROOT.glob("src/**/*.py")}
    assert {*modules, "neuroninfo/py.typed", "neuroninfo/__init__.pyi"} <= packed
    done(sys.executable, "-m", "venv", "--without-pip", tmp_path / "venv")
    python = tmp_path / "venv/bin/python"
    done(*pip, "--python", python, "install", "--no-deps", "--no-index", wheel)
    says = "import neuroninfo; print(neuroninfo.__file__, neuroninfo.__version__)"
    file, version = done(python, "-c", says, folder=tmp_path).split()
    assert file.startswith(str(tmp_path / "venv"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert version == project["version"] == citation["version"]
    assert [author["name"] for author in project["authors"]] == [
        author["name"] for author in citation["authors"]
    ]


MODULE = """
configfile: "mine.yaml"

module neuroninfo:
    snakefile: {snakefile!r}
    config: config

use rule * from neuroninfo as neuroninfo_*
"""


@pytest.mark.parametrize("snakefile", ["Snakefile", "workflow/Snakefile"])
def test_another_workflow_uses_this_one_as_a_module(
    project: Project, tmp_path: Path, snakefile: str
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "Snakefile").write_text(MODULE.format(snakefile=str(project.folder / snakefile)))
    shutil.copy(project.folder / "config/demo.yaml", other / "mine.yaml")
    plan = done(sys.executable, "-m", "snakemake", "--dry-run", "--quiet", "rules", folder=other)
    own = project.snakemake("--configfile", "config/demo.yaml", "--dry-run", "--quiet", "rules")
    expected = planned(own.stdout)
    if "/" in snakefile:
        expected["default"] = expected.pop("all")
    assert planned(plan) == {f"neuroninfo_{rule}": n for rule, n in expected.items()}


def test_containers_install_the_locked_packages() -> None:
    """And have a Python that the package allows."""
    docker = (ROOT / "envs/Dockerfile").read_text()
    apptainer = (ROOT / "envs/neuroninfo.def").read_text()
    base = re.search(r"^FROM (\S+)$", docker, re.MULTILINE)[1]
    assert re.search(r"^From: (\S+)$", apptainer, re.MULTILINE)[1] == base
    environment = yaml.safe_load((ROOT / "envs/neuroninfo.yaml").read_text())
    python = re.search(r"python:([\d.]+)", base)[1]
    assert f"python={python}" in environment["dependencies"]
    for recipe in (docker, apptainer):
        assert "requirements.lock" in recipe
        assert not re.search(r"==\d", recipe)  # no version beside the lock's
    copied = re.findall(r"^COPY (.+) \S+$", docker, re.MULTILINE)
    assert all((ROOT / name).exists() for names in copied for name in names.split())


def test_linters_before_a_commit_are_those_of_make_check() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
    makefile = (ROOT / "Makefile").read_text()
    for hook in hooks:
        assert hook["entry"].replace(".venv/bin/", "\t$(BIN)/") + "\n" in makefile


def test_continuous_integration_runs_what_everybody_can_run() -> None:
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yaml").read_text())
    (job,) = workflow["jobs"].values()
    assert [step["run"] for step in job["steps"] if "run" in step] == [".ci/run"]
    for form in (ROOT / ".github/ISSUE_TEMPLATE").glob("*.yaml"):
        assert {"name", "description", "body"} <= set(yaml.safe_load(form.read_text()))


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The documentation's web site; strictly, so that a broken link is an error."""
    folder = tmp_path_factory.mktemp("site")
    mkdocs = (sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet")
    done(*mkdocs, "--site-dir", folder, folder=ROOT)
    return folder


@pytest.mark.slow
def test_the_site_reads_without_a_network(site: Path) -> None:
    pages = sorted(site.rglob("*.html"))
    assert {"index.html", "methods.html", "gallery/index.html", "reference/index.html"} <= {
        page.relative_to(site).as_posix() for page in pages
    }
    for page in pages:
        text = page.read_text()
        loaded = re.findall(r"<(?:script|img|iframe)[^>]* src=\"([^\"]+)", text)
        loaded += re.findall(r"<link[^>]* rel=\"(?:stylesheet|icon)\"[^>]* href=\"([^\"]+)", text)
        assert loaded
        for address in loaded:
            assert not re.match(r"(?:https?:)?//", address), (page, address)
    reference = (site / "reference/index.html").read_text()
    for name in (*neuroninfo._HOMES, "plot.information"):
        assert f'id="neuroninfo.{name}"' in reference


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="no chromium")
def test_the_site_is_searched_without_a_server(site: Path) -> None:
    api = pytest.importorskip("playwright.sync_api")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page()
        asked, errors = [], []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.route(re.compile("^https?:"), lambda route: (asked.append(route), route.abort()))
        page.goto((site / "index.html").as_uri())
        page.locator("input.md-search__input").click()
        page.keyboard.type("bias balancing")
        page.locator(".md-search-result__item").first.wait_for(timeout=120_000)
        assert "glossary" in page.locator(".md-search-result__list").inner_html()
        browser.close()
    assert asked == errors == []
