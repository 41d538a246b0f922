"""What the neurons of a network know.

Trains stacks of small networks, measures every neuron with information theory, ablates neurons in
the order of what was measured, and draws what comes out.  The rooms, each of which knows only
those before it: `vocabulary`, `streams`, `provenance`, `files`, `networks`, `configuration`,
`data`, `training`, `neurons`, `ablation`, `planes`, `generalization`, `smaller`, `toys`,
`results`, `figures`, `own_network`, `convolutional`, `plot`.

What people need first is here by name, and imported when it is used: nothing heavy is imported
with the package, so that a job pays only for what it uses.
"""

import atexit
import gc
import os
from importlib import import_module
from typing import Any

# HDF5's locks fail on many shared file systems, and nothing here needs them: a file is written
# under a name of its own and renamed when it is whole.
os.environ.setdefault("HDF5_USE_FILE_LOCKING", "FALSE")

# When a process ends, Python looks for cycles among all objects of all libraries, which takes a
# fifth of the time of a job that draws a figure. Without it, the system frees them all the same.
atexit.register(gc.freeze)

__version__ = "0.1.0"

# Types for editors and checkers stand in __init__.pyi.
_HOMES = {
    "study": "own_network.study",
    "measure": "own_network.study",
    "ablate": "own_network.study",
    "shapley": "own_network.shapley",
    "scores": "own_network.scores",
    "heads": "own_network.heads",
    "load": "files.storage",
}
_MODULES = ("plot",)


def __getattr__(name: str) -> Any:  # noqa: ANN401
    if name in _MODULES:
        return import_module(f"{__name__}.{name}")
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES, *_MODULES])
