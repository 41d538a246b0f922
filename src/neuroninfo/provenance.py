"""Which code a result depends on (standard library only: every job parses the Snakefile)."""

from __future__ import annotations

import ast
import hashlib
from pathlib import Path

PACKAGE = "neuroninfo"


def modules(script: str | Path, library: str | Path) -> list[Path]:
    """Files of the library that a script imports, directly or through one another.

    Parameters
    ----------
    script
        A Python file.
    library
        The folder that holds the package ``neuroninfo``.

    Raises
    ------
    FileNotFoundError
        The script imports a module of the package that does not exist.
    """
    package = Path(library) / PACKAGE
    found: set[Path] = set()
    pending = [Path(script)]
    while pending:
        for module in imported(pending.pop(), package):
            if module not in found:
                found.add(module)
                pending.append(module)
    return sorted(found)


def code_hash(script: str | Path, library: str | Path) -> str:
    """SHA-256 over the library modules that a script uses.

    It stands in the rule's ``params``: Snakemake reruns a job when its script changes, but
    does not see the modules behind it.
    """
    digest = hashlib.sha256()
    for module in modules(script, library):
        digest.update(f"{module.relative_to(library).as_posix()}\0".encode())
        digest.update(hashlib.sha256(module.read_bytes()).digest())
    return digest.hexdigest()


def imported(source: Path, package: Path) -> set[Path]:
    """Files of the package that a file imports directly, wherever in it the import stands."""
    names: set[str] = set()
    inside = source.is_relative_to(package)
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"), str(source))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.level == 0 or inside):
            parts = source.relative_to(package.parent).parts[: -node.level] if node.level else ()
            origin = ".".join([*parts, *([node.module] if node.module else [])])
            names |= {origin, *(f"{origin}.{alias.name}" for alias in node.names)}
    return {
        file
        for name in sorted(names)  # so that an error names the module first
        if name == PACKAGE or name.startswith(f"{PACKAGE}.")
        for file in _files(name, package)
    }


def _files(name: str, package: Path) -> list[Path]:
    """Files that importing a dotted name runs; a name in a module is none of its own."""
    place = package
    files = [package / "__init__.py"]
    for part in name.split(".")[1:]:
        # A folder without __init__ may be what an older commit left (its __pycache__).
        if (place / part / "__init__.py").is_file():
            place /= part
            files.append(place / "__init__.py")
        elif (place / f"{part}.py").is_file():
            files.append(place / f"{part}.py")
            break
        elif _defines(files[-1], part):
            break
        else:
            raise FileNotFoundError(f"{name}: no such module in {package}")
    return files


def _defines(module: Path, name: str) -> bool:
    """Whether a package's ``__init__`` has a name at its top level."""
    return any(
        (isinstance(node, ast.Assign) and any(getattr(t, "id", "") == name for t in node.targets))
        or (isinstance(node, ast.AnnAssign) and getattr(node.target, "id", "") == name)
        or getattr(node, "name", "") == name
        or (
            isinstance(node, ast.Import | ast.ImportFrom)
            and any((a.asname or a.name) == name for a in node.names)
        )
        for node in ast.parse(module.read_text(encoding="utf-8")).body
    )
