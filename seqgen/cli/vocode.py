"""`seqgen vocode`: a recording made again from its log-mel columns alone, as a WAV file."""

from __future__ import annotations

from pathlib import Path

from seqgen.cli.precision import Precision


def vocode(
    model: str,
    file: Path,
    out: Path,
    seed: int = 1,
    temperature: float = 1.0,
    precision: Precision = "bfloat16",
) -> None:
    """Say a recording again (WAV, FLAC, ...): its log-mel columns to sound, by a vocoder.

    Writes a WAV file of one channel, 16 bit, at the model's rate. A recording of another rate is resampled,
    several channels are mixed. The same seed gives the same bytes on one machine.

    Args:
        model: name of a shipped vocoder, or folder of another one.
        file: the recording, of up to 30 seconds.
        out: file to write, for example again.wav.
        seed: another seed, other noise. It stands in the file, as a comment.
        temperature: below 1 with less noise and less life, 1 as the model was trained.
        precision: of the weights, where the native kernels compute (CPU); less is faster. It is stored too.
    """
    from seqgen.cli.sample_audio import bar, check_out

    check_out(out, "again.wav")
    import torch

    from seqgen.cli.results import tell
    from seqgen.cli.stamp import stamped_wav
    from seqgen.core import Sampling
    from seqgen.io.atomic import write_bytes
    from seqgen.io.wav import wav_bytes
    from seqgen.tasks.audio import load_audio

    torch.set_num_threads(1)
    loaded = load_audio(model)
    heard, notices = loaded.read(file)
    tell(notices)
    with bar() as shown:
        task = shown.add_task("samples", total=None)
        samples = loaded.vocode_samples(
            heard,
            seed,
            temperature,
            lambda done, total: shown.update(task, completed=done, total=total),
            precision,
        )
    said = f"{file.name} again, {len(samples) / loaded.sample_rate:.2f} s at {loaded.sample_rate} Hz"
    comment = f"seqgen vocode: model {loaded.name}, {said}, seed {seed}, temperature {temperature:g}"
    comment += f", {loaded.precision_of(precision, Sampling(temperature))}"
    write_bytes(out, stamped_wav(wav_bytes(samples, loaded.sample_rate), comment))
    print(f"{out}: {said}, seed {seed}")
