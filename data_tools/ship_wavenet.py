"""A finished run as a shipped WaveNet of sound: half-precision weights, and a card with the figures of those.

python data_tools/ship_wavenet.py RUN NAME CORPUS     writes seqgen/shipped/NAME/

CORPUS is the folder of recordings with splits.tsv that the run learned from.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from string import Template

from seqgen.evaluation.audio import AudioScores, evaluate_audio, scores_as_dict
from seqgen.models.audio_wavenet import AudioWaveNet
from seqgen.models.checkpoint import load_model, save_model

HERE = Path(__file__).parents[1]
SHIPPED = HERE / "seqgen" / "shipped"


def ship(run: Path, name: str, corpus: Path) -> Path:
    """Write the folder; its path. The figures are those of the stored weights, on the test split."""
    model, sections = load_model(run, "audio_wavenet")
    folder = SHIPPED / name
    papers = {key: sections[key] for key in ("representation", "training")}
    save_model(folder, model, model.state_dict(), papers, half=True)
    scores = evaluate_audio(folder, corpus)
    (folder / "card.md").write_text(card(name, model, sections, scores), encoding="utf-8")
    (folder / "evaluation.json").write_text(
        json.dumps(scores_as_dict(scores), indent=1) + "\n", encoding="utf-8"
    )
    return folder


def card(name: str, model: AudioWaveNet, sections: dict, scores: AudioScores) -> str:
    """What the model is, what it was made from, how it sounds, and how to make it again."""
    vocoder = model.config.guide == "features"
    file = "vocoder_card.md" if vocoder else "wavenet_card.md"
    template = Template((HERE / "data_tools" / file).read_text(encoding="utf-8"))
    heard, apart = scores.heard, scores.distance
    reach = AudioWaveNet.reach(model.config)
    return template.substitute(
        name=name,
        parameters=f"{sum(parameter.numel() for parameter in model.parameters()):,}",
        layers=len(model.config.dilations),
        reach=reach,
        milliseconds=round(1000 * reach / sections["representation"]["sample_rate"]),
        steps=f"{sections['training']['step']:,}",
        takes=scores.takes,
        samples=f"{scores.samples:,}",
        bits=f"{scores.bits_per_sample:.3f}",
        speakers=", ".join(f"{who} {value:.2f}" for who, value in scores.bits_by_speaker.items()),
        unigram=f"{scores.baseline['unigram']:.3f}",
        trigram=f"{scores.baseline['trigram']:.3f}",
        heard=heard["vocoded" if vocoder else "sampled"],
        griffin=heard.get("griffin-lim"),
        distance=f"{apart['vocoded']:.1f}" if vocoder else "",
        griffin_distance=f"{apart['griffin-lim']:.1f}" if vocoder else "",
        real=scores.heard["real"],
        spoken=scores.spoken,
        factor=f"{scores.real_time_factor:.2f}",
        signature=scores.signature,
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", type=Path)
    parser.add_argument("name")
    parser.add_argument("corpus", type=Path)
    chosen = parser.parse_args()
    print(ship(chosen.run, chosen.name, chosen.corpus))
