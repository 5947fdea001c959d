"""Frozen dataclasses to plain dictionaries and back, strictly: what a file may say is what the fields say.

Used for every config that is read from a file. Nothing is imported, constructed or executed but the
dataclass that the caller names.
"""

from __future__ import annotations

import dataclasses
import reprlib
import types
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

Config = TypeVar("Config")


def to_dict(config: Any) -> dict[str, Any]:
    """A config as nested dictionaries, lists and scalars (YAML and JSON can hold it)."""
    return {key: list(value) if isinstance(value, tuple) else value for key, value in _pairs(config)}


def _pairs(config: Any) -> list[tuple[str, Any]]:
    values = ((field.name, getattr(config, field.name)) for field in dataclasses.fields(config))
    return [(name, to_dict(value) if dataclasses.is_dataclass(value) else value) for name, value in values]


def from_dict(cls: type[Config], data: Any, where: str) -> Config:
    """Build `cls` from a dictionary. `where` names the place in messages ("config.yaml: model").

    Raises ValueError for an unknown key, a missing one, a wrong type, or a value that `cls` refuses.
    """
    if not isinstance(data, dict):
        raise ValueError(f"{where}: expected a mapping of settings, got {type(data).__name__}")
    fields = {field.name: field for field in dataclasses.fields(cls)}  # type: ignore[arg-type]
    unknown = [str(key) for key in data if key not in fields]
    if unknown:
        raise ValueError(f"{where}: unknown key {unknown[0]!r}; the keys are {', '.join(fields)}")
    hints = get_type_hints(cls)
    values = {key: _value(hints[key], value, f"{where}.{key}") for key, value in data.items()}
    for name, field in fields.items():
        optional = (
            field.default is not dataclasses.MISSING or field.default_factory is not dataclasses.MISSING
        )
        if name not in values and not optional:
            raise ValueError(f"{where}: the key {name!r} is missing")
    try:
        return cls(**values)
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None


def _value(hint: Any, value: Any, where: str) -> Any:
    """`value` as the type `hint`, or ValueError."""
    origin, options = get_origin(hint), get_args(hint)
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return from_dict(hint, value, where)
    if origin is Literal:
        if value in options:
            return value
        raise ValueError(
            f"{where}: expected one of {', '.join(map(str, options))}, got {reprlib.repr(value)}"
        )
    if origin in (Union, types.UnionType):
        if value is None and type(None) in options:
            return None
        return _value(next(option for option in options if option is not type(None)), value, where)
    if origin is tuple and isinstance(value, (list, tuple)):
        kinds = [options[0]] * len(value) if options[-1] is Ellipsis else options
        if len(kinds) == len(value):
            return tuple(
                _value(k, v, f"{where}[{i}]") for i, (k, v) in enumerate(zip(kinds, value, strict=True))
            )
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if isinstance(hint, type) and isinstance(value, hint) and (hint is bool or not isinstance(value, bool)):
        return value
    name = hint.__name__ if isinstance(hint, type) else str(hint)
    raise ValueError(f"{where}: expected {name}, got {reprlib.repr(value)} ({type(value).__name__})")
