"""The systems that are compared: how each is trained, from which, and how it is decoded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class System:
    """A trained model and the points it gives on the curve."""

    name: str
    family: str
    """its line on the curve"""
    attention: Literal["soft", "wait_k", "hard", "mocha", "milk"]
    steps: int
    start: str | None = None
    """system whose weights it starts from"""
    learning_rate: float = 1e-3
    chunk: int = 1
    latency: float = 0.0
    ramp: float = 0.3
    """share of the steps over which the price of delay rises; 0 for one that goes on at a higher price"""
    straight_through: float = 0.0
    lags: tuple[int, ...] = ()
    """wait-k: those drawn in training"""
    points: tuple[float, ...] = (0.5,)
    """decodings: k of wait-k, else thresholds"""

    def config(self, corpus: dict[str, Any]) -> dict[str, Any]:
        """Settings for `seqgen train`, on top of a corpus's own."""
        model = {**corpus["model"], "attention": self.attention, "chunk": self.chunk}
        objective = {
            "latency": self.latency,
            "latency_ramp": self.ramp,
            "straight_through": self.straight_through,
            "lags": list(self.lags),
        }
        return {
            **corpus,
            "model": model,
            "objective": objective,
            "steps": self.steps,
            "learning_rate": self.learning_rate,
        }

    def label(self, point: float) -> str:
        """What stands beside a point."""
        if self.attention == "soft":
            return self.name
        if self.attention == "wait_k":
            return f"k={point:.0f}"
        said = {"hard": "hard", "mocha": f"w={self.chunk}", "milk": f"λ={self.latency:g}"}[self.attention]
        return said if point == 0.5 else f"{said} p≥{point:g}"


def systems(first: int) -> tuple[System, ...]:
    """All systems of one corpus. first: steps of the offline model.

    The controls get 2,000 steps more than the offline model, about as many as the chain to MILk's second
    price of delay (2,300): `offline-longer` shows what these steps are worth without any waiting, and wait-k
    is trained on many k at once (Elbayad et al. 2020). Later links of the chain have had more; the table says
    how many.
    """
    return (
        System("offline", "offline", "soft", first, None, 2.5e-3),
        System("milk-0.1", "MILk", "milk", 1500, "offline", latency=0.1),
        System("milk-0.3", "MILk", "milk", 800, "milk-0.1", latency=0.3, ramp=0.0, points=(0.5, 0.35)),
        System("wait-k", "wait-k", "wait_k", 2000, "offline", lags=LAGS, points=(1, 3, 5, 7)),
        System("mocha-4", "MoChA", "mocha", 800, "offline", **HARD, chunk=4),
        System("milk-0.6", "MILk", "milk", 600, "milk-0.3", latency=0.6, ramp=0.0),
        System("hard", "hard monotonic", "hard", 600, "offline", **HARD),
        System("milk-1", "MILk", "milk", 600, "milk-0.6", latency=1.0, ramp=0.0, points=(0.5, 0.35)),
        System("mocha-2", "MoChA", "mocha", 800, "offline", **HARD, chunk=2),
        System("mocha-8", "MoChA", "mocha", 800, "offline", **HARD, chunk=8),
        System("mocha-8-milk", "MoChA after MILk", "mocha", 500, "milk-0.6", **AFTER, chunk=8),
        System("mocha-4-milk", "MoChA after MILk", "mocha", 500, "mocha-8-milk", **AFTER, chunk=4),
        System("mocha-2-milk", "MoChA after MILk", "mocha", 500, "mocha-4-milk", **AFTER, chunk=2),
        System("hard-milk", "hard after MILk", "hard", 500, "mocha-4-milk", **AFTER),
        System("milk-direct", "MILk, one stage", "milk", 1500, "offline", latency=1.0, ramp=0.6),
        System("offline-longer", "offline", "soft", 2000, "offline"),
    )


LAGS = (1, 2, 3, 4, 5, 7, 9, 100)
HARD: dict[str, Any] = {"latency": 0.1, "straight_through": 0.5}
AFTER: dict[str, Any] = {"latency": 0.3, "ramp": 0.0, "straight_through": 0.5}
