"""The sequence core: causal maps with carried state, heads over them, and decoders made of both.

B batch, T time, U bars, K segments or draws, Z latent, V vocabulary, D width.
"""

from seqgen.core.conductor import Conductor, ConductorState
from seqgen.core.decoder import Decoder, DecoderState
from seqgen.core.head import Bernoulli, BitEmbedding, Categorical, Head, TokenEmbedding
from seqgen.core.lstm import LSTM, LSTMState
from seqgen.core.plan import Plan, Planner
from seqgen.core.sampling import GREEDY, Sampling
from seqgen.core.sequence import SequenceModule
from seqgen.core.state import State, select, where

__all__ = [
    "GREEDY",
    "LSTM",
    "Bernoulli",
    "BitEmbedding",
    "Categorical",
    "Conductor",
    "ConductorState",
    "Decoder",
    "DecoderState",
    "Head",
    "LSTMState",
    "Plan",
    "Planner",
    "Sampling",
    "SequenceModule",
    "State",
    "TokenEmbedding",
    "select",
    "where",
]
