"""The key of a window, estimated from how long each pitch class sounds (Krumhansl 1990, ch. 4).

The durations of the twelve pitch classes are correlated with the tone profile of each of the 24 keys
(Krumhansl and Kessler 1982); the key with the greatest correlation is taken, the first of equals.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int

MAJOR = (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88)
MINOR = (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17)
MODES = ("major", "minor")


def estimate_keys(
    durations: Float[np.ndarray, "N 12"],
) -> tuple[Int[np.ndarray, " N"], Int[np.ndarray, " N"]]:
    """The tonic (0 is C) and the mode (0 major, 1 minor) of each row of durations of C, C sharp, ...

    A row in which nothing sounds, or all sound alike, is C major.
    """
    keys = np.array([np.roll(profile, tonic) for profile in (MAJOR, MINOR) for tonic in range(12)])
    keys = (keys - keys.mean(axis=1, keepdims=True)) / keys.std(axis=1, keepdims=True)
    best = ((durations - durations.mean(axis=1, keepdims=True)) @ keys.T).round(9).argmax(axis=1)
    return best % 12, best // 12
