"""Tables are whole or refused, and every cell is there."""

import json
import re
from pathlib import Path

import pandas as pd
import pytest

from neuroninfo.files import pages, tables
from neuroninfo.files.storage import StorageError

COLUMNS = {"condition": str, "value": float, "n": int}
FRAME = pd.DataFrame(
    {"condition": ["none", 'a, "b"\nc'], "value": [0.1 + 0.2, 1e-300], "n": [1, 2]}
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    tables.write(FRAME, tmp_path / "table.csv")
    return tmp_path / "table.csv"


def test_what_is_written_is_read(path: Path) -> None:
    assert tables.read(path, COLUMNS).to_dict("list") == FRAME.to_dict("list")


def test_truth_values_are_read(path: Path) -> None:
    frame = pd.DataFrame({"agrees": [True, False]})
    tables.write(frame, path)
    read = tables.read(path, {"agrees": bool})
    assert read["agrees"].dtype == bool
    assert read.to_dict("list") == frame.to_dict("list")
    for wrong in ("1", "true", '""'):
        path.write_text(f"agrees\n{wrong}\n")
        with pytest.raises(StorageError, match=r"table\.csv: column agrees: .*--forcerun"):
            tables.read(path, {"agrees": bool})


def test_truncated_tables(path: Path) -> None:
    """All but those that end with a row: these are whole tables of fewer rows."""
    content = path.read_bytes()
    ends = {content.index(b"\n") + 1, content.index(b"1\n") + 2, len(content)}
    for end in set(range(len(content))) - ends:
        path.write_bytes(content[:end])
        with pytest.raises(StorageError, match=r"table\.csv: (truncated|damaged).*--forcerun"):
            tables.read(path, COLUMNS)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "truncated, or no table"),
        (b"\x89HDF\r\n\xff\xfe\x00", "damaged"),
        (b"a,b\n1,2\n", "has columns a, b, not condition, value, n"),
        (b"condition,value,n\nx,0.1\n", r"truncated, or no table \(rows of \[2, 3\] fields\)"),
        (b"condition,value,n\nx,0.1,2,3\n", r"truncated, or no table \(rows of \[3, 4\] fields\)"),
        (b"condition,value,n\nx,0/1,2\n", "column value: .*0/1"),
        (b"condition,value,n\nx,0.1,\n", "column n: "),
        (b'condition,value,n\n"x"y,0.1,2\n', "damaged"),
    ],
)
def test_foreign_and_damaged_tables(path: Path, content: bytes, message: str) -> None:
    path.write_bytes(content)
    with pytest.raises(StorageError, match=rf"table\.csv: {message}"):
        tables.read(path, COLUMNS)


def test_a_table_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"t\.csv: no such file; run the rule"):
        tables.read(tmp_path / "t.csv", COLUMNS)


def test_gather_checks_every_cell(path: Path, tmp_path: Path) -> None:
    other = FRAME.iloc[:1].assign(condition="l2")
    tables.write(other, tmp_path / "other.csv")
    paths, expected = [path, tmp_path / "other.csv"], [["none"], ['a, "b"\nc'], ["l2"]]
    whole = tables.gather(paths, COLUMNS, ["condition"], expected)
    assert whole.to_dict("list") == pd.concat([FRAME, other]).to_dict("list")
    with pytest.raises(StorageError, match=r"missing: dropout; make them again: add `--forcerun "):
        tables.gather(paths, COLUMNS, ["condition"], [*expected, ["dropout"]])
    with pytest.raises(StorageError, match=r"other\.csv: not expected: l2"):
        tables.gather(paths, COLUMNS, ["condition"], expected[:2])
    with pytest.raises(StorageError, match=r"other\.csv.*: doubled: l2; give each file once"):
        tables.gather([*paths, paths[1]], COLUMNS, ["condition"], expected)
    tables.write(other.iloc[:0], tmp_path / "other.csv")  # a header and nothing else
    with pytest.raises(StorageError, match=r"missing: l2"):
        tables.gather(paths, COLUMNS, ["condition"], expected)


def test_a_page_has_the_table_and_what_shows_it(tmp_path: Path) -> None:
    """How it looks is seen in a browser: tests/report/test_tables.py."""
    frame = pd.DataFrame(
        {"verdict_holm": ["holds", "<b>"], "low": [0.123456, float("nan")], "n_seeds": [5, 0]}
    )
    pages.write(frame, tmp_path / "page.html", title="A & B", lead="1 < 2")
    page = (tmp_path / "page.html").read_text()
    rows = json.loads(json.loads(re.search(r'"data_json": (".*?[^\\\\]"),', page)[1]))
    assert rows[0] == ["holds", ["0.123", 0.123456], 5]
    assert rows[1][:2] == ["&lt;b&gt;", ["", "___NaN___"]]
    names = re.findall(r"<th>(.*?)</th>", page)
    assert names[:3] == ["corrected verdict", "95 % from", "seeds"]
    assert "<h1>A &amp; B</h1><p>1 &lt; 2</p>" in page
    assert not re.findall(r"<(?:script|link|img)[^>]+(?:src|href)=[\"']?http", page)
