"""A translator's figures: those of its translations and delays; cross-entropies that a plain loop gives."""

import json

import numpy as np
import pytest
import torch
from sacrebleu.metrics.bleu import BLEU

from seqgen.evaluation.latency import METRICS, Instance, corpus_latency
from seqgen.evaluation.translation import cross_entropy, evaluate_translator, timed
from seqgen.evaluation.translation_report import as_json, as_text, figures
from seqgen.models.translator.batch import Batch
from seqgen.representation.subword import END
from seqgen.tasks.translation import load
from tests.tasks.small_translator import small_translator
from tests.text import sentences

PAIRS = sentences()[::8]


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    folder = tmp_path_factory.mktemp("translators")
    return {kind: small_translator(folder / kind, kind) for kind in ("soft", "milk")}


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    """Two files, with an empty line and two spaces in a row."""
    folder = tmp_path_factory.mktemp("text")
    pairs = [*PAIRS, ("", ""), ("Der alte Mann", "The old  man")]
    for name, side in (("test.de", 0), ("test.en", 1)):
        (folder / name).write_text("".join(f"{pair[side]}\n" for pair in pairs), encoding="utf-8")
    return folder / "test.de", folder / "test.en"


@pytest.fixture(scope="module")
def result(folders, text):
    return evaluate_translator(str(folders["milk"]), *text, draws=20)


def test_the_figures_are_those_of_the_translations(folders, text, result):
    source, target = (path.read_text(encoding="utf-8").split("\n")[:-1] for path in text)
    found = load(folders["milk"]).translations(source)
    bleu = BLEU().corpus_score([translation.text for translation in found], [target])
    assert result["BLEU"]["score"] == bleu.score
    latency = corpus_latency(
        [
            Instance(delays=t.delays, source_length=len(t.source), prediction=t.text, reference=line)
            for t, line in zip(found, target, strict=True)
        ]
    )
    assert [result[name] for name in METRICS] == list(latency.mean.values())
    assert 0 < result["AL"] < np.mean([len(t.source) for t in found])
    assert (result["sentences"], result["empty"]) == (len(source), latency.empty)
    assert latency.empty >= 1
    assert "computation aware" not in result


def test_an_offline_model_writes_at_the_end(folders, text):
    offline = evaluate_translator(load(folders["soft"]), *text, draws=0, limit=10)
    assert (offline["at end"], offline["StartOffset"]) == (1.0, pytest.approx(offline["AL"]))
    assert list(offline["cross-entropy"]) == ["expected"]
    assert "interval" not in offline["BLEU"]
    assert offline["sentences"] == 10
    assert offline["signature"].startswith("model:soft|data:test.de+test.en@")  # in memory: no weights' hash


def test_streamed_and_timed_it_says_the_same(folders, text):
    model = load(folders["milk"])
    whole = evaluate_translator(model, *text, draws=0, limit=12)
    timely = evaluate_translator(model, *text, computation_aware=True, draws=0, limit=12)
    aware = timely.pop("computation aware")
    assert {name: timely[name] for name in METRICS} == {name: whole[name] for name in METRICS}
    assert timely["BLEU"] == whole["BLEU"]
    assert aware["DAL"] > whole["DAL"]
    assert "computation aware:300 ms a word" in timely["signatures"]["latency"]
    with pytest.raises(ValueError, match="beam must be 1, got 2"):
        evaluate_translator(load(folders["soft"]), *text, computation_aware=True, beam=2)


def test_time_adds_up(folders):
    one = timed(load(folders["milk"]), PAIRS[0][0], PAIRS[0][1])
    computed = np.array(one.elapsed) - np.array(one.delays) * one.unit_ms
    assert (np.diff(computed) >= 0).all()
    assert computed[0] > 0
    assert timed(load(folders["milk"]), "", None).delays == []


@pytest.mark.parametrize("kind", ["soft", "milk"])
def test_cross_entropy_is_that_of_one_pair_after_another(folders, kind):
    model = load(folders[kind])
    total, count = {False: 0.0, True: 0.0}, 0
    for line, reference in PAIRS:
        ids, units = model.subwords.encode(line)
        target = [*model.subwords.encode(reference)[0], END]
        rows = [[*ids, END], [*units, len(line.split())], target]
        source, unit, written = (torch.tensor([row]) for row in rows)
        batch = Batch(source, unit, torch.tensor([len(ids) + 1]), written, torch.tensor([len(target)]))
        for hard in total:
            total[hard] -= model.translator.log_prob(batch, hard=hard)[0].sum().item()
        count += len(target)
    found = cross_entropy(model, [*PAIRS, ("", "a"), ("a", " ")])
    assert found["cross-entropy"]["expected"] == pytest.approx(total[False] / count, rel=1e-4)
    if kind == "milk":
        assert found["cross-entropy"]["hard"] == pytest.approx(total[True] / count, rel=1e-4)
        assert found["cross-entropy"]["gap"] == pytest.approx((total[True] - total[False]) / count, rel=1e-3)
        assert 0 < found["sharpness"] <= 1
    assert cross_entropy(model, [("", "a")]) == {}


def test_text_has_the_figures_and_ends_with_the_signature(result):
    lines = as_text(result).splitlines()
    assert any(line.startswith("BLEU") and f"{result['BLEU']['score']:.2f}" in line for line in lines)
    assert any(f"{result['LAAL']:.3f}" in line for line in lines)
    assert any(line.startswith("BLEU: nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp") for line in lines)
    assert any("which have no latency" in line for line in lines)
    assert lines[-1] == result["signature"]
    assert result["signature"].startswith("model:milk@")
    assert json.loads(as_json(result)) == result


def test_silence_is_no_number(folders):
    with pytest.warns(UserWarning, match="nothing was written"):
        silent = figures([Instance(delays=[], source_length=3, prediction="", reference="a b")], draws=10)
    assert json.loads(as_json(silent))["AL"] is None
    assert "  -" in as_text(silent)


def test_bad_input_is_named(folders, text, tmp_path):
    model, (source, target) = load(folders["soft"]), text
    short, none, latin = (tmp_path / name for name in ("short", "none", "latin"))
    short.write_text("one line\n")
    none.write_text("")
    latin.write_bytes("Straße\n".encode("latin-1"))
    with pytest.raises(ValueError, match=f"test.de has {len(PAIRS) + 2} lines and .*short 1: line n"):
        evaluate_translator(model, source, short)
    with pytest.raises(ValueError, match="none: expected at least one line"):
        evaluate_translator(model, none, none)
    with pytest.raises(ValueError, match="latin: expected text in UTF-8, byte 4"):
        evaluate_translator(model, latin, target)
    with pytest.raises(ValueError, match="limit: expected at least 1 line, got 0"):
        evaluate_translator(model, source, target, limit=0)
    with pytest.raises(FileNotFoundError):
        evaluate_translator(model, tmp_path / "missing", target)
    with pytest.raises(ValueError, match="instances: expected a reference for each, got none for 1"):
        figures([Instance(delays=[1], source_length=1, prediction="a")])
