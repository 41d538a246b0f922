"""Mistakes in files of a configuration are named with file and line."""

from pathlib import Path

import pytest
import yaml

from neuroninfo.configuration import documents
from neuroninfo.configuration.messages import ConfigurationError

from .test_study import MINIMAL, ROOT


def written(folder: Path, text: str, name: str = "mine.yaml") -> Path:
    path = folder / name
    path.write_text(text)
    return path


SIX_LINES = """\
study: small
seeds: {count: 10}
datasets: {digits: {validation: 360, test: 360}}
regularizers:
  none: {}
conditions: [{dataset: digits, architecture: 30-30, regularizer: none}]
"""


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("study: a\nseeds: {count: 2\nfoo: [1\n", (", line 3, column", "YAML cannot read")),
        ("study: a\n\tseeds: 2\n", (", line 2",)),
        ("study: a\nseeds: {count: 2}\nstudy: b\n", (": the key study stands in lines 1 and 3",)),
        ("a:\n- b: 1\n- {c: 1, d: {e: 1, f: 2,\n e: 3}}\n", ("the key a[1].d.e", "lines 3 and 4")),
    ],
)
def test_yaml_is_refused_with_file_and_line(
    tmp_path: Path, text: str, words: tuple[str, ...]
) -> None:
    path = written(tmp_path, text)
    with pytest.raises(ConfigurationError) as refused:
        documents.check_yaml([path])
    for word in (str(path), *words):
        assert word in str(refused.value)


def test_shipped_files_and_merged_mappings_are_accepted(tmp_path: Path) -> None:
    twice = "a: &a {b: 1, c: 2}\nd: {<<: *a, b: 3}\ne: [*a, *a]\n"
    documents.check_yaml([written(tmp_path, twice), *(ROOT / "config").glob("*.yaml")])


@pytest.mark.parametrize(
    ("key", "place"),
    [
        (("seeds", "count"), "line 2"),
        (("datasets", "digits", "test"), "line 3"),
        (("regularizers", "none"), "line 5"),
        (("regularizers", "missing", "l2"), "line 4"),
        (("conditions", 0, "architecture"), "line 6"),
        (("conditions", 7), "line 6"),
    ],
)
def test_a_message_names_the_line(tmp_path: Path, key: tuple[str | int, ...], place: str) -> None:
    path = written(tmp_path, SIX_LINES)
    error = ConfigurationError(key, "wrong")
    assert documents.placed(error, [path]) == f"{error} ({path}, {place})"


def test_a_line_is_that_of_the_file_that_counts(tmp_path: Path) -> None:
    first = written(tmp_path, SIX_LINES)
    second = written(tmp_path, "\nseeds: {count: 5}\ntraining: {epochs: 3}\n", "second.yaml")
    both = [first, second]
    assert documents.placed(ConfigurationError(("seeds", "count"), "x"), both).endswith(
        f"({second}, line 2)"
    )
    assert documents.placed(ConfigurationError(("regularizers", "none"), "x"), both).endswith(
        f"({first}, line 5)"
    )
    nowhere = ConfigurationError(("memory", "rows"), "x")
    assert documents.placed(nowhere, both) == str(nowhere)


def test_a_merged_key_is_found_where_it_is_written(tmp_path: Path) -> None:
    path = written(tmp_path, "a: &a\n  b: 1\nc:\n  <<: *a\n  d: 2\n")
    assert documents.placed(ConfigurationError(("c", "b"), "x"), [path]).endswith("line 2)")


def test_files_are_checked_without_snakemake(tmp_path: Path) -> None:
    good = written(tmp_path, MINIMAL)
    assert documents.main([str(good)]) == "The configuration of the study 'small' is correct."
    other = written(tmp_path, "seeds: {count: 11}\n", "other.yaml")
    with pytest.raises(SystemExit, match=rf"seeds\.count: 11 .*\({other}, line 1\)"):
        documents.main([str(good), str(other)])
    with pytest.raises(SystemExit, match="there is no such file"):
        documents.main([str(tmp_path / "missing.yaml")])


def test_files_are_merged_as_by_snakemake() -> None:
    utils = pytest.importorskip("snakemake.utils")
    first = {"a": {"b": 1, "c": [1, 2]}, "d": 1}
    second = {"a": {"c": [3], "e": {"f": 1}}, "d": {"g": 1}}
    expected = yaml.safe_load(yaml.safe_dump(first))
    utils.update_config(expected, second)
    assert documents._merged(first, second) == expected
