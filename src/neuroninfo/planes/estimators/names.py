"""Estimators by name, as a configuration gives them: what `name` of an estimator says."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from neuroninfo.planes.estimators.binning import EdgeBins, Exact, MassBins, WidthBins
from neuroninfo.planes.estimators.kernel_density import KernelDensity
from neuroninfo.planes.estimators.latent import Latent
from neuroninfo.planes.estimators.neighbours import KozachenkoLeonenko, Kraskov
from neuroninfo.planes.estimators.neural import InfoNCE, Smile
from neuroninfo.planes.estimators.protocol import EstimationError, Estimator
from neuroninfo.planes.estimators.renyi import Renyi
from neuroninfo.planes.estimators.sample_propagation import SamplePropagation
from neuroninfo.planes.estimators.sliced import Sliced

_NUMBER: Final = r"((?!0+(?:\.0+)?(?:e|$))\d+(?:\.\d+)?(?:e-?\d+)?)"
_TWO_OR_MORE: Final = r"(0*(?:[2-9]|[1-9]\d+))"
PATTERNS: Final[Mapping[str, Callable[..., Estimator]]] = {
    rf"edges-{_TWO_OR_MORE}": lambda _, edges: EdgeBins(int(edges)),
    rf"width-{_NUMBER}": lambda _, width: WidthBins(float(width)),
    rf"mass-{_TWO_OR_MORE}": lambda _, bins: MassBins(int(bins)),
    rf"kde-(upper|lower)-{_NUMBER}": lambda _, bound, v: KernelDensity(float(v), bound),
    rf"kozachenko-{_NUMBER}": lambda seed, v: KozachenkoLeonenko(float(v), study_seed=seed),
    rf"kraskov-{_NUMBER}": lambda seed, v: Kraskov(float(v), study_seed=seed),
    r"renyi-(?!1(?:\.0+)?$)" + _NUMBER: lambda seed, order: Renyi(float(order), study_seed=seed),
    rf"infonce-{_NUMBER}": lambda seed, v: InfoNCE(float(v), study_seed=seed),
    rf"smile-{_NUMBER}": lambda seed, v: Smile(float(v), study_seed=seed),
    rf"sliced-{_NUMBER}": lambda seed, v: Sliced(float(v), study_seed=seed),
    rf"latent-{_NUMBER}": lambda seed, v: Latent(float(v), study_seed=seed),
    rf"propagation-{_TWO_OR_MORE}": lambda seed, k: SamplePropagation(int(k), study_seed=seed),
    "exact": lambda _: Exact(),
}
"""Regular expression of the whole name -> estimator from the study's seed and the groups."""


def all_named(names: Iterable[str], study_seed: int) -> tuple[Estimator, ...]:
    """Make all estimators that settings name, as of `named`."""
    return tuple(named(name, study_seed) for name in names)


def named(name: str, study_seed: int = 0) -> Estimator:
    """Make an estimator from its name.

    Parameters
    ----------
    name
        As ``planes.estimators`` has it.
    study_seed
        Seed of the random numbers, for estimators that draw some.

    Raises
    ------
    EstimationError
        There is no such estimator.
    """
    for pattern, make in PATTERNS.items():
        if match := re.fullmatch(pattern, name):
            return make(study_seed, *match.groups())
    raise EstimationError(
        f"no estimator is called {name!r}; there are edges-30, width-0.07, mass-30, "
        "kde-upper-0.001, kde-lower-0.001, kozachenko-0.001, kraskov-0.001, renyi-1.01, "
        "infonce-0.001, smile-0.001, sliced-0.001, latent-0.001, propagation-20 and exact, with "
        "other numbers (2 edges, bins or draws, or more; widths, variances and orders above 0, "
        "orders not 1)"
    )
