"""Music and sequence generation in PyTorch.

    import seqgen

    vae = seqgen.load("mel-16bar")  # a shipped model or a folder
    path = vae.interpolate(a, b, num_steps=7, seed=1)

    mt = seqgen.load("de-en")
    for word in mt.stream(words):  # each as soon as it is decided
        ...

Importing the package loads neither torch nor note_seq: a public name is looked up when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from seqgen.io.errors import MidiError
    from seqgen.tasks.load import load

__version__ = "0.7.0"

__all__ = ["MidiError", "__version__", "load"]

_HOMES = {"MidiError": "seqgen.io.errors", "load": "seqgen.tasks.load"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'seqgen' has no attribute {name!r}; it offers {', '.join(__all__)}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value  # the next use finds it without coming here
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
