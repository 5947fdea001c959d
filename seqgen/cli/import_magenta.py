"""`seqgen import-magenta`: a checkpoint of Magenta's MusicVAE to a model of ours."""

from __future__ import annotations

from pathlib import Path


def import_magenta(checkpoint: Path, out: Path, config: str | None = None, overwrite: bool = False) -> None:
    """Turn a TensorFlow checkpoint of Magenta's MusicVAE into the folder of a model, which all commands take:
    config.yaml, model.safetensors and card.md. TensorFlow is not needed.

    Args:
        checkpoint: a .tar as Magenta distributes them, a folder with a checkpoint, or its prefix (NAME for
            NAME.index and NAME.data-00000-of-00001).
        out: the folder to make.
        config: Magenta's name of the configuration, such as cat-mel_2bar_big, where neither the variables nor
            the names of the files tell it. docs/magenta.md lists them.
        overwrite: replace a model that is in out.
    """
    from seqgen.cli.results import tell
    from seqgen.tasks.magenta.importing import import_checkpoint

    known, notices = import_checkpoint(checkpoint, out, config, overwrite)
    tell(notices)
    print(f"{known.name}: {known.music}. The model is in {out}.")
