"""A browser without a network, in which nothing may go wrong."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium")
if CHROMIUM is None:
    pytest.skip("no browser: apt-get install chromium", allow_module_level=True)
playwright = pytest.importorskip("playwright.sync_api")


@contextmanager
def opened(path: Path, **context: Any) -> Iterator[Any]:
    """A page; at the end nothing was asked of a network and no error was logged."""
    with playwright.sync_playwright() as started:
        sandbox = [] if os.getuid() else ["--no-sandbox"]  # root has none
        browser = started.chromium.launch(executable_path=CHROMIUM, args=sandbox)
        page = browser.new_context(offline=True, **context).new_page()
        page.set_default_timeout(300_000)  # on a busy machine, too
        wrong: list[str] = []
        page.on("console", lambda line: wrong.append(line.text) if line.type == "error" else None)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("requestfailed", lambda request: wrong.append(request.url[:200]))
        page.goto(path.as_uri())
        yield page
        assert not wrong
        browser.close()
