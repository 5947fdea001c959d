"""note_seq's NoteSequence without the rest of note_seq, which takes seconds to import and misses ffmpeg."""

from __future__ import annotations

import sys
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from note_seq import NoteSequence

NAME = "note_seq.protobuf.music_pb2"


def note_sequence_class() -> type[NoteSequence]:
    """The class that `from note_seq import NoteSequence` gives, whichever of the two is imported first."""
    if NAME not in sys.modules:
        package = find_spec("note_seq")  # found, not imported
        if package is None or package.origin is None:
            raise ImportError("NoteSequence comes with note-seq: pip install note-seq")
        spec = spec_from_file_location(NAME, Path(package.origin).parent / "protobuf" / "music_pb2.py")
        if spec is None or spec.loader is None:
            raise ImportError(f"note-seq has no {NAME}: pip install --force-reinstall note-seq")
        module = module_from_spec(spec)
        sys.modules[NAME] = module  # where note_seq itself finds it, if it is imported later
        spec.loader.exec_module(module)
    return sys.modules[NAME].NoteSequence
