"""The settings of each stage and the dataclass that the stage makes of them are the same."""

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from neuroninfo.ablation.settings import (
    AblationSettings,
    ClassSettings,
    ConstantSettings,
    SearchSettings,
)
from neuroninfo.configuration.study import Study
from neuroninfo.data.settings import DatasetSettings
from neuroninfo.generalization.settings import GapSettings, SupersampleSettings
from neuroninfo.neurons.settings import MeasureSettings
from neuroninfo.planes.settings import CalibrationSettings, PlaneSettings
from neuroninfo.results.settings import CountSettings
from neuroninfo.robustness.settings import RobustnessSettings
from neuroninfo.smaller.settings import LowBitSettings, PruningSettings
from neuroninfo.synergy.settings import SynergySettings
from neuroninfo.toys.settings import ToyNetworkSettings, ToySettings
from neuroninfo.training.settings import Settings
from tests.unit.configuration.test_study import ROOT, load, shipped
from tests.workflow.conftest import MINIATURE

STAGES = {
    "dataset_settings": DatasetSettings,
    "training_settings": Settings,
    "measure_settings": MeasureSettings,
    "ablation_settings": AblationSettings,
    "constant_settings": ConstantSettings,
    "search_settings": SearchSettings,
    "reading_settings": CountSettings,
    "pruning_settings": PruningSettings,
    "precision_settings": LowBitSettings,
    "synergy_settings": SynergySettings,
    "class_settings": ClassSettings,
    "robustness_settings": RobustnessSettings,
    "plane_settings": PlaneSettings,
    "calibration_settings": CalibrationSettings,
    "gap_settings": GapSettings,
    "supersample_settings": SupersampleSettings,
    "toy_settings": ToySettings,
    "toy_network_settings": ToyNetworkSettings,
}

SHIPPED = (
    *("config", "demo", "replication", "paper-v1", "settings", "splits", "strengths", "science"),
    "binary",
)


def made(study: Study) -> Iterator[tuple[str, dict[str, Any]]]:
    """All settings that the rules of a study have, each with the name of its method."""
    for name in study.resolved["datasets"]:
        yield "dataset_settings", study.dataset_settings(name)
    for condition, plan in study.plans.items():
        yield "training_settings", study.training_settings(condition)
        yield "measure_settings", study.measure_settings(condition)
        yield "reading_settings", study.reading_settings(condition)
        yield "robustness_settings", study.robustness_settings(condition)
        yield "synergy_settings", study.synergy_settings(condition)
        for group in (None, *study.plane_groups(condition)):
            yield "plane_settings", study.plane_settings(condition, group)
        if plan.orderings:
            yield "pruning_settings", study.pruning_settings(condition)
    for name in study.resolved["orderings"]:
        yield "ablation_settings", study.ablation_settings(name)
        yield "search_settings", study.search_settings(name)
    yield "constant_settings", study.constant_settings()
    yield "precision_settings", study.precision_settings()
    yield "class_settings", study.class_settings()
    if calibration := study.calibration_settings():
        yield "calibration_settings", calibration
    for name in study.gaps:
        yield "gap_settings", study.gap_settings(name)
    for name in study.supersamples:
        yield "supersample_settings", study.supersample_settings(name)
    for name in study.toys():
        yield "toy_settings", study.toy_settings(name)
    yield "toy_network_settings", study.toy_network_settings()


def as_json(value: object) -> str:
    return json.dumps(value, sort_keys=True)


@pytest.mark.parametrize(
    "config",
    [*(shipped(f"{name}.yaml") for name in SHIPPED), MINIATURE],
    ids=[*SHIPPED, "miniature"],
)
def test_no_key_of_a_stage_is_lost_or_unknown(config: dict[str, Any]) -> None:
    """Those of the files and those that the library computes with."""
    for name, settings in made(load(config)):
        stage = msgspec.convert(settings, STAGES[name])
        assert as_json(msgspec.to_builtins(stage)) == as_json(settings), name
        hash(stage)  # nothing in it can change


def test_every_stage_is_there() -> None:
    methods = {name for name in vars(Study) if name.endswith("_settings")}
    # Those of a comparison are a figure's, and convolutional ones are a number.
    assert methods - {"comparison_settings", "convolutional_settings"} == set(STAGES)
    assert {name for name, _ in made(load(MINIATURE))} == set(STAGES)


def test_a_value_of_another_type_is_named() -> None:
    settings = next(s for name, s in made(load(MINIATURE)) if name == "plane_settings")
    settings["training"] |= {"epochs": "3"}
    with pytest.raises(msgspec.ValidationError, match=r"Expected `int`, got `str` - at .*epochs"):
        msgspec.convert(settings, PlaneSettings)


def test_stages_are_frozen_and_light() -> None:
    """The workflow can read them without what computes."""
    assert all(stage.__dataclass_params__.frozen for stage in STAGES.values())
    modules = ", ".join(sorted({stage.__module__ for stage in STAGES.values()}))
    heavy = "{'torch', 'xarray', 'scipy', 'sklearn', 'netCDF4', 'numba', 'matplotlib', 'pandas'}"
    done = subprocess.run(
        [sys.executable, "-c", f"import sys, {modules}; sys.exit(str({heavy} & set(sys.modules)))"],
        env={"PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stderr.strip() == "set()"
