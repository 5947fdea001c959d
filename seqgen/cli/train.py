"""`seqgen train`: a run from a config, or the rest of one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal

from seqgen.cli.run import run
from seqgen.training.config import TrainConfig

Task = Literal["language_model", "music", "recognition", "translation", "audio"]


def choose(arguments: list[str]) -> Callable[..., int]:
    """The function of the task that a command line names, by `--task` or in its config file."""
    task = option(arguments, "--task") or task_of(option(arguments, "--config"))
    if task == "translation":
        from seqgen.cli.train_translation import train as translation

        return translation
    if task == "recognition":
        from seqgen.cli.train_recognition import train as recognition

        return recognition
    if task == "language_model":
        from seqgen.cli.train_language import train as language

        return language
    if task == "audio":
        from seqgen.cli.train_audio import train as audio

        return audio
    return train


def task_of(config: str | None) -> str | None:
    """The key `task` of a YAML file; None without one. What else is wrong with a file, the parser says."""
    import yaml

    try:
        settings = yaml.safe_load(Path(config or "").read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError):
        return None
    return settings.get("task") if isinstance(settings, dict) else None


def option(arguments: list[str], name: str) -> str | None:
    """The value of an option, which is its next word or stands behind an equals sign."""
    for word, following in zip(arguments, [*arguments[1:], ""], strict=True):
        if word == name:
            return following
        if word.startswith(f"{name}="):
            return word.partition("=")[2]
    return None


def train(
    settings: TrainConfig,
    task: Task = "music",
    max_minutes: float | None = None,
    max_steps: int | None = None,
    accelerator: str = "auto",
    devices: int | str = 1,
) -> int:
    """Train a MusicVAE on shards. The same command goes on with a run that was stopped. Works under torchrun.

    Exit code: 0 at the end of the run, or when --max-minutes are over; 130 when it was interrupted (a
    checkpoint is written first). Other tasks have other settings: seqgen train --task translation --help.

    Args:
        settings: the run.
        task: what is trained; it may stand in the config file.
        max_minutes: stop after this time, with a checkpoint.
        max_steps: stop after this many steps in all, with a checkpoint; the schedules stay those of the whole
            run.
        accelerator: cpu, cuda or auto.
        devices: how many, or auto.
    """
    return run(settings, max_minutes, max_steps, accelerator, devices)
