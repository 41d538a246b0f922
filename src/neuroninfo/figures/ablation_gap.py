"""Areas under ablation curves, and redundancy, against the generalization gap."""

from __future__ import annotations

from typing import Final

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from neuroninfo.figures import canvas, wording
from neuroninfo.figures.networks import GAP_NOTE, legend_inside, looks_of, said, scatter
from neuroninfo.results.ablation_gap import AREAS, REDUNDANCY
from neuroninfo.vocabulary import CONDITION

_PANEL: Final = 5.0


@canvas.styled
def ablation_gap(networks: pd.DataFrame, correlations: pd.DataFrame) -> Figure:
    """One panel per curve, and one of redundancy where it was measured; one mark per network.

    Parameters
    ----------
    networks, correlations
        As `results.ablation_gap.networks` and `results.ablation_gap.agreement` give them.
    """
    columns = [*AREAS, *([REDUNDANCY] if networks[REDUNDANCY].notna().any() else [])]
    conditions = networks[list(CONDITION)].drop_duplicates()
    measured = wording.short(networks["measure"].iloc[0])
    drawn, axes = canvas.figure(
        len(columns),
        title="Do networks that generalize worse depend more on single neurons?",
        subtitle=f"{wording.counted(len(networks), 'network')} of "
        f"{wording.counted(len(conditions), 'condition')}",
        note=f"{GAP_NOTE} Area: mean, over the ablation of the whole network, of the accuracy "
        "above chance, as a share of that without "
        f"ablation; orders by {measured}. Redundancy: redundant share of the information that two "
        "neurons of a layer have about the class (BROJA), mean over the layers. Small marks: "
        "networks; large marks: means of conditions. Above: rank correlations with the gap and 95 "
        "% intervals over resampled conditions; the claim is that they are below 0. "
        f"{wording.SEEDS_SHARE}",
        panel=_PANEL,
        headed=1 + correlations["reading"].nunique(),
        columns=2,
        shared=False,
        left=1.0,
        height=3.2,
    )
    shown = networks.assign(gap=100 * networks["gap"])
    looks = looks_of(networks)
    for ax, column in zip(axes, columns, strict=True):
        scatter(ax, shown, "gap", column, looks)
        ax.set_xlabel("generalization gap (points)")
        ax.set_ylabel("redundancy" if column == REDUNDANCY else "area under the curve")
        if shown["gap"].min() > 0 and shown["gap"].max() > 10 * shown["gap"].min():
            ax.set_xscale("log")
            ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            ax.xaxis.set_major_formatter("{x:g}")
            ax.xaxis.set_minor_formatter(NullFormatter())
        name = "redundancy" if column == REDUNDANCY else wording.DIRECTIONS[AREAS[column]]
        heads = "\n".join([name, *said(correlations, column, "gap")])
        ax.set_title(heads, loc="left", fontsize=canvas.SMALL)
    legend_inside(axes[0], looks)
    canvas.record(drawn, networks)
    return drawn
