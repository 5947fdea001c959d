"""`seqgen decode`: latent codes to music."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from seqgen.cli.chords import symbols
from seqgen.cli.precision import Precision

if TYPE_CHECKING:
    import numpy as np

MAX_BYTES = 1 << 28


def decode(
    model: str,
    codes: Path,
    out: Path,
    temperature: float = 0.5,
    seed: int = 1,
    qpm: float = 120.0,
    chords: str | None = None,
    precision: Precision = "bfloat16",
    wav: bool = True,
    png: bool = True,
) -> None:
    """Decode each row of a file of codes: a MIDI file each, and all as codes.mid, codes.wav and codes.png.

    Args:
        model: name of a shipped model, or folder of another one.
        codes: an .npz file of `seqgen encode`, or an .npy file with an array [B, Z].
        out: folder for the results; it is made if it is not there.
        temperature: 0 takes the most likely notes, 1 draws as the model was trained.
        seed: another seed, other draws. It is stored in the files.
        qpm: tempo in quarter notes per minute.
        chords: symbols such as "C G Am F", spread evenly over the model's window, each from a beat on, for a
            model that is told chords; the model is told that there are none, if not given.
        precision: of the weights, where the native kernels compute (CPU); less is faster. It is stored in the
            files.
        wav: write sound.
        png: write a picture.
    """
    from seqgen.cli.output import output_folder
    from seqgen.cli.results import list_files

    with output_folder(out) as stage:
        z = read_codes(codes)
        from seqgen.cli.model import load
        from seqgen.cli.results import Results, made_by, numbered, write_results

        loaded = load(model)
        pieces = loaded.decode(
            z, temperature=temperature, seed=seed, qpm=qpm, chords=symbols(chords), precision=precision
        )
        made = made_by("decode", loaded.name, seed, temperature, loaded.precision_of(precision))
        heading = f"{codes.name}; {made}"
        titles = [str(number) for number in range(len(pieces))]
        stems = numbered("code", len(pieces))
        write_results(stage, Results(pieces, stems, titles, "codes", heading), wav, png)
        names = sorted(path.name for path in stage.iterdir())
    list_files(out, names)


def read_codes(path: Path) -> np.ndarray:
    """The array of an .npy file, or the means of an .npz file. A file that asks to run code is refused."""
    import zipfile

    import numpy as np

    if not path.is_file():
        raise ValueError(f"{path}: there is no such file")
    if path.stat().st_size > MAX_BYTES:
        raise ValueError(f"{path}: at most {MAX_BYTES} bytes are read, this file has {path.stat().st_size}")
    try:
        found = np.load(path, allow_pickle=False)
        codes = found["mean"] if isinstance(found, np.lib.npyio.NpzFile) else found
    except KeyError:
        raise ValueError(f"{path}: expected an array called mean in it, as `seqgen encode` writes") from None
    except (ValueError, OSError, EOFError, MemoryError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path}: not a file of codes (.npz or .npy): {error}") from None
    return np.asarray(codes)
