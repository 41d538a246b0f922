"""Make the page on which all curves, neurons and planes of a study are explored."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

from neuroninfo.files import storage
from neuroninfo.report import contents, explorer
from neuroninfo.results.claims import read_study
from neuroninfo.results.planes import opened

given, params = snakemake.input, snakemake.params
ablations = iter(given.ablations)
ablated = {
    tuple(condition): {
        "ablation": contents.ablation(
            {name: storage.opened_groups(next(ablations), "ablation") for name in sets}
        ),
        "neurons": contents.neurons(
            storage.opened(neurons, "neurons"), storage.opened(damage, "damage")
        ),
    }
    for condition, sets, neurons, damage in zip(
        params.ablated, params.sets, given.neurons, given.damage, strict=True
    )
}
planes = {
    tuple(condition): contents.planes(opened(path))
    for condition, path in zip(params.with_planes, given.planes, strict=True)
}
explorer.write(
    {
        "study": params.study,
        "parts": contents.parts(read_study(given.claims)) if given.claims else [],
        "conditions": [
            contents.condition(names, figures)
            | ablated.get(tuple(names), {"ablation": [], "neurons": None})
            | {"planes": planes.get(tuple(names), [])}
            for names, figures in zip(params.conditions, params.figures, strict=True)
        ],
    },
    snakemake.output[0],
    template=given.template,
)
