"""The messages of the service, version 1: the one description that clients, plugins and the service share.

JSON over HTTP (one request, one `Result`) and WebSocket (requests with ids; progress, bars and results as
they come). Time is in quarter notes from the beginning of a clip. No torch, no MIDI library. `frames` has the
binary messages of the native plugin; `json_schema` exports what stands here.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from seqgen.tasks.sliders import check_known

VERSION = 1
MAX_BYTES = 1 << 20
"""of a request"""
MAX_NOTES = 20_000
"""of all clips of a request together"""
MAX_QUARTERS = 40_000.0
"""that a clip may last"""
MAX_PIECES = 256

Identifier = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[\x21-\x7e]+$")]
Name = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
Quarters = Annotated[float, Meta(ge=0, le=MAX_QUARTERS)]
Temperature = Annotated[float, Meta(ge=0, le=4)]
Seed = Annotated[int, Meta(ge=0, le=2**32 - 1)]
Share = Annotated[float, Meta(ge=0, le=2)]
Amount = Annotated[float, Meta(ge=-100, le=100)]
Fraction = Annotated[float, Meta(ge=0, le=1)]
Amounts = Annotated[dict[Name, Amount], Meta(max_length=64)]
"""of attributes, in standard deviations; `notices` say which a model does not have, or not so far"""


class Message(Struct, frozen=True, forbid_unknown_fields=True, tag_field="type"):
    """What goes one way or the other; `type` says what it is."""


class Note(Struct, frozen=True, forbid_unknown_fields=True):
    start: Quarters
    duration: Annotated[float, Meta(gt=0, le=MAX_QUARTERS)]
    pitch: Annotated[int, Meta(ge=0, le=127)]
    velocity: Annotated[int, Meta(ge=1, le=127)] = 100
    drum: bool = False
    """of a drum kit: pitch is its General MIDI number"""


class Clip(Struct, frozen=True, forbid_unknown_fields=True):
    notes: Annotated[list[Note], Meta(max_length=MAX_NOTES)]
    tempo: Annotated[float, Meta(ge=10, le=1000)] = 120.0
    """quarter notes a minute"""
    numerator: Annotated[int, Meta(ge=1, le=64)] = 4
    denominator: Literal[1, 2, 4, 8, 16, 32, 64] = 4
    program: Annotated[int, Meta(ge=0, le=127)] = 0
    """General MIDI sound"""


class Request(Message, frozen=True, kw_only=True):
    """A request for music. The same request gives the same music again."""

    id: Identifier
    model: Name
    version: Literal[1] = 1
    temperature: Temperature = 0.5
    seed: Seed = 1


class Interpolate(Request, frozen=True, kw_only=True, tag="interpolate"):
    """Pieces on the way from a to b, both ends included; or the one at `position`. `amounts` move them."""

    a: Clip
    b: Clip
    num_steps: Annotated[int, Meta(ge=2, le=MAX_PIECES)] = 5
    position: Fraction | None = None
    amounts: Amounts = {}

    def __post_init__(self) -> None:
        _few_notes(self.a, self.b)
        check_known(self.amounts)


class Sample(Request, frozen=True, kw_only=True, tag="sample"):
    """New pieces, moved by `amounts`; or of as many `bars`, not moved, instead of the model's window."""

    num: Annotated[int, Meta(ge=1, le=MAX_PIECES)] = 1
    bars: Annotated[int, Meta(ge=1, le=64)] | None = None
    amounts: Amounts = {}

    def __post_init__(self) -> None:
        check_known(self.amounts)
        if self.amounts and self.bars is not None:
            raise ValueError("amounts: move pieces as long as the model's window: leave out bars")


class Continue(Request, frozen=True, kw_only=True, tag="continue"):
    """How a clip goes on: pieces of new bars, which begin at 0. That of number k is the one of seed + k."""

    clip: Clip
    bars: Annotated[int, Meta(ge=1, le=64)] = 8
    num: Annotated[int, Meta(ge=1, le=16)] = 1


class Humanize(Request, frozen=True, kw_only=True, tag="humanize"):
    """A clip whose drums are played as a drummer would, from a model that knows timing; all else is kept.

    amount: how far velocities and times go to what the model says, 0 not at all, 1 all the way; times
    `velocity` for the ones and `timing` for the others.
    """

    clip: Clip
    amount: Share = 1.0
    velocity: Share = 1.0
    timing: Share = 1.0


class Drumify(Request, frozen=True, kw_only=True, tag="drumify"):
    """Beats that go with the rhythm of a clip, drums or not; a clip shorter than `bars` is repeated."""

    clip: Clip
    num: Annotated[int, Meta(ge=1, le=MAX_PIECES)] = 1
    bars: Annotated[int, Meta(ge=1, le=64)] | None = None


class Attribute(Request, frozen=True, kw_only=True, tag="attribute"):
    """A clip with more or less of something; what it is made of otherwise is kept as far as the model can.

    amounts: of the model's `attributes`, in standard deviations; beyond their ranges they are clamped.
    """

    clip: Clip
    amounts: Annotated[dict[Name, Amount], Meta(min_length=1, max_length=64)]


class Cancel(Message, frozen=True, tag="cancel"):
    """Over WebSocket: give up the request of this id."""

    id: Identifier


class Ping(Message, frozen=True, tag="ping"):
    """Over WebSocket: answered at once, whatever is computed."""

    id: Identifier = "ping"


Work = Interpolate | Sample | Continue | Humanize | Drumify | Attribute
Call = Work | Cancel | Ping
"""what a client may send over WebSocket"""
Operation = Literal["interpolate", "sample", "continue", "humanize", "drumify", "attribute"]


class Slider(Struct, frozen=True):
    """An attribute that a model can be asked for more or less of, and how far, in standard deviations."""

    name: str
    low: float
    high: float


class Model(Struct, frozen=True):
    name: str
    music: Literal["melody", "drums"]
    bars: int
    """of a piece; what it reads is cut or filled up to them"""
    operations: tuple[Operation, ...]
    attributes: tuple[Slider, ...] = ()
    """sliders that it has"""


class Models(Message, frozen=True, tag="models"):
    models: list[Model]
    version: int = VERSION


class Piece(Struct, frozen=True):
    notes: list[Note]
    bars: int
    seed: int
    title: str


class Progress(Message, frozen=True, tag="progress"):
    """state: waiting for others, loading the model, or working."""

    id: str
    state: Literal["waiting", "loading", "working"]
    done: int = 0
    total: int = 0


class Bar(Message, frozen=True, tag="bar"):
    """Notes that begin in a bar of a piece; bars come in order."""

    id: str
    piece: int
    bar: int
    notes: list[Note]


class Result(Message, frozen=True, tag="result"):
    id: str
    model: str
    pieces: list[Piece]
    notices: list[str] = []
    """what was decided for the user, in sentences"""
    version: int = VERSION


class Failed(Message, frozen=True, tag="error"):
    """code: what is wrong: the request (invalid), its model or operation (unknown), its clip (unreadable)."""

    id: str
    code: Literal["invalid", "unknown", "unreadable", "busy", "cancelled", "denied", "failed"]
    message: str


class Pong(Message, frozen=True, tag="pong"):
    id: str


Answer = Models | Progress | Bar | Result | Failed | Pong


def _few_notes(*clips: Clip) -> None:
    count = sum(len(clip.notes) for clip in clips)
    if count > MAX_NOTES:
        raise ValueError(f"notes: expected at most {MAX_NOTES} in a request, got {count}")


def decode(data: bytes | str, kind: Any = Call) -> Any:
    """A message from JSON.

    Raises:
        ValueError: with the place and what was expected there; also for NaN and infinity, which JSON has not.
    """
    if len(data) > MAX_BYTES:
        raise ValueError(f"a request has at most {MAX_BYTES} bytes, this one {len(data)}")
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(str(error)) from None


encode = msgspec.json.encode


def json_schema() -> dict[str, Any]:
    """JSON Schema of every message, by name."""
    kinds = (*Call.__args__, *Answer.__args__)
    _, parts = msgspec.json.schema_components(kinds, ref_template="#/$defs/{name}")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"seqgen protocol {VERSION}",
        "$defs": parts,
    }
