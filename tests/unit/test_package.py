"""What the package shows, and that it imports nothing before it is used."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import neuroninfo

NAMES = ("ablate", "heads", "load", "measure", "scores", "shapley", "study")


@pytest.mark.parametrize("name", NAMES)
def test_what_people_need_first_is_found(name: str) -> None:
    assert name in dir(neuroninfo)
    assert callable(getattr(neuroninfo, name))


def test_pictures_are_found() -> None:
    assert "plot" in dir(neuroninfo)
    assert callable(neuroninfo.plot.ablation)


def test_other_names_are_refused() -> None:
    with pytest.raises(AttributeError, match="'neuroninfo' has no attribute 'plots'"):
        neuroninfo.plots  # noqa: B018


def test_importing_the_package_imports_nothing_heavy() -> None:
    heavy = "{'numpy', 'torch', 'xarray', 'matplotlib', 'numba'}"
    code = f"import sys, neuroninfo; sys.exit(str({heavy} & set(sys.modules) or ''))"
    source = Path(neuroninfo.__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(source)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr.strip() == ""


def test_types_are_those_of_what_is_imported() -> None:
    stub = Path(neuroninfo.__file__).with_suffix(".pyi").read_text()
    typed = re.findall(r"^from neuroninfo\.(\S+) import (\w+) as \2$", stub, re.MULTILINE)
    assert {name: home for home, name in typed} == neuroninfo._HOMES
    modules = re.findall(r"^from neuroninfo import (\w+) as \1$", stub, re.MULTILINE)
    assert tuple(modules) == neuroninfo._MODULES


def test_a_process_ends_without_a_search_for_cycles() -> None:
    code = (
        "import atexit, gc\n"
        "atexit.register(lambda: print(gc.get_freeze_count() > 0))\n"
        "import neuroninfo"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(Path(neuroninfo.__file__).parents[1])},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "True\n"
