"""From a function's signature to a command's arguments, by jsonargparse.

Parameters without a default are positional; the others are flags, and keys of a YAML file (`--config`, unless
a function has a parameter of that name), under the same names as in Python. A flag may be written with
dashes, may stand anywhere, and needs no value if it is a switch. A parameter that is a config dataclass gives
its fields as flags.
"""

from __future__ import annotations

import dataclasses
import inspect
import json
from collections.abc import Callable
from typing import Any, get_origin, get_type_hints

from jsonargparse import ArgumentError, ArgumentParser, set_parsing_settings

from seqgen.cli.verbose import notes
from seqgen.config import from_dict

WITHOUT_VALUE = ("--help", "--print_config")
TRUTH = ("true", "false", "yes", "no")


def call(function: Callable[..., int | None], argv: list[str], verb: str | None = None) -> int:
    """Run a command's function with arguments from a command line; its exit code.

    verb: what the command is called, if not like the function.

    Raises:
        ValueError: for arguments that it does not take.
    """
    hints = {name: hint for name, hint in get_type_hints(function).items() if name != "return"}
    configs: dict[str, type[Any]] = {
        name: hint
        for name, hint in hints.items()
        if isinstance(hint, type) and dataclasses.is_dataclass(hint)
    }
    verb = verb or function.__name__
    parser = build(function, configs, verb)
    required = [
        name
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.default is inspect.Parameter.empty and name not in configs
    ]
    fields = {name: hint for kind in configs.values() for name, hint in get_type_hints(kind).items()}
    switches = {"verbose", *(name for name, hint in (hints | fields).items() if hint is bool)}
    many = next((name for name in required if get_origin(hints[name]) is list), None)
    arguments = normal(argv, required, many, switches)
    try:
        values = parser.parse_args(arguments).as_dict()
    except ArgumentError as error:
        raise ValueError(f"{readable(str(error))} (seqgen {verb} --help)") from None
    if "config" not in hints:
        values.pop("config", None)
    verbose = values.pop("verbose")
    for name, kind in configs.items():
        given = {field.name: values.pop(field.name) for field in dataclasses.fields(kind)}
        values[name] = from_dict(kind, given, "settings")
    with notes(verbose):
        return function(**values) or 0


def build(function: Callable[..., Any], configs: dict[str, Any], verb: str) -> ArgumentParser:
    """The parser of a command."""
    if configs:
        set_parsing_settings(docstring_parse_attribute_docstrings=True)
    description = inspect.cleandoc(function.__doc__ or "").partition("\n\nArgs:")[0]
    parser = ArgumentParser(
        prog=f"seqgen {verb}", description=description, exit_on_error=False, allow_abbrev=False
    )
    if "config" not in inspect.signature(function).parameters:
        parser.add_argument("--config", action="config", help="YAML file with values for any of these")
    parser.add_argument(
        "--verbose", type=bool, default=False, help="say what computes, and other notes (on stderr)"
    )
    for kind in configs.values():
        parser.add_class_arguments(kind)
    parser.add_function_arguments(function, as_positional=True, skip=set(configs))
    for action in parser._actions:
        if not action.option_strings and isinstance(action.metavar, str) and "PATH1" in action.metavar:
            action.metavar = f"{action.dest} ..."  # a list: see `normal`
    return parser


def normal(argv: list[str], required: list[str], many: str | None, switches: set[str]) -> list[str]:
    """A command line as jsonargparse takes it: options with underscores first, then what is positional.

    The positional parameter called `many` takes what the others leave, as a list.
    """
    options: list[str] = []
    positional: list[str] = []
    words = list(argv)
    while words:
        word = words.pop(0)
        if word == "--":
            positional += words
            break
        if not word.startswith("--"):
            (options if word == "-h" else positional).append(word)
            continue
        name, equals, value = word.partition("=")
        name = "--" + name[2:].replace("-", "_")
        if equals or name in WITHOUT_VALUE:
            options.append(name + equals + value)
        elif name[2:] in switches and not (words and words[0].lower() in TRUTH):
            options.append(f"{name}=true")
        else:
            options.append(f"{name}={words.pop(0)}" if words else name)
    return [*options, *gather(positional, required, many)]


def gather(positional: list[str], required: list[str], many: str | None) -> list[str]:
    """The words for the list parameter as one word of JSON."""
    if many is None:
        return positional
    begin = required.index(many)
    end = len(positional) - (len(required) - begin - 1)
    if end < begin:
        return positional  # too few: the parser says which are missing
    return [*positional[:begin], json.dumps(positional[begin:end]), *positional[end:]]


def readable(message: str) -> str:
    """jsonargparse's message as a sentence about the flag."""
    first = " ".join(message.split())
    return first.replace('Parser key "', '"').replace("<class '", "").replace("'>", "")
