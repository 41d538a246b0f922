"""Compression of the last hidden layer against the generalization gap."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import pandas as pd
from matplotlib.figure import Figure

from neuroninfo.figures import canvas, wording
from neuroninfo.figures.networks import GAP_NOTE, legend_inside, looks_of, said, scatter
from neuroninfo.results.compression_gap import FALL, GAP, KIND, LAST, sentence, shown
from neuroninfo.vocabulary import CONDITION

_PANEL: Final = 5.4
_AXES: Final[Mapping[str, str]] = {
    FALL: "fall of I(X;T) to the end of training (bit)",
    LAST: "I(X;T) at the end of training (bit)",
}


@canvas.styled
def compression_gap(networks: pd.DataFrame, correlations: pd.DataFrame) -> Figure:
    """One row of panels per kind of networks: what falls, and what is left; one mark per network.

    Parameters
    ----------
    networks, correlations
        As `results.compression_gap.networks` and `results.compression_gap.agreement` give them.
    """
    found = shown(correlations)
    kinds = [
        (dict(zip(KIND, names, strict=True)), own)
        for names, own in found.groupby(list(KIND), sort=False)
    ]
    per_kind = [_of_kind(networks, kind, own["estimator"].iloc[0]) for kind, own in kinds]
    everything = pd.concat(per_kind, ignore_index=True)
    conditions = everything[list(CONDITION)].drop_duplicates()
    drawn, axes = canvas.figure(
        len(_AXES) * len(kinds),
        title="Do networks that compress more generalize better?",
        subtitle=sentence(found),
        note=f"{wording.counted(len(everything), 'network')} of "
        f"{wording.counted(len(conditions), 'condition')}. {GAP_NOTE} I(X;T): of the last hidden "
        "layer; its fall is that from the epoch at which the other seeds are highest to the end. "
        "Networks whose estimate is not trusted are left out. Small marks: networks; large marks: "
        "means of conditions. Above: rank correlations with the gap and 95 % intervals over "
        "resampled conditions; the claim is that they are below 0 for falls (left) and above 0 "
        f"for what is left (right). {wording.SEEDS_SHARE}",
        panel=_PANEL,
        headed=2 + found["reading"].nunique(),
        columns=len(_AXES),
        shared=False,
        left=1.0,
        height=3.8,
    )
    for row, ((kind, own), points) in enumerate(zip(kinds, per_kind, strict=True)):
        looks = looks_of(points)
        estimator = wording.of_estimator(own["estimator"].iloc[0], whose=False)
        left_out = own["not_trusted"].iloc[0]
        estimated = f"I(X;T): {estimator}"
        if left_out:
            estimated += f"; {left_out} of {len(points)} networks left out"
        for column, (x, label) in enumerate(_AXES.items()):
            ax = axes[row * len(_AXES) + column]
            scatter(ax, points.assign(gap=100 * points[GAP]), x, GAP, looks)
            ax.set_xlabel(label)
            ax.set_ylabel("generalization gap (points)")
            heads = [wording.of_kind(kind), estimated, *said(own, x, GAP)]
            ax.set_title("\n".join(heads), loc="left", fontsize=canvas.SMALL)
        legend_inside(axes[row * len(_AXES)], looks)
        axes[row * len(_AXES) + 1].set_ylim(axes[row * len(_AXES)].get_ylim())
    canvas.record(drawn, everything)
    return drawn


def _of_kind(
    networks: pd.DataFrame, kind: Mapping[str, str | bool | int], estimator: str
) -> pd.DataFrame:
    """Networks of a kind with their information by one estimator."""
    wanted = {**kind, "estimator": estimator}
    own = (networks[list(wanted)] == list(wanted.values())).all(axis=1)
    return networks[own]
