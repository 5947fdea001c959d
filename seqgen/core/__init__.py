"""The sequence core: causal maps with carried state, heads over them, and decoders made of both.

B batch, T time, U bars, K segments or draws, Z latent, V vocabulary, D width.
"""

from seqgen.core.attention import Attention, SoftAttention
from seqgen.core.attention_decoder import AttentionDecoder, AttentionDecoderState
from seqgen.core.bar_attention import BarAttention
from seqgen.core.beam import Beam, beam_search
from seqgen.core.clock import Clock, ClockState
from seqgen.core.conductor import Conductor, ConductorState
from seqgen.core.copying import CopyMixture
from seqgen.core.decoder import Decoder, DecoderState
from seqgen.core.grammar import Grammar, UntilEnd, follow
from seqgen.core.groove import Groove, GrooveEmbedding, PlainGroove
from seqgen.core.groove_mixture import GrooveMixture
from seqgen.core.guide import Guided, GuidedState
from seqgen.core.head import Bernoulli, BitEmbedding, Categorical, Head, TimedEmbedding, TokenEmbedding
from seqgen.core.latency import average_lagging, expected_delay, quantity_gap
from seqgen.core.logistic import BinEmbedding, LogisticMixture
from seqgen.core.lstm import LSTM, LSTMState
from seqgen.core.memory import Memory
from seqgen.core.metre import Metre, MetreState
from seqgen.core.monotonic import MonotonicAttention
from seqgen.core.nade import Nade
from seqgen.core.one_hot import Bits, OneHot
from seqgen.core.plan import Plan, Planner
from seqgen.core.product import Product, ProductEmbedding
from seqgen.core.recall import Recall, RecallState
from seqgen.core.residual import ResidualLSTM
from seqgen.core.sampling import GREEDY, Sampling
from seqgen.core.sequence import SequenceModule
from seqgen.core.state import State, select, where
from seqgen.core.track_plan import TrackPlanner
from seqgen.core.voices import Voices
from seqgen.core.wait_k import WaitK
from seqgen.core.wavenet import WaveNet, WaveNetState

__all__ = [
    "GREEDY",
    "LSTM",
    "Attention",
    "AttentionDecoder",
    "AttentionDecoderState",
    "BarAttention",
    "Beam",
    "Bernoulli",
    "BinEmbedding",
    "BitEmbedding",
    "Bits",
    "Categorical",
    "Clock",
    "ClockState",
    "Conductor",
    "ConductorState",
    "CopyMixture",
    "Decoder",
    "DecoderState",
    "Grammar",
    "Groove",
    "GrooveEmbedding",
    "GrooveMixture",
    "Guided",
    "GuidedState",
    "Head",
    "LSTMState",
    "LogisticMixture",
    "Memory",
    "Metre",
    "MetreState",
    "MonotonicAttention",
    "Nade",
    "OneHot",
    "PlainGroove",
    "Plan",
    "Planner",
    "Product",
    "ProductEmbedding",
    "Recall",
    "RecallState",
    "ResidualLSTM",
    "Sampling",
    "SequenceModule",
    "SoftAttention",
    "State",
    "TimedEmbedding",
    "TokenEmbedding",
    "TrackPlanner",
    "UntilEnd",
    "Voices",
    "WaitK",
    "WaveNet",
    "WaveNetState",
    "average_lagging",
    "beam_search",
    "expected_delay",
    "follow",
    "quantity_gap",
    "select",
    "where",
]
