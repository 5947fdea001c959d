"""`seqgen evaluate`: what a model is worth, beside the baselines, with a signature."""

from __future__ import annotations

from pathlib import Path
from typing import Literal


def evaluate(
    model: str,
    data: list[Path],
    split: Literal["train", "valid", "test"] = "test",
    source: Path | None = None,
    target: Path | None = None,
    json: bool = False,
    seed: int = 1,
    pairs: int = 1024,
    train: Path | None = None,
    limit: int | None = None,
    sections: list[str] | None = None,
    plot: Path | None = None,
    prior: Literal["standard", "learned"] = "learned",
    beam: int = 1,
    threshold: float = 0.5,
    timed: bool = False,
) -> None:
    """Measure a model: one of music on shards or MIDI files, a translator on text with its translation, a
    recogniser on a folder of recordings. The last line is the signature.

    Language models of music: nats a step, beside n-gram models of train. Models of played drums: how far
    velocities and times are from the drummer's, or which hits go with a tap.
    Music: reconstruction teacher-forced and free-run, use of the code, and how likely midpoints and samples
    are; test windows that also occur in train are dropped. Multi-track bars: nats an event beside n-grams,
    and the notes of each track that return. Text: BLEU and chrF, and latency in words (AL,
    LAAL, DAL, AP). Speech: word errors, and the delay after the end of each word. Models of sound: bits a
    sample beside n-grams, and how many sampled digits a recogniser hears right.

    Args:
        model: a shipped model's name or a model's folder.
        data: music: shards, or MIDI (a folder, an archive or a file); speech: a folder of recordings; a
            translator has none.
        split: music, sound: of the shards, or of the folder's splits.tsv.
        source: text to translate, UTF-8, a sentence a line.
        target: its translation, line by line.
        json: print JSON.
        seed: of everything that is drawn.
        pairs: music: pairs of windows between which paths lead; as many samples are drawn.
        train: music: shards the model was trained on, where data is MIDI.
        limit: take at most so many windows, sentences or recordings.
        sections: music with a latent code: the parts of the kit, such as `[interpolation,memorisation]`; all.
        plot: music with a latent code: a folder for the curves as PNG.
        prior: music with a latent code: where samples come from, the learned prior if the model has one (see
            fit-prior), or N(0, 1).
        beam: text: hypotheses that are kept, for models that read the whole sentence first.
        threshold: text: probability from which on a model that learnt when to read stops reading.
        timed: text: stream one sentence after another and measure latency with the time that computing takes.
    """
    from seqgen.models.checkpoint import is_groove, kind_of, read_config
    from seqgen.tasks.shipped import find_folder

    config = read_config(find_folder(model))
    kind = kind_of(config)
    tracks = config.get("representation", {}).get("name") == "multitrack"
    groove = is_groove(config)
    if (sections is not None or plot is not None) and (kind != "music_vae" or tracks or groove):
        raise ValueError(
            f"sections, plot: expected a model of windows of melodies, drums or trios, {model} is none"
        )
    if kind == "translator":
        print(
            text_figures(
                model, *sides(model, data, source, target), json, seed, limit, beam, threshold, timed
            )
        )
        return
    if source is not None or target is not None:
        raise ValueError(f"{model} is no translator ({kind}): it takes data, not --source and --target")
    place = only(data, kind)
    if kind == "audio_wavenet":
        print(audio_figures(model, place, json, split, limit, seed))
    elif kind == "recognizer":
        print(speech_figures(model, place, json, limit))
    elif kind == "language_model" or tracks or groove:
        figures = (
            language_figures if kind == "language_model" else tracks_figures if tracks else groove_figures
        )
        print(figures(model, place, split, json, train, limit, seed))
    else:
        print(music_figures(model, place, split, json, train, limit, seed, pairs, sections, plot, prior))


def sides(model: str, data: list[Path], source: Path | None, target: Path | None) -> tuple[Path, Path]:
    """What a translator is measured on."""
    if source is None or target is None or data:
        raise ValueError(
            f"{model} is a translator: expected --source FILE and --target FILE"
            + (f", and nothing else ({data[0]})" if data else "")
        )
    return source, target


def only(data: list[Path], kind: str) -> Path:
    """The one place where the data are."""
    if len(data) == 1:
        return data[0]
    recordings = kind in ("recognizer", "audio_wavenet")
    what = "a folder of recordings" if recordings else "shards, or MIDI files in one folder"
    raise ValueError(f"data: expected {what}, got {len(data) or 'nothing'}")


def music_figures(
    model: str,
    data: Path,
    split: str,
    json: bool,
    train: Path | None,
    limit: int | None,
    seed: int,
    pairs: int,
    sections: list[str] | None,
    plot: Path | None,
    prior: Literal["standard", "learned"],
) -> str:
    from seqgen.evaluation.evaluate import evaluate as measure
    from seqgen.evaluation.plots import check_plotting, write_plots
    from seqgen.evaluation.report import as_json, as_text
    from seqgen.evaluation.sections import SECTIONS

    if plot is not None:
        try:
            check_plotting()
        except ImportError as error:
            raise ValueError(str(error)) from None  # it says what to install
    parts = tuple(SECTIONS) if sections is None else sections
    result = measure(model, data, split, seed, pairs, train, limit, parts, prior)
    if plot is not None:
        curves = [one for section in result.sections.values() for one in section.plots]
        write_plots(curves, plot, result.signature.split("|", 1)[0])
    return as_json(result) if json else as_text(result)


def text_figures(
    model: str,
    source: Path,
    target: Path,
    json: bool,
    seed: int,
    limit: int | None,
    beam: int,
    threshold: float,
    timed: bool,
) -> str:
    from seqgen.evaluation.translation import evaluate_translator
    from seqgen.evaluation.translation_report import as_json, as_text

    try:
        result = evaluate_translator(
            model,
            source,
            target,
            beam=beam,
            threshold=threshold,
            limit=limit,
            computation_aware=timed,
            seed=seed,
        )
    except ModuleNotFoundError as error:
        raise ValueError(str(error)) from None  # it says what to install
    return as_json(result) if json else as_text(result)


def language_figures(
    model: str, data: Path, split: str, json: bool, train: Path | None, limit: int | None, seed: int
) -> str:
    from seqgen.evaluation.language import as_json, as_text, evaluate_language

    result = evaluate_language(model, data, split, train, limit, seed)
    return as_json(result) if json else as_text(result)


def tracks_figures(
    model: str, data: Path, split: str, json: bool, train: Path | None, limit: int | None, seed: int
) -> str:
    from seqgen.evaluation.tracks import as_json, as_text, evaluate_tracks

    result = evaluate_tracks(model, data, split, train, limit, seed)
    return as_json(result) if json else as_text(result)


def groove_figures(
    model: str, data: Path, split: str, json: bool, train: Path | None, limit: int | None, seed: int
) -> str:
    from seqgen.evaluation.groove import as_json, as_text, evaluate_groove

    result = evaluate_groove(model, data, split, seed, train, limit)
    return as_json(result) if json else as_text(result)


def speech_figures(model: str, data: Path, json: bool, limit: int | None) -> str:
    import json as to_json

    from seqgen.evaluation.recognition import evaluate_recognition, scores_as_dict, scores_as_text

    scores = evaluate_recognition(model, data, limit)
    return to_json.dumps(scores_as_dict(scores), indent=1) if json else scores_as_text(scores)


def audio_figures(model: str, data: Path, json: bool, split: str, limit: int | None, seed: int) -> str:
    import json as to_json

    from seqgen.evaluation.audio import evaluate_audio, scores_as_dict, scores_as_text

    scores = evaluate_audio(model, data, split, limit, seed=seed)
    return to_json.dumps(scores_as_dict(scores), indent=1) if json else scores_as_text(scores)
