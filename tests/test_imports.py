"""What an import may bring along, each case in a fresh interpreter: other tests have loaded things."""

import json
import subprocess
import sys

import pytest

MIDI_LIBRARIES = {"note_seq", "pretty_midi", "symusic"}

CASES = {
    # A user's `import seqgen` and a shell's completion must be instant.
    "seqgen": MIDI_LIBRARIES | {"torch", "triton", "matplotlib", "jaxtyping", "numpy"},
    # `seqgen --help` is a reader's first contact, and lists verbs only.
    "seqgen.cli.main": MIDI_LIBRARIES | {"torch", "triton", "matplotlib"},
    # Models know tokens; training runs from shards on a machine that has little more than torch.
    "seqgen.models": MIDI_LIBRARIES | {"matplotlib"},
    "seqgen.data": MIDI_LIBRARIES | {"matplotlib"},
    "seqgen.training": MIDI_LIBRARIES | {"matplotlib"},
    "seqgen.evaluation": MIDI_LIBRARIES | {"matplotlib"},
}


@pytest.mark.parametrize(("module", "unwanted"), CASES.items(), ids=CASES)
def test_import_brings_nothing_heavy(module, unwanted):
    code = f"import json, sys, {module}; print(json.dumps(list(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    loaded = {name.partition(".")[0] for name in json.loads(done.stdout)}
    assert module.partition(".")[0] in loaded
    assert not loaded & unwanted
