"""Which code a result depends on (standard library only: every job parses the Snakefile)."""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

PACKAGE = "neuroninfo"


class Library:
    """The files of the library as they are when first asked for, each read and parsed once.

    Parameters
    ----------
    folder
        The folder that holds the package ``neuroninfo``.
    """

    def __init__(self, folder: str | Path) -> None:
        self._folder = Path(folder)
        self._package = self._folder / PACKAGE
        self._imported: dict[Path, frozenset[Path]] = {}
        self._digests: dict[Path, bytes] = {}
        self._ran: dict[str, list[Path]] = {}

    def modules(self, script: str | Path) -> list[Path]:
        """Files of the library that a script imports, directly or through one another.

        Raises
        ------
        FileNotFoundError
            The script imports a module of the package that does not exist.
        """
        reached: set[Path] = set()
        pending = [Path(script)]
        while pending:
            new = self.imported(pending.pop()) - reached
            reached |= new
            pending += new
        return sorted(reached)

    def code_hash(self, script: str | Path) -> str:
        """SHA-256 over the library modules that a script uses.

        It stands in the rule's ``params``: Snakemake reruns a job when its script changes, but
        does not see the modules behind it.
        """
        digest = hashlib.sha256()
        for module in self.modules(script):
            if module not in self._digests:
                self._digests[module] = hashlib.sha256(module.read_bytes()).digest()
            digest.update(f"{module.relative_to(self._folder).as_posix()}\0".encode())
            digest.update(self._digests[module])
        return digest.hexdigest()

    def imported(self, source: Path) -> frozenset[Path]:
        """Files of the package that a file imports directly, wherever in it the import stands."""
        if source not in self._imported:
            self._imported[source] = frozenset(
                file
                for name in sorted(self._names(source))  # so that an error names the module first
                if name == PACKAGE or name.startswith(f"{PACKAGE}.")
                for file in self._files(name)
            )
        return self._imported[source]

    def _names(self, source: Path) -> set[str]:
        """Dotted names that a file imports, of modules or of what stands in them."""
        names: set[str] = set()
        inside = source.is_relative_to(self._package)
        for node in _statements(_parsed(source)):
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and (node.level == 0 or inside):
                place = source.relative_to(self._folder).parts[: -node.level] if node.level else ()
                origin = ".".join([*place, *([node.module] if node.module else [])])
                names |= {origin, *(f"{origin}.{alias.name}" for alias in node.names)}
        return names

    def _files(self, name: str) -> list[Path]:
        """Files that importing a dotted name runs; a name in a module is none of its own."""
        if name not in self._ran:
            self._ran[name] = self._resolved(name)
        return self._ran[name]

    def _resolved(self, name: str) -> list[Path]:
        place = self._package
        files = [self._package / "__init__.py"]
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
                raise FileNotFoundError(f"{name}: no such module in {self._package}")
        return files


def _parsed(source: Path) -> ast.Module:
    """The syntax tree of a file as far as its last import, which mostly is near its top."""
    text = source.read_text(encoding="utf-8")
    last = max((match.end() for match in re.finditer(r"\bimport\b", text)), default=0)
    if following := re.compile(r"^[A-Za-z@]", re.MULTILINE).search(text, last):
        try:
            return ast.parse(text[: following.start()], str(source))
        except SyntaxError:  # that line stands in a string, or goes on with a block
            pass
    return ast.parse(text, str(source))


def _statements(tree: ast.Module) -> Iterator[ast.AST]:
    """All statements, nested ones too; expressions, of which there are far more, hold no import."""
    pending: list[ast.AST] = [tree]
    while pending:
        node = pending.pop()
        yield node
        for block in ("body", "orelse", "finalbody", "handlers", "cases"):
            pending += getattr(node, block, ())


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
