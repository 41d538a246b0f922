"""Files of a configuration: mistakes in their YAML, and the lines of wrong keys and values.

    PYTHONPATH=src python -m neuroninfo.configuration.documents config/mine.yaml

checks files as Snakemake merges them, and names the line of what YAML cannot read, which
Snakemake does not.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import yaml

from neuroninfo.configuration import study
from neuroninfo.configuration.messages import ConfigurationError
from neuroninfo.configuration.schema import LOADER, Key, read_yaml

SCHEMA: Final = Path(__file__).parents[3] / "workflow/schemas/config.schema.yaml"
_MERGE: Final = "<<"


def check_yaml(files: Sequence[str | Path]) -> None:
    """Refuse text that YAML cannot read, and keys that stand twice in one mapping.

    YAML readers take the last of two equal keys in silence.

    Raises
    ------
    ConfigurationError
        Of the first mistake, with file and line.
    """
    for file in files:
        for key, first, second in _doubled(_composed(file), "", set()):
            raise ConfigurationError(
                (), f"{file}: the key {key} stands in lines {first} and {second}; remove one"
            )


def placed(error: ConfigurationError, files: Sequence[str | Path]) -> str:
    """A message with the file and line of the value that it is about, if a file has it."""
    depth, line, file = 0, 0, ""
    for other in files:
        found = _line(_composed(other), error.path)
        if found[0] >= depth:  # later files win
            depth, line, file = *found, str(other)
    return f"{error} ({file}, line {line})" if depth else str(error)


def _composed(file: str | Path) -> yaml.Node | None:
    """The nodes of a file, which know their lines."""
    try:
        return yaml.compose(Path(file).read_text(encoding="utf-8"), Loader=LOADER)
    except FileNotFoundError:
        raise ConfigurationError((), f"{file}: there is no such file") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        context = f" {error.context}" if error.context else ""
        raise ConfigurationError(
            (), f"{file}{where}: YAML cannot read this: {error.problem}{context}"
        ) from None


def _doubled(node: yaml.Node | None, prefix: str, seen: set[int]) -> Iterator[tuple[str, int, int]]:
    """Keys that stand twice in a mapping, with both lines."""
    if node is None or id(node) in seen:  # an alias is the node that it stands for
        return
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        for position, below in enumerate(node.value):
            yield from _doubled(below, f"{prefix.removesuffix('.')}[{position}].", seen)
    if isinstance(node, yaml.MappingNode):
        lines: dict[str, int] = {}
        for key, below in node.value:
            line = key.start_mark.line + 1
            if key.value in lines:
                yield f"{prefix}{key.value}", lines[key.value], line
            lines[key.value] = line
            yield from _doubled(below, f"{prefix}{key.value}.", seen)


def _line(node: yaml.Node | None, path: tuple[Key, ...]) -> tuple[int, int]:
    """How many steps of a path a file has, and the line of the last of them."""
    line = 0
    for depth, step in enumerate(path):
        match node:
            case yaml.MappingNode():
                entries = {str(key.value): (key, below) for key, below in _entries(node)}
                if str(step) not in entries:
                    return depth, line
                key, node = entries[str(step)]
                line = key.start_mark.line + 1
            case yaml.SequenceNode() if isinstance(step, int) and step < len(node.value):
                node = node.value[step]
                line = node.start_mark.line + 1
            case _:
                return depth, line
    return len(path), line


def _entries(node: yaml.MappingNode) -> Iterator[tuple[Any, yaml.Node]]:
    """Entries of a mapping, after those that it merges (``<<``)."""
    for key, below in node.value:
        if key.value == _MERGE:
            merged = below.value if isinstance(below, yaml.SequenceNode) else [below]
            for mapping in merged:
                yield from _entries(mapping)
    yield from ((key, below) for key, below in node.value if key.value != _MERGE)


def _merged(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    """Mappings merged key by key, as Snakemake merges files of a configuration."""
    both = dict(first)
    for key, value in second.items():
        below = both.get(key)
        nested = isinstance(below, dict) and isinstance(value, dict)
        both[key] = _merged(below, value) if nested else value  # type: ignore[arg-type]
    return both


def main(files: Sequence[str]) -> str:
    """Check files and print the messages; an error exits."""
    try:
        check_yaml(files)
        config: dict[str, Any] = {}
        for file in files:
            config = _merged(config, read_yaml(Path(file).read_text(encoding="utf-8")) or {})
        loaded = study.load(config, SCHEMA)
    except ConfigurationError as error:
        raise SystemExit(f"configuration: {placed(error, files if error.path else ())}") from None
    return f"The configuration of the study {loaded.name!r} is correct."


if __name__ == "__main__":
    if len(sys.argv) < 2:
        raise SystemExit(__doc__)
    print(main(sys.argv[1:]))
