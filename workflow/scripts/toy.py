"""Draw a two-dimensional set and fit logistic regression to it."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

import msgspec

from neuroninfo.files import storage
from neuroninfo.toys import logistic
from neuroninfo.toys.settings import ToySettings

toy = logistic.logistic(msgspec.convert(snakemake.params.settings, ToySettings))
storage.write(
    toy,
    snakemake.output[0],
    kind="toy",
    title="Two classes in the plane, and logistic regression",
    condition=snakemake.params.condition,
    configuration=snakemake.params.settings,
)
print(f"accuracy {int(toy['correct'])} of {toy.sizes['sample']}")
