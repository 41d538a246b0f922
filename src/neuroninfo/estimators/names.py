"""Estimators by name, as a configuration gives them: what `name` of an estimator says."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from neuroninfo.estimators import EstimationError, Estimator
from neuroninfo.estimators.binning import EdgeBins, Exact, MassBins, WidthBins
from neuroninfo.estimators.kernel_density import KernelDensity

_NUMBER: Final = r"((?!0+(?:\.0+)?(?:e|$))\d+(?:\.\d+)?(?:e-?\d+)?)"
_TWO_OR_MORE: Final = r"(0*(?:[2-9]|[1-9]\d+))"
PATTERNS: Final[Mapping[str, Callable[..., Estimator]]] = {
    rf"edges-{_TWO_OR_MORE}": lambda edges: EdgeBins(int(edges)),
    rf"width-{_NUMBER}": lambda width: WidthBins(float(width)),
    rf"mass-{_TWO_OR_MORE}": lambda bins: MassBins(int(bins)),
    rf"kde-(upper|lower)-{_NUMBER}": lambda bound, v: KernelDensity(float(v), bound),
    "exact": Exact,
}
"""Regular expression of the whole name -> estimator from its groups."""


def named(name: str) -> Estimator:
    """Make an estimator from its name.

    Raises
    ------
    EstimationError
        There is no such estimator.
    """
    for pattern, make in PATTERNS.items():
        if found := re.fullmatch(pattern, name):
            return make(*found.groups())
    raise EstimationError(
        f"no estimator is called {name!r}; there are edges-30, width-0.07, mass-30, "
        "kde-upper-0.001, kde-lower-0.001 and exact, with other numbers (2 edges or bins, or more; "
        "widths and variances above 0)"
    )
