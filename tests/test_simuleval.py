"""SimulEval's own command runs our agent, and reports the figures that we report."""

import csv
import json
import subprocess
import sys
from argparse import Namespace

import pytest

from seqgen.evaluation.translation import evaluate_translator
from seqgen.tasks.translation import load
from tests.tasks.small_translator import small_translator
from tests.text import sentences

agents = pytest.importorskip("simuleval.agents", reason="SimulEval is an extra of its own")
METRICS = ("AL", "LAAL", "DAL", "AP", "StartOffset", "EndOffset")
# An empty line, words that are parted by two spaces, a space at the end of a line, letters not seen before.
ODD = [("", ""), ("Der  alte Mann", "The old  man "), ("Ωmega 你好", "x")]
PAIRS = [*sentences()[::12], *ODD]


@pytest.fixture(scope="module", params=["milk", "soft"])
def setting(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    for name, side in (("source.txt", 0), ("target.txt", 1)):
        (folder / name).write_text("".join(f"{pair[side]}\n" for pair in PAIRS), encoding="utf-8")
    small_translator(folder / "model", request.param)
    return folder


def test_the_command_reports_our_figures(setting):
    command = [
        sys.executable, "-m", "simuleval.cli", "--agent-class", "seqgen.simuleval.TranslatorAgent",
        "--model", str(setting / "model"), "--source", str(setting / "source.txt"),
        "--target", str(setting / "target.txt"), "--output", str(setting / "out"),
        "--latency-metrics", *METRICS, "--no-progress-bar",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    text = (setting / "out" / "scores.tsv").read_text(encoding="utf-8")
    (scores,) = csv.DictReader(text.splitlines(), delimiter="\t")
    ours = evaluate_translator(setting / "model", setting / "source.txt", setting / "target.txt", draws=0)
    assert set(scores) == {"BLEU", *METRICS}
    assert float(scores["BLEU"]) == pytest.approx(ours["BLEU"]["score"], abs=5.1e-4)  # it rounds
    for name in METRICS:
        assert float(scores[name]) == pytest.approx(ours[name], abs=5.1e-4), name
    text = (setting / "out" / "instances.log").read_text(encoding="utf-8")
    log = [json.loads(line) for line in text.splitlines()]
    translations = load(setting / "model").translations([line for line, _ in PAIRS])
    assert [entry["prediction"] for entry in log] == [translation.text for translation in translations]
    assert [entry["delays"] for entry in log] == [translation.delays for translation in translations]


def test_the_agent_refuses_half_precision(setting):
    from seqgen.simuleval import TranslatorAgent  # after simuleval: it warns when it is compiled anew

    agent = TranslatorAgent.from_args(Namespace(model=str(setting / "model"), threshold=0.5))
    assert isinstance(agent, agents.TextToTextAgent)
    with pytest.raises(ValueError, match="single precision"):
        agent.to("cpu", fp16=True)
    agent.to("cpu")
