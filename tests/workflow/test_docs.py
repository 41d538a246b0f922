"""What the documentation shows: its commands are run, its tables compared with code and files."""

import ast
import importlib.util
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.conftest import Plan

from .conftest import ROOT, Project, rules

DOCS = ROOT / "docs"
CONDITION = "results/miniature/digits/12-8/relu/dropout"
PAGES = [ROOT / "README.md", *sorted(DOCS.glob("**/*.md")), ROOT / "config/README.md"]
# Of another machine, or the shell's own: they are parsed.
PARSED = {".", "cat", "scancel", "sed", "sinfo", "sacctmgr", "head", "find"}


def blocks(page: Path) -> Iterator[tuple[str, str]]:
    """Tags and text of the fenced bash blocks of a page."""
    fenced = r"^```bash ?([^\n]*)\n(.*?)^```$"
    yield from re.findall(fenced, page.read_text(), re.MULTILINE | re.DOTALL)


def commands() -> dict[str, str]:
    """Commands of the table in commands.md and of all bash blocks, each with a page that shows it.

    The tutorial's are left out, since they are run as a whole.
    """
    table = re.findall(r"`((?:snakemake|python) [^`]+)`", (DOCS / "commands.md").read_text())
    fenced = {
        line.partition("#")[0].strip(): page.relative_to(ROOT).as_posix()
        for page in PAGES
        for _, block in blocks(page)
        for line in block.splitlines()
        if line.strip() and page.name != "tutorial.md"
    }
    return dict.fromkeys(table, "docs/commands.md") | fenced


FILLED = re.compile(r"<!-- [a-z-]+ [^>]+ -->.*?<!-- end -->", re.DOTALL)
"""What docs/gallery/update.py puts into a page."""
SETTINGS = {"0.5", "95 %", "0.147"}
"""Numbers of the gallery that are no results."""


def test_results_in_the_gallery_are_filled_in_by_a_command() -> None:
    page = (DOCS / "gallery/README.md").read_text()
    earlier = page[page.index("## T1, T2") : page.index("## The talk's claims")]
    prose = FILLED.sub("", page.replace(earlier, ""))
    prose = re.sub(r"`[^`]*`|\]\([^)]*\)", "", prose)
    typed = re.findall(r"\d+\.\d+|\d+ %|\d+ (?=points|of \d)", prose)
    assert set(typed) <= SETTINGS


def test_the_answer_is_the_same_in_readme_and_gallery() -> None:
    answer = re.compile(r"<!-- answer settings -->(.*?)<!-- end -->", re.DOTALL)
    pages = (ROOT / "README.md", DOCS / "gallery/README.md")
    readme, gallery = (answer.search(page.read_text()) for page in pages)
    assert readme[1].split() == gallery[1].split() != []


def run(folder: Path, script: str) -> str:
    """What a user types in a project's folder, with the tools of this environment."""
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env=os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=500,
        check=False,
    )
    assert done.returncode == 0, f"{script}\n{done.stdout}"
    return done.stdout


@pytest.mark.parametrize("command", commands())
def test_commands_of_the_pages(command: str, plan: Plan) -> None:
    """Those of Snakemake as a dry run; others' tools, which may not be here, are parsed."""
    run(ROOT, f"bash -n <<'END'\n{command}\nEND")
    first, *rest = shlex.split(command)
    if first == "make":
        run(ROOT, f"{command} --dry-run")
    elif first == "snakemake":
        # A report needs results; how much is printed of a plan is all the same.
        ignored = {rest.index(option) for option in ("--report", "--quiet") if option in rest}
        ignored |= {at + 1 for at in ignored}
        plan(*(word for at, word in enumerate(rest) if at not in ignored and word != "--dry-run"))
    elif first == "python":
        assert importlib.util.find_spec(rest[1]) if rest[0] == "-m" else (ROOT / rest[0]).exists()
    else:
        assert first in PARSED, f"{commands()[command]}: nobody runs it"


LOOKED_AT = (
    "snakemake results/mine/claims.csv "
    "results/mine/figures/digits/20-20/relu/l2/ablation-network.png "
    "results/mine/figures/digits/40-40/relu/l2/ablation-layers.png "
)


@pytest.mark.usefixtures("compiled")
def test_the_tutorial(project: Project) -> None:
    """Word for word, but what is tagged long.

    Of the first study only the training is run, of the second what the page and this test look at.
    """
    once = "snakemake --profile profiles/local --configfile config/mine.yaml\n"
    networks = "results/mine/digits/20-20/relu/l2/seeds-{}/network.nc"
    first, second = (project.folder / networks.format(seeds) for seeds in ("0-1", "2-3"))
    for tags, block in blocks(DOCS / "tutorial.md"):
        if "long" in tags.split():
            run(ROOT, f"{block.strip()} --dry-run")
        elif "config/mine.yaml <<" in block:
            assert once in block
            run(project.folder, block.replace(once, f"{once.strip()} --until train\n"))
            trained = first.stat().st_mtime_ns
        elif "--report" in block:
            run(project.folder, re.sub("^snakemake (?!.*--dry-run)", LOOKED_AT, block, flags=re.M))
        elif ".venv" in block:
            run(ROOT, f"bash -n <<'END'\n{block}\nEND")
        elif "own_network" not in block:  # tests/unit/own_network/test_study.py runs it
            run(project.folder, block)
    assert first.stat().st_mtime_ns == trained
    assert second.exists()
    assert (project.folder / "results/mine/report.html").stat().st_size > 1e6


def library_calls(script: Path) -> list[str]:
    """What a script calls of the library, files and log aside, in its order."""
    tree = ast.parse(script.read_text())
    imported = {
        alias.asname or alias.name: f"{node.module}.{alias.name}".removeprefix("neuroninfo.")
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("neuroninfo")
        for alias in node.names
    }
    calls = sorted(
        (node.lineno, node.col_offset, ast.unparse(node.func))
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
    )
    names = [
        ".".join([imported[name.split(".")[0]], *name.split(".")[1:]])
        for *_, name in calls
        if name.split(".")[0] in imported
    ]
    plumbing = (
        r"files\.(storage|tables|pages)\.(read|write|read_groups|opened|opened_groups|each)"
        r"|figures\.canvas\..*|.*\.read"
    )
    return list(dict.fromkeys(n for n in names if not re.fullmatch(plumbing, n)))


# Paths in the rules, as the pages write them.
PLACES = {
    "results/datasets/": "datasets/",
    "{RESULTS}/": "",
    "{FIGURES}/": "figures/",
    "{FIGURE}/": "figures/<condition>/",
    "{CONDITION}/": "<condition>/",
    "{BLOCK}/": "<block>/",
    "{TOY}/": "toys/<toy>/",
}


def files_made(rule: str) -> list[str]:
    """Outputs of a rule; of a figure the picture that is seen, and not its numbers."""
    outputs = re.search(r"^    output:\n(.*?)^    \w+:", rule, re.MULTILINE | re.DOTALL)[1]
    files = re.findall(r'"([^"]+\.(?:nc|csv|html|png|gif))"', outputs)
    files += [f"{folder}/" for folder in re.findall(r'directory\(f"([^"]+)"', outputs)]
    pictures = {file.removesuffix(".png") for file in files if file.endswith(".png")}
    files = [file for file in files if file.removesuffix(".csv") not in pictures]
    for constant, place in PLACES.items():
        files = [file.replace(constant, place) for file in files]
    return [re.sub(r"\{+(\w+)\}+", r"<\1>", file) for file in files]


def rows_of_rules() -> Iterator[str]:
    for path in sorted((ROOT / "workflow/rules").glob("*.smk")):
        for rule, text in rules(path).items():
            made = ", ".join(f"`{file}`" for file in files_made(text))
            calls = library_calls(ROOT / "workflow/scripts" / f"{rule}.py")
            called = ", ".join(f"`{call}`" for call in calls)
            yield f"| `{path.stem}` | `{rule}` | {made} | {called} |"


def test_the_map_of_the_code_is_whole() -> None:
    page = (DOCS / "architecture.md").read_text()
    assert re.findall(r"^\| `\w+` \| `\w+` \|.*\|$", page, re.MULTILINE) == list(rows_of_rules())
    source = ROOT / "src" / "neuroninfo"
    for path in source.rglob("*.py"):
        if path.name != "__init__.py":
            name = path.relative_to(source).with_suffix("").as_posix()
            assert f"`{name}`" in page or f"`{path.parent.name}/`" in page, name


def test_links_lead_somewhere() -> None:
    for page in [
        *PAGES,
        *(ROOT / f"{name}.md" for name in ("results/README", "CHANGELOG", "CONTRIBUTING")),
    ]:
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text()):
            if not target.startswith("http"):
                assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_workflow_catalog_finds_what_it_needs() -> None:
    usage = yaml.safe_load((ROOT / ".snakemake-workflow-catalog.yml").read_text())["usage"]
    assert usage["software-stack-deployment"]["conda"] is True
    assert usage["report"] is True
    for path in ("config/config.yaml", "config/README.md", "README.md", "LICENSE", "CHANGELOG.md"):
        assert (ROOT / path).exists()
