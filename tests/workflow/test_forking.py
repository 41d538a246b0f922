"""Forked processes end, print and die as started ones do."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import forking

SCRIPT = """
import os, signal, subprocess, sys, time
from pathlib import Path

print(Path.cwd(), os.environ["GIVEN"], sys.argv, __file__, __name__)
print("a mistake", file=sys.stderr)
wanted = sys.argv[1]
if wanted == "wait":
    Path("process").write_text(str(os.getpid()))
    time.sleep(60)
if wanted == "start another":
    subprocess.run([sys.executable, __file__, "wait"])
if wanted == "killed":
    os.kill(os.getpid(), signal.SIGTERM)
if wanted == "raise":
    raise ValueError("raised")
sys.exit({"status": 3, "text": "said", "none": None}[wanted])
"""


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "script.py"
    path.write_text(SCRIPT)
    return path


def wait_until(done: Callable[[], bool]) -> None:
    until = time.monotonic() + 30
    while not done():
        assert time.monotonic() < until
        time.sleep(0.05)


def run(python: str, script: Path, wanted: str) -> subprocess.CompletedProcess[str]:
    _, environment = forking.python()
    return subprocess.run(
        [python, script, wanted],
        cwd=script.parent,
        env=environment | {"GIVEN": "something"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("wanted", ["status", "text", "none", "raise", "killed"])
def test_a_forked_process_does_what_a_started_one_does(script: Path, wanted: str) -> None:
    python, _ = forking.python()
    forked, started = (run(each, script, wanted) for each in (python, sys.executable))
    assert forked.returncode == started.returncode
    assert forked.stdout == started.stdout
    # The traceback has lines of the server, too.
    assert forked.stderr.splitlines()[-1] == started.stderr.splitlines()[-1]
    assert forked.stderr.splitlines()[0] == started.stderr.splitlines()[0]


def test_modules_are_run_with_their_arguments() -> None:
    python, environment = forking.python()
    command = [python, "-m", "json.tool", "--compact"]
    done = subprocess.run(
        command, env=environment, input='{"a": 1}', capture_output=True, text=True, check=True
    )
    assert done.stdout == '{"a":1}\n'


@pytest.mark.parametrize("wanted", ["wait", "start another"])
def test_a_forked_process_is_killed_with_its_client(script: Path, wanted: str) -> None:
    """And with it what it has started."""
    python, environment = forking.python()
    client = subprocess.Popen(
        [python, script, wanted], cwd=script.parent, env=environment | {"GIVEN": ""}
    )
    number = script.with_name("process")
    wait_until(lambda: number.exists() and bool(number.read_text()))
    process = Path("/proc") / number.read_text()
    assert process.exists()
    client.send_signal(signal.SIGKILL)
    client.wait()
    wait_until(lambda: not process.exists())
