"""Pages of the web site that are not in this folder, and links that lead out of it.

MkDocs reads this as a hook (``mkdocs.yml``).  Pages beside the folder, such as the project's
README, become pages of the site; links between them are rewritten to where they are there; other
files that a page links to, such as the schema of the configuration, are copied into the site.
The pages of the reference have one entry for each module of the library.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parents[1]
LIBRARY = ROOT / "src/neuroninfo"
OUTSIDE = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "config/README.md": "configuration.md",
    "results/README.md": "results.md",
}
"""Pages of the project outside this folder, and what they are called in the site."""
COPIED = "project"
"""Folder of the site with other files of the project that pages link to."""
LINK = re.compile(r"(\]\()([^)\s#]+)((?:#[^)\s]*)?\))")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages from outside, those of the reference, and files that are linked to."""
    for path, page in OUTSIDE.items():
        files.append(File.generated(config, page, content=(ROOT / path).read_text("utf-8")))
    files.append(File.generated(config, "reference/index.md", content=_face()))
    for package in sorted(path.parent for path in LIBRARY.glob("*/__init__.py")):
        content = _package(package)
        files.append(File.generated(config, f"reference/{package.name}.md", content=content))
    for page in list(files.documentation_pages()):
        for _, target, _ in LINK.findall(FENCE.sub("", page.content_string)):
            path = _in_project(page.src_uri, target)
            if path and _in_site(path).startswith(f"{COPIED}/") and (ROOT / path).is_file():
                copied = File.generated(config, _in_site(path), content=(ROOT / path).read_bytes())
                if files.get_file_from_path(copied.src_uri) is None:
                    files.append(copied)
    return files


def on_page_markdown(markdown: str, page: Any, **_: object) -> str:  # noqa: ANN401
    """Point links at where their targets are in the site."""

    def moved(link: re.Match[str]) -> str:
        path = _in_project(page.file.src_uri, link[2])
        if path is None:
            return link[0]
        here = posixpath.dirname(page.file.src_uri) or "."
        return f"{link[1]}{posixpath.relpath(_in_site(path), here)}{link[3]}"

    return LINK.sub(moved, markdown)


def _in_project(page: str, target: str) -> str | None:
    """Where a link of a page leads, as a path in the project; None for addresses of the web."""
    if re.match(r"[a-z]+:", target):
        return None
    origin = {there: here for here, there in OUTSIDE.items()}.get(page, f"docs/{page}")
    return posixpath.normpath(posixpath.join(posixpath.dirname(origin), target))


def _in_site(path: str) -> str:
    """Where a file of the project is in the site."""
    if path in OUTSIDE:
        return OUTSIDE[path]
    if path == "docs/gallery":
        return "gallery/README.md"
    if path.startswith("docs/"):
        return path.removeprefix("docs/")
    return f"{COPIED}/{path}"


def _face() -> str:
    """What the package shows by name, and its modules that are in no package."""
    shown = re.findall(r"import (\w+) as \1$", (LIBRARY / "__init__.pyi").read_text("utf-8"), re.M)
    entries = "\n\n".join(f"::: neuroninfo.{name}" for name in reversed(shown))
    return (
        "# Reference\n\n"
        "These functions are what most users need; `import neuroninfo` gives access to them. "
        "The other pages describe all modules of the library, one page per package; "
        "[architecture](../architecture.md) says what each package is for.\n\n"
        f"{entries}\n\n::: neuroninfo.vocabulary\n\n"
        "::: neuroninfo.streams\n\n::: neuroninfo.provenance\n"
    )


def _package(folder: Path) -> str:
    """All modules of a package."""
    modules = (
        path.relative_to(LIBRARY.parent).with_suffix("").as_posix().replace("/", ".")
        for path in sorted(folder.rglob("*.py"))
        if path.name != "__init__.py"
    )
    entries = "\n\n".join(f"::: {module}" for module in modules)
    return f"# neuroninfo.{folder.name}\n\n{entries}\n"
