"""What a plugin wants to hear, as a request to the engine."""

from __future__ import annotations

from seqgen.serve.asking import ask
from seqgen.serve.engine import Engine
from seqgen.serve.music import BAR
from seqgen.serve.protocol import Failed, Interpolate, Sample, Work
from seqgen.serve.stream import Loop, Pieces, Want


def names(engine: Engine) -> list[str]:
    """The models that a plugin chooses from, in the order of their numbers."""
    models = engine.catalogue.models
    return sorted(name for name, model in models.items() if "interpolate" in model.operations)


def pieces(engine: Engine) -> Pieces:
    """Between A and B where there are both; else the one there is, or a new piece. Sliders move it."""
    offered = names(engine)

    async def made(want: Want) -> Loop:
        answer = await ask(engine, _work(want, offered))
        if isinstance(answer, Failed):
            raise ValueError(answer.message)
        piece = answer.pieces[0]
        return Loop(piece.notes, BAR * piece.bars, answer.notices)

    return made


def _work(want: Want, offered: list[str]) -> Work:
    s = want.settings
    if s.model >= len(offered):
        raise ValueError(f"model: expected 0 to {len(offered) - 1}, got {s.model}")
    a, b = want.a or want.b, want.b or want.a
    shared = {
        "id": "plugin",
        "model": offered[s.model],
        "temperature": s.temperature,
        "seed": s.seed,
        "amounts": dict(s.amounts),
    }
    if a is None or b is None:
        return Sample(**shared)  # type: ignore[arg-type]
    return Interpolate(a=a, b=b, position=s.position, **shared)  # type: ignore[arg-type]
