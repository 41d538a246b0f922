"""Try estimators on distributions with known information."""

import sys
from pathlib import Path

sys.stdout = sys.stderr = Path(snakemake.log[0]).open("w", buffering=1)
sys.path.insert(0, str(Path(snakemake.scriptdir).resolve().parents[1] / "src"))

import msgspec
import torch

from neuroninfo.files import storage
from neuroninfo.planes import calibration
from neuroninfo.planes.estimators.names import all_named
from neuroninfo.planes.settings import CalibrationSettings

torch.set_num_threads(snakemake.threads)
settings = msgspec.convert(snakemake.params.settings, CalibrationSettings)
result = calibration.sweep(
    all_named(settings.estimators, settings.study_seed),
    calibration.mixtures(settings.dimensions),
    settings.examples,
    settings.repeats,
    settings.study_seed,
)
storage.write(
    result,
    snakemake.output[0],
    kind="calibration",
    title="Estimates of information beside known values",
    condition={},
    configuration=snakemake.params.settings,
)
