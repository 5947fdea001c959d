"""SoundFont 2 files: which recording sounds for a key of a program, and how.

Format: "SoundFont Technical Specification 2.04" (Creative, 2006), sections 5 to 8. Read here are samples, key
and velocity ranges, tuning, loops, pan, attenuation and the volume envelope; filters, modulators and low
frequency oscillators are not.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

# Generators (section 8.1.2), and their default where it is not 0.
_PAN, _ATTACK, _HOLD, _DECAY, _SUSTAIN, _RELEASE = 17, 34, 35, 36, 37, 38
_INSTRUMENT, _KEYS, _VELOCITIES, _ATTENUATION, _COARSE, _FINE, _SAMPLE = 41, 43, 44, 48, 51, 52, 53
_LOOP, _SCALE, _CHOKE, _ROOT = 54, 56, 57, 58
_OFFSETS = ((0, 4), (1, 12), (2, 45), (3, 50))  # (samples, 32768 samples) of start, end, loop start, loop end
_DEFAULTS = {_ATTACK: -12000, _HOLD: -12000, _DECAY: -12000, _RELEASE: -12000, _SCALE: 100, _ROOT: -1}
_NOT_ADDED = (_KEYS, _VELOCITIES, _INSTRUMENT)  # what a preset adds to its instrument, these aside
_EVERYTHING = 127 << 8

_RECORDS: dict[bytes, Any] = {
    b"phdr": [("name", "S20"), ("program", "<u2"), ("bank", "<u2"), ("bag", "<u2"), ("unused", "<u4", 3)],
    b"pbag": [("generator", "<u2"), ("modulator", "<u2")],
    b"pgen": [("kind", "<u2"), ("amount", "<i2")],
    b"inst": [("name", "S20"), ("bag", "<u2")],
    b"shdr": [
        ("name", "S20"),
        ("places", "<u4", 4),
        ("rate", "<u4"),
        ("key", "u1"),
        ("cents", "i1"),
        ("link", "<u4"),
    ],
}
_RECORDS |= {b"ibag": _RECORDS[b"pbag"], b"igen": _RECORDS[b"pgen"]}


@dataclass(frozen=True)
class Region:
    """One recording, and the keys and velocities for which it sounds."""

    keys: tuple[int, int]
    velocities: tuple[int, int]
    start: int
    end: int
    loop: tuple[int, int] | None
    """where it repeats, in samples of the file; None if it is played once"""
    rate: float
    """Hz, of the recording"""
    root: float
    """the key (in semitones, with tuning) at which it is played as it was recorded"""
    scale: float
    """semitones a key"""
    gain: float
    pan: float
    """-1 left to 1 right"""
    attack: float
    hold: float
    decay: float
    """seconds; decay and release are the time of a fall by 100 dB"""
    release: float
    sustain: float
    """dB below the peak"""
    choke: int
    """sounds of the same number, if not 0, cut each other off (open and closed hi-hat)"""


class SoundFont:
    """The samples (int16) and, for each (bank, program), its regions."""

    def __init__(self, path: str | Path) -> None:
        chunks = _chunks(Path(path).read_bytes())
        self.samples = np.frombuffer(chunks[b"smpl"], dtype="<i2")
        self._tables = {kind: np.frombuffer(chunks[kind], dtype=fields) for kind, fields in _RECORDS.items()}
        # The last record of each table only marks the end.
        self._presets = {
            (int(p["bank"]), int(p["program"])): i for i, p in enumerate(self._tables[b"phdr"][:-1])
        }

    def regions(self, bank: int, program: int) -> list[Region]:
        """Of a program (bank 128 is drums); a missing one is replaced by the first of its bank."""
        index = self._presets.get((bank, program), self._presets.get((bank, 0), 0))
        regions = []
        for preset in self._zones(b"phdr", b"pbag", b"pgen", index, _INSTRUMENT):
            for zone in self._zones(b"inst", b"ibag", b"igen", preset[_INSTRUMENT], _SAMPLE):
                keys, velocities = (_common(preset, zone, kind) for kind in (_KEYS, _VELOCITIES))
                added = {kind: amount for kind, amount in preset.items() if kind not in _NOT_ADDED}
                merged = {
                    kind: zone.get(kind, _DEFAULTS.get(kind, 0)) + added.get(kind, 0)
                    for kind in {*zone, *added}
                }
                regions.append(self._region(_DEFAULTS | merged, keys, velocities))
        return regions

    def _zones(
        self, heads: bytes, bags: bytes, generators: bytes, index: int, last: int
    ) -> list[dict[int, int]]:
        """The generators of each zone; a first zone without the generator `last` holds for all of them."""
        first, end = (int(self._tables[heads][i]["bag"]) for i in (index, index + 1))
        common: dict[int, int] = {}
        zones = []
        for bag in range(first, end):
            begin, stop = (int(self._tables[bags][i]["generator"]) for i in (bag, bag + 1))
            own = {int(g["kind"]): int(g["amount"]) for g in self._tables[generators][begin:stop]}
            if last in own:
                zones.append(common | own)
            elif bag == first:
                common = own
        return zones

    def _region(self, g: dict[int, int], keys: tuple[int, int], velocities: tuple[int, int]) -> Region:
        sample = self._tables[b"shdr"][g[_SAMPLE]]
        moved = [g.get(fine, 0) + 32768 * g.get(coarse, 0) for fine, coarse in _OFFSETS]
        start, end, loop_start, loop_end = (
            int(place) + by for place, by in zip(sample["places"], moved, strict=True)
        )
        root = g[_ROOT] if g[_ROOT] >= 0 else int(sample["key"])
        tuning = g.get(_COARSE, 0) + (g.get(_FINE, 0) + int(sample["cents"])) / 100
        looped = g.get(_LOOP, 0) in (1, 3) and start <= loop_start < loop_end <= len(self.samples)
        attack, hold, decay, release = (
            2.0 ** (g[kind] / 1200) for kind in (_ATTACK, _HOLD, _DECAY, _RELEASE)
        )
        return Region(
            keys=keys,
            velocities=velocities,
            start=max(start, 0),
            end=min(end, len(self.samples) - 1),
            loop=(loop_start, loop_end) if looped else None,
            rate=float(sample["rate"]),
            root=root - tuning / (g[_SCALE] / 100 or 1),
            scale=g[_SCALE] / 100,
            gain=10 ** (-max(g.get(_ATTENUATION, 0), 0) / 200),
            pan=min(max(g.get(_PAN, 0) / 500, -1.0), 1.0),
            attack=attack,
            hold=hold,
            decay=decay,
            release=release,
            sustain=max(g.get(_SUSTAIN, 0), 0) / 10,
            choke=g.get(_CHOKE, 0),
        )


def _common(preset: dict[int, int], zone: dict[int, int], kind: int) -> tuple[int, int]:
    """The range that both allow; low and high are the two bytes of the amount."""
    ranges = [part.get(kind, _EVERYTHING) & 0xFFFF for part in (preset, zone)]
    return max(amount & 255 for amount in ranges), min(amount >> 8 for amount in ranges)


def _chunks(data: bytes) -> dict[bytes, bytes]:
    """The chunks inside the three lists of a RIFF file, by name."""
    if data[:4] != b"RIFF" or data[8:12] != b"sfbk":
        raise ValueError("not a SoundFont 2 file: expected it to begin with RIFF and sfbk")
    found: dict[bytes, bytes] = {}
    at = 12
    while at + 8 <= len(data):
        name, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        if name == b"LIST":
            at += 12  # its chunks follow
            continue
        found[name] = data[at + 8 : at + 8 + size]
        at += 8 + size + size % 2
    return found
