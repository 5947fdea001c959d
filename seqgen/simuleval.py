"""A translator as an agent of SimulEval 1.1, for its unmodified command:

    simuleval --agent-class seqgen.simuleval.TranslatorAgent --model de-en --source test.de --target test.en

Its BLEU, AL, LAAL, DAL and AP are those of `seqgen evaluate`. This is the only module that imports simuleval,
which seqgen does not bring along: pip install simuleval.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from simuleval.agents import AgentStates, TextToTextAgent
from simuleval.agents.actions import Action, ReadAction, WriteAction
from simuleval.utils import entrypoint

from seqgen.tasks.streams import Session
from seqgen.tasks.translation import TranslationModel, load


class TranslatorStates(AgentStates):
    """What SimulEval keeps of a sentence, and the stream that translates it."""

    def __init__(self, model: TranslationModel, threshold: float) -> None:
        self._model, self._threshold = model, threshold
        super().__init__()

    def reset(self) -> None:
        """Begin a sentence."""
        super().reset()
        self.session: Session = self._model.session(self._threshold)
        self.read = 0
        """words that were pushed to the session"""


@entrypoint
class TranslatorAgent(TextToTextAgent):
    """Reads a word at a time, and writes every word that this decides, at once: so each has its own delay."""

    def __init__(self, args: Namespace) -> None:
        self.model = load(args.model)
        self.threshold = args.threshold
        super().__init__(args)

    @staticmethod
    def add_args(parser: ArgumentParser) -> None:
        parser.add_argument("--model", required=True, help="a shipped translator's name or a model's folder")
        parser.add_argument(
            "--threshold",
            type=float,
            default=0.5,
            help="probability from which on a source subword is a stop (models that learn when to read)",
        )

    def build_states(self) -> TranslatorStates:
        return TranslatorStates(self.model, self.threshold)

    def to(self, device: str, fp16: bool = False) -> None:
        """SimulEval's --device. Raises ValueError for half precision, which would give other words."""
        if fp16:
            raise ValueError("--fp16: seqgen translates in single precision: leave it away")
        self.model.translator.to(device)
        self.reset()

    def policy(self, states: TranslatorStates | None = None) -> Action:
        """READ while nothing is decided; at the end of the source, WRITE the rest and finish."""
        states = self.states if states is None else states
        words = [word for new in states.source[states.read :] for word in states.session.push(new)]
        states.read = len(states.source)
        if states.source_finished:
            return WriteAction(" ".join([*words, *states.session.finish()]), finished=True)
        return WriteAction(" ".join(words), finished=False) if words else ReadAction()
