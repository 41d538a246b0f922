"""Blocks of seeds, of one condition or of several, trained in one stack, and their files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import torch

from neuroninfo.data import datasets
from neuroninfo.files import storage
from neuroninfo.training import devices
from neuroninfo.training.layouts import stored
from neuroninfo.training.loop import architecture_for, open_checkpoint, train
from neuroninfo.training.settings import Settings
from neuroninfo.training.splits import split_tensors


def train_blocks(
    data: str | Path,
    conditions: Sequence[Mapping[str, Any]],
    settings: Sequence[Mapping[str, Any]],
    files: Sequence[Mapping[str, str | Path]],
    *,
    device: torch.device,
    checkpoints: str | Path,
    code: str,
    config: Mapping[str, Any],
    report: Callable[[str], None],
) -> None:
    """Train networks, write their files, and report how well they classify.

    Parameters
    ----------
    data
        File of the data set.
    conditions
        Of each block, as they are written into files, with its ``seeds``.
    settings
        Of each block, `Settings` as plain values.
    files
        Of each block, where ``network``, ``history`` and ``activations`` go. Where there are
        several blocks, one that fails gets a text file ``failure`` instead, with the reason.
    device
        What is trained on.
    checkpoints, code
        Folder of the checkpoints, and the hash of what trains.
    config
        The study's ``checkpoints.minutes`` and ``memory.gathered_mb``.
    report
        Takes a line after each epoch, and one for each network at the end.

    Raises
    ------
    RuntimeError
        A loss of a single block is not finite.
    ValueError
        Settings differ in more than networks of one stack may.
    """
    each = [msgspec.convert(own, Settings) for own in settings]
    seeds = [seed for condition in conditions for seed in condition["seeds"]]
    of_network = [
        own for condition, own in zip(conditions, each, strict=True) for _ in condition["seeds"]
    ]
    examples = datasets.read(data)
    made_by = {"condition": list(conditions), "configuration": list(settings)}
    with open_checkpoint(
        checkpoints,
        made_by | {"job": "train", "code": code},
        data,
        device,
        config["checkpoints"]["minutes"],
    ) as checkpoint:
        trained = train(
            architecture_for(examples, each[0]),
            seeds,
            split_tensors(examples, device),
            of_network,
            gathered_bytes=2**20 * config["memory"]["gathered_mb"],
            checkpoint=checkpoint,
            report=report,
            despite_failures=len(conditions) > 1,
        )
        first = 0
        for condition, plain, own, paths in zip(conditions, settings, each, files, strict=True):
            block = slice(first, first + len(condition["seeds"]))
            first = block.stop
            of_block = trained.of(block)
            failure = of_block.failure([own.learning_rate] * len(of_block.failed))
            if failure is not None:
                Path(paths["failure"]).write_text(failure, encoding="utf-8")
                report(f"{paths['failure']}: {failure}")
                continue
            for kind, title, dataset in stored(of_block, own, examples):
                storage.write(
                    dataset,
                    paths[kind],
                    kind=kind,
                    title=title,
                    condition=condition,
                    configuration=plain,
                )
    for row, seed in enumerate(seeds):
        accuracy = trained.accuracy[row, trained.final_epoch[row]]
        report(f"seed {seed}: accuracy train {accuracy[0]:.4f}, test {accuracy[2]:.4f}")
    for line in devices.used(device):
        report(line)
