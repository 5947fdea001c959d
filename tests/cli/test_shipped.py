"""The models that come with the package: each is there with its papers, and works."""

import json
from pathlib import Path

import pytest

import seqgen
from seqgen.cli.main import main
from seqgen.tasks.shipped import SHIPPED, shipped_models
from tests.tasks.small import write_drums, write_melody, write_trio

PROMISED = {
    "de-en",
    "digits-mocha",
    "digits-vocoder",
    "digits-wavenet",
    "drums-16bar",
    "drums-2bar",
    "en-de",
    "groove-drumify",
    "groove-humanize",
    "mel-16bar",
    "mel-2bar",
    "melody-lm",
    "trio-16bar",
}
MUSIC = sorted(name for name in PROMISED if name.endswith("bar"))
TRANSLATORS = ["de-en", "en-de"]
TEXT = Path(__file__).parents[1] / "fixtures" / "text"


def test_what_is_shipped_is_what_the_documentation_promises():
    assert set(shipped_models()) == PROMISED


@pytest.mark.parametrize("name", MUSIC)
def test_a_shipped_model_interpolates_from_the_shell(name, tmp_path):
    write = {"drums": write_drums, "trio": write_trio}.get(name.split("-")[0], write_melody)
    ends = [str(write(tmp_path / f"{seed}.mid", bars=4, seed=seed)) for seed in (1, 2)]
    for out in ("one", "two"):
        line = ["interpolate", name, *ends, str(tmp_path / out), "--num-steps", "3", "--wav", "false"]
        assert main(line) == 0
    names = ["path.mid", "path.png", "step_0.mid", "step_1.mid", "step_2.mid"]
    assert sorted(path.name for path in (tmp_path / "one").iterdir()) == names
    for file in names:
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


def test_the_shipped_language_model_continues_from_the_shell(tmp_path):
    """It is the default; it beats the n-gram models that stand beside it on its card."""
    melody = str(write_melody(tmp_path / "a.mid", bars=4, seed=1))
    for out in ("one", "two"):
        assert main(["continue", melody, str(tmp_path / out), "--bars", "4", "--wav", "false"]) == 0
    names = ["continuation.mid", "continued.mid", "continued.png", "piece.mid"]
    assert sorted(path.name for path in (tmp_path / "one").iterdir()) == names
    for file in names:
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()
    figures = json.loads((SHIPPED / "melody-lm" / "evaluation.json").read_text(encoding="utf-8"))
    means = figures["nats a step"]["all steps"]
    assert means["model"] < means["6-gram"] < means["unigram"]


@pytest.mark.parametrize("verb", ["humanize", "drumify"])
def test_the_shipped_groove_models_play_from_the_shell(verb, tmp_path):
    """They are the defaults; they beat the baselines that stand beside them on their cards."""
    beat = str(write_drums(tmp_path / "a.mid", bars=4, seed=1))
    for out in ("one", "two"):
        assert main([verb, beat, str(tmp_path / out), "--wav", "false"]) == 0
    names = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert {"humanize": "humanized.mid", "drumify": "beat_0.mid"}[verb] in names
    for file in names:
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()
    text = (SHIPPED / f"groove-{verb}" / "evaluation.json").read_text(encoding="utf-8")
    figures = json.loads(text)["figures"]
    if verb == "humanize":
        for metric in ("velocity", "sixteenths", "milliseconds"):
            others = [value for name, value in figures[metric].items() if not name.startswith("model")]
            assert figures[metric]["model"] < min(others)
    else:
        others = [value for name, value in figures["hit F1"].items() if not name.startswith("model")]
        assert figures["hit F1"]["model"] > max(others)


def test_the_shipped_vocoder_says_a_recording_again(tmp_path):
    """The same way each time, and better than the n-gram model that stands beside it on its card."""
    take = str(TEXT.parent / "digits" / "7_jackson_0.wav")
    for out in ("one.wav", "two.wav"):
        assert main(["vocode", "digits-vocoder", take, str(tmp_path / out)]) == 0
    assert (tmp_path / "one.wav").read_bytes() == (tmp_path / "two.wav").read_bytes()
    figures = json.loads((SHIPPED / "digits-vocoder" / "evaluation.json").read_text(encoding="utf-8"))
    assert figures["bits_per_sample"] < figures["baseline"]["trigram"]


def test_the_shipped_trio_model_beats_its_baselines():
    """Part by part those that play one bar or nothing; as a whole, codes that know one track alone."""
    figures = json.loads((SHIPPED / "trio-16bar" / "evaluation.json").read_text(encoding="utf-8"))
    shares, nats = figures["reconstruction"], figures["latent"]
    for part, metric in (("melody", "note F1"), ("bass", "note F1"), ("drums", "hit F1")):
        row = shares[f"{part} {metric}"]
        assert row["free run"] > max(row["always hold"], row["common bar"])
        assert nats[f"cross-entropy, {part}"] < 0.5 * nats[f"cross-entropy, {part}, random z"]
    own, other = (
        sum(nats[f"cross-entropy, {part}{which}"] for part in ("melody", "bass", "drums"))
        for which in ("", ", other tracks")
    )
    assert own < other


@pytest.mark.parametrize("name", MUSIC)
def test_the_name_of_a_music_model_says_its_bars(name):
    assert name.endswith(f"-{seqgen.load(name).converter.bars}bar")


@pytest.mark.parametrize("name", sorted(PROMISED))
def test_a_shipped_model_has_a_card_and_is_small(name):
    assert len((SHIPPED / name / "card.md").read_text(encoding="utf-8")) > 200
    assert (SHIPPED / name / "evaluation.json").is_file()
    assert sum(path.stat().st_size for path in (SHIPPED / name).iterdir()) <= 12_000_000


@pytest.mark.parametrize("name", TRANSLATORS)
def test_a_shipped_translator_streams_what_it_translates(name):
    """Forty sentences word by word: the words and the delays of the batch path."""
    model = seqgen.load(name)
    lines = (TEXT / f"test.{name[:2]}").read_text(encoding="utf-8").splitlines()
    early = 0
    for line, whole in zip(lines, model.translations(lines), strict=True):
        events = list(model.trace(line.split()))
        assert [event.word for event in events if event.action == "WRITE"] == whole.words
        assert [event.read for event in events if event.action == "WRITE"] == whole.delays
        early += bool(whole.delays) and whole.delays[0] < len(line.split())
    assert early > len(lines) // 2, "it waits for the end of most sentences"
