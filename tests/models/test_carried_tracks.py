"""Models like Magenta's, in which the token before crosses from track to track, keep to the grammar too."""

import torch
from torch import Generator

from seqgen.core import GREEDY, Sampling
from seqgen.models.music_vae import DecoderConfig, EncoderConfig, MusicVAE, MusicVAEConfig
from seqgen.models.music_vae.tracks import until_end
from seqgen.representation.track_events import END
from seqgen.representation.track_grammar import TrackGrammar
from tests.representation.test_track_grammar import why_wrong

CONFIG = MusicVAEConfig(
    bars=8,
    steps_per_bar=64,
    vocabulary_size=490,
    first_onset=0,
    latent=6,
    embedding=0,
    encoder=EncoderConfig("hierarchical", "final", width=4, bar_width=8, bar_layer=False),
    decoder=DecoderConfig(
        "hierarchical", "recurrent", width=12, conductor_width=10, conductor_reads="nothing", carry=True
    ),
)


@torch.no_grad()
def test_all_that_is_drawn_is_music_and_what_fills_a_track_is_read_as_in_training() -> None:
    torch.manual_seed(1)
    model = MusicVAE(CONFIG)
    for parameter in model.decoder.parameters():
        parameter *= 3
    z = torch.randn(12, 6)
    for how in (GREEDY, Sampling(1.0), Sampling(10.0)):
        token = model.decode(z, how, Generator().manual_seed(0), grammar=TrackGrammar())
        for track in token.reshape(-1, 64).tolist():
            assert why_wrong(track) == ""
    greedy = model.decode(z, GREEDY, grammar=TrackGrammar())
    lengths = until_end(greedy.reshape(-1, 64), END).view(12, 8)
    fed = model.shifted(greedy, lengths)
    y, _ = model.decoder.hidden(greedy, model.decoder.init_state(12, z), fed=fed)
    logits = model.decoder.head.logits(y)
    rules = TrackGrammar().init_state(12, z.device)
    for step in range(512):
        allowed = TrackGrammar().allowed(rules)
        best = logits[:, step].masked_fill(~allowed, -torch.inf).argmax(1)
        assert torch.equal(best, greedy[:, step])
        rules = TrackGrammar().advance(rules, best)
