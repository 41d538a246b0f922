"""Five tasks of a new user, timed in a fresh clone of the last commit::

    .venv/bin/python benchmarks/tasks.py

The first task is reading: the words of README up to its first picture.  The commands of the others
are those of docs/tutorial.md.  The clone uses the environment of the Python that runs this, so
the time to install it is not in the table.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

WORDS_PER_MINUTE = 200
"""Of silent reading of technical text."""

TASKS = {
    "run the demo": (1,),
    "run a study of one's own, and change it": (2, 3),
    "find the figure of a condition and its numbers": (4,),
    "analyse a network of one's own": (5,),
}
"""What a user wants, and the sections of the tutorial with its commands."""


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        clone = Path(folder) / "neuroninfo"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        (clone / ".venv").symlink_to(Path(sys.prefix))
        # Newer than pyproject.toml, so that make does not install anything.
        (clone / ".venv" / "installed").touch()
        print("| task | commands | seconds |\n| --- | ---: | ---: |", flush=True)
        words = len((clone / "README.md").read_text().split("![")[0].split())
        print(f"| see the main finding | {words} words | {60 * words / WORDS_PER_MINUTE:.0f} |")
        tutorial = (clone / "docs" / "tutorial.md").read_text()
        for task, sections in TASKS.items():
            script = "\n".join(commands(tutorial, number) for number in sections)
            started = time.perf_counter()
            activated = f". .venv/bin/activate\n{script}"
            subprocess.run(
                ["bash", "-ec", activated], cwd=clone, check=True, capture_output=True, text=True
            )
            lines = sum(map(bool, script.splitlines()))
            print(f"| {task} | {lines} lines | {time.perf_counter() - started:.0f} |", flush=True)


def commands(tutorial: str, number: int) -> str:
    """The commands in a section of the tutorial."""
    section = re.split(r"^## ", tutorial, flags=re.MULTILINE)[number]
    return "\n".join(re.findall(r"^```bash.*?\n(.*?)^```", section, re.MULTILINE | re.DOTALL))


if __name__ == "__main__":
    main()
