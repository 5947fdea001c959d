"""What a live performance is made of; the settings of `seqgen play`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from seqgen.io.live_midi import Backend
from seqgen.serve.beats import check_tempo
from seqgen.serve.knobs import Knobs, Settings


@dataclass(frozen=True)
class LiveConfig:
    """Ports, clocks, and where the walk from A to B begins."""

    port: str = "seqgen"
    """name of our own MIDI port, which other programs connect to"""
    loop: bool = False
    """go on until Ctrl-C: at B the walk turns back"""
    model: str = "mel-2bar"
    """name of a shipped model, or folder of another one"""
    steps: int = 8
    """passes from A to B, both included"""
    position: float | None = None
    """stay here, from 0 (A) to 1 (B), and do not walk"""
    temperature: float = 0.5
    """0 takes the most likely notes, 1 draws as the model was trained"""
    seed: int = 1
    """another seed, other draws"""
    tempo: float | None = None
    """quarter notes a minute; that of A if it is left out"""
    clock: Literal["none", "out", "in"] = "none"
    """out sends MIDI clock with start, continue and stop; in follows those that come to the input port"""
    link: bool = False
    """follow the tempo and the bars of an Ableton Link session (extra: link)"""
    osc: int | None = None
    """UDP port on 127.0.0.1 for /seqgen/position, temperature, seed, tempo and run: the token is the first
    argument, or is given once to /seqgen/hello"""
    cc: int | None = None
    """controller (0 to 127) that sets the position, on any channel of the input port"""
    to: str | None = None
    """send to this port of another program, and make none of our own (Windows has no other way)"""
    input: str | None = None
    """listen to this port of another program; left out, --clock in and --cc make a port PORT-in"""
    backend: Backend = "auto"
    """MIDI system: auto, alsa, jack, core or windows; auto takes the first that answers"""
    channel: int | None = None
    """MIDI channel 1 to 16; left out, it is 10 for drums and 1 for melodies"""
    track: tuple[int | None, int | None] | None = None
    """number of the track to read of A and of B, like [1,0]"""
    start_bar: tuple[int | None, int | None] | None = None
    """first bar to read of A and of B, counted from 0, like [0,4]"""

    def __post_init__(self) -> None:
        self.knobs()
        if self.tempo is not None:
            check_tempo(self.tempo)
        limits = {"cc": (0, 127), "channel": (1, 16), "osc": (0, 65535)}
        for name, (low, high) in limits.items():
            value = getattr(self, name)
            if value is not None and not low <= value <= high:
                raise ValueError(f"{name}: expected {low} to {high}, got {value}")
        if self.link and self.clock == "in":
            raise ValueError("link: --clock in has a clock of its own; choose one of the two")
        if self.input is not None and self.cc is None and self.clock != "in":
            raise ValueError("input: nothing would listen to it; add --cc N or --clock in")

    def knobs(self) -> Knobs:
        settings = Settings(self.position, self.temperature, self.seed)
        return Knobs(settings, self.steps, self.loop)
