"""`seqgen VERB ...`: finds the verb's function, and turns what goes wrong into one sentence and an exit code.

0 done; 2 bad input; 130 interrupted. Anything else that is raised is a bug of ours, and keeps its traceback.
This file imports nothing heavy, and a verb's own file only what its arguments need.
"""

from __future__ import annotations

import keyword
import os
import sys
from importlib import import_module

from seqgen import __version__

VERBS = {
    "interpolate": "blend two pieces of music, or four as a grid",
    "sample": "make new music",
    "continue": "go on where a melody or a beat ends",
    "vary": "make one track of a bar anew, the others as they are",
    "humanize": "a beat as a drummer would play it: velocities and timing",
    "drumify": "beats that go with the rhythm of a clip",
    "reconstruct": "hear a piece as a model hears it",
    "attribute": "a piece with more or less of something: density, range, syncopation, ...",
    "encode": "music to latent codes (.npz)",
    "decode": "latent codes to music",
    "export": "MIDI files to a project: DAWproject, Ardour session, or one MIDI file",
    "translate": "text from stdin to stdout, line by line or word by word as it arrives",
    "vocode": "a recording made again from its log-mel columns, by a WaveNet",
    "transcribe": "what is said in a recording, as a stream if asked",
    "play": "a living blend of two pieces into a MIDI port, steered while it plays",
    "serve": "music for the programs on this machine: HTTP, WebSocket, plugin",
    "info": "list the shipped models; describe a model, or what a MIDI file offers",
    "import-magenta": "a checkpoint of Magenta's MusicVAE to a model of ours",
    "prepare": "MIDI files to shards of training data",
    "train": "train a model, or go on with a run",
    "fit-prior": "learn what codes a model gives real music, to sample from",
    "fit-attributes": "the vectors that `attribute` moves along, for a model and its shards",
    "evaluate": "measure a model on shards, or on text and its translation",
}


def main(argv: list[str] | None = None) -> int:
    """Run a command; the exit code."""
    arguments = sys.argv[1:] if argv is None else argv
    if arguments[:1] == ["--verbose"]:  # the verb's own parser takes it
        arguments = [*arguments[1:2], "--verbose", *arguments[2:]]
    verb = arguments[0] if arguments else "--help"
    if verb in ("-h", "--help"):
        print(usage())
        return 0
    if verb == "--version":
        print(f"seqgen {__version__}")
        return 0
    try:
        return run(verb, arguments[1:])
    except KeyboardInterrupt:
        return fail("interrupted", 130)
    except BrokenPipeError:  # the reader of our output has gone: `seqgen info | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (ValueError, OSError) as error:
        return fail(str(error), 2)


def run(verb: str, arguments: list[str]) -> int:
    if verb not in VERBS:
        raise ValueError(f"there is no command {verb!r}; the commands are {', '.join(VERBS)}")
    from seqgen.cli.arguments import call

    name = verb.replace("-", "_")
    name = f"{name}_" if keyword.iskeyword(name) else name  # Python has a `continue` of its own
    module = import_module(f"seqgen.cli.{name}")
    choose = getattr(module, "choose", None)  # a verb that takes other arguments for other tasks
    function = choose(arguments) if choose else getattr(module, name)
    return call(function, arguments, verb)


def fail(message: str, code: int) -> int:
    """One line on stderr, from one process of several."""
    if os.environ.get("RANK", "0") == "0":
        print(f"seqgen: error: {' '.join(message.split())}", file=sys.stderr)
    return code


def usage() -> str:
    lines = [f"  {verb:<14} {summary}" for verb, summary in VERBS.items()]
    return "\n".join(
        [
            "usage: seqgen COMMAND ...",
            "",
            "Music and simultaneous translation in PyTorch: blend, sample, translate and train on a laptop.",
            "",
            *lines,
            "",
            "seqgen COMMAND --help      says what a command takes",
            "seqgen COMMAND --verbose   says what it computes with, and other notes",
            "seqgen --version           prints the version",
            "",
            "example: seqgen interpolate mel-16bar A.mid B.mid out/ --num-steps 7 --seed 1",
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
