"""Plain data as JSON and raw attachments, and back.

A dataclass becomes ``{"is": "Point", "position": [3.0, 4.0, 5.0], "positive": true}``; bytes are attached raw and
become ``{"attachment": 0}``. Decoding is directed by the type that is expected, so a message can make nothing else.
"""

from __future__ import annotations

import dataclasses
import functools
import types
import typing
from collections.abc import Mapping, Sequence
from enum import Enum
from numbers import Integral, Real
from typing import Any

import numpy as np

from MedVLSAM2Lib.plain_json import shortened

Json = Any
_TAG = "is"
_ATTACHMENT = "attachment"
_SCALARS = (bool, int, float, str)
_LARGEST_WHOLE = 2**1023  # more does not fit into a float


class ProtocolError(Exception):
    """What arrived, or was to be sent, is no message of this protocol; the message is one sentence."""


def encode(value: object, attachments: list[bytes]) -> Json:
    """``value`` as JSON, its bytes appended to ``attachments``; ProtocolError for anything that is not plain data."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {field.name: encode(getattr(value, field.name), attachments) for field in dataclasses.fields(value)}
        return {_TAG: type(value).__name__, **fields}
    if isinstance(value, bytes):
        attachments.append(value)
        return {_ATTACHMENT: len(attachments) - 1}
    if isinstance(value, tuple | list):
        return [encode(item, attachments) for item in value]
    return _encode_scalar(value)


def decode(expected: Any, value: Json, attachments: Sequence[bytes]) -> Any:
    """The value of type ``expected`` that ``value`` stands for.

    ``expected`` is a dataclass, bytes, bool, int, float, str, an Enum, a Literal, None, or a tuple or union of these.
    ProtocolError when ``value`` is anything else: a missing or unknown field, a wrong type, a value the type refuses.
    """
    origin = typing.get_origin(expected)
    if origin in (types.UnionType, typing.Union):
        return decode(_member_of_union(typing.get_args(expected), value), value, attachments)
    if origin is typing.Literal:
        return _decode_choice(typing.get_args(expected), value)
    if origin is tuple:
        return _decode_tuple(typing.get_args(expected), value, attachments)
    if dataclasses.is_dataclass(expected):
        return _decode_record(typing.cast("type", expected), value, attachments)
    if expected is bytes:
        return _decode_bytes(value, attachments)
    return _decode_scalar(expected, value)


def _encode_scalar(value: object) -> Json:
    if isinstance(value, Enum):
        return value.value
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real):
        return float(value)
    raise ProtocolError(f"A {type(value).__name__} cannot be sent to the engine.")


def _member_of_union(members: tuple[Any, ...], value: Json) -> Any:
    for member in members:
        if dataclasses.is_dataclass(member):
            fits = isinstance(value, dict) and value.get(_TAG) == typing.cast("type", member).__name__
        elif member is bytes:
            fits = isinstance(value, dict) and _ATTACHMENT in value
        elif member is types.NoneType:
            fits = value is None
        else:
            fits = type(value) is member
        if fits:
            return member
    names = ", ".join(getattr(member, "__name__", str(member)) for member in members)
    raise ProtocolError(f"Expected one of {names}, got {shortened(value)}.")


def _decode_record(record: type, value: Json, attachments: Sequence[bytes]) -> Any:
    hints = _field_types(record)
    if not isinstance(value, dict) or value.get(_TAG) != record.__name__:
        raise ProtocolError(f"Expected a {record.__name__}, got {shortened(value)}.")
    wrong = sorted((value.keys() - {_TAG}) ^ hints.keys())
    if wrong:
        raise ProtocolError(f"A {record.__name__} lacks or does not know the field {wrong[0]}.")
    fields = {name: decode(kind, value[name], attachments) for name, kind in hints.items()}
    try:
        return record(**fields)
    except ValueError as error:
        raise ProtocolError(f"A {record.__name__} cannot be like this: {error}") from error


@functools.cache
def _field_types(record: type) -> Mapping[str, Any]:
    hints = typing.get_type_hints(record)
    return {field.name: hints[field.name] for field in dataclasses.fields(record)}


def _decode_tuple(members: tuple[Any, ...], value: Json, attachments: Sequence[bytes]) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise ProtocolError(f"Expected a list, got {shortened(value)}.")
    if len(members) == 2 and members[1] is Ellipsis:
        members = (members[0],) * len(value)
    if len(members) != len(value):
        raise ProtocolError(f"Expected {len(members)} values, got {len(value)}.")
    return tuple(decode(member, item, attachments) for member, item in zip(members, value, strict=True))


def _decode_choice(choices: tuple[Any, ...], value: Json) -> Any:
    if value not in choices:
        raise ProtocolError(f"Expected one of {', '.join(map(str, choices))}, got {shortened(value)}.")
    return value


def _decode_bytes(value: Json, attachments: Sequence[bytes]) -> bytes:
    index = value.get(_ATTACHMENT) if isinstance(value, dict) and len(value) == 1 else None
    if type(index) is not int or not 0 <= index < len(attachments):
        raise ProtocolError(f"Expected one of {len(attachments)} attachments, got {shortened(value)}.")
    return attachments[index]


def _decode_scalar(expected: Any, value: Json) -> Any:
    if isinstance(expected, type) and issubclass(expected, Enum):
        try:
            return expected(value)
        except ValueError as error:
            raise ProtocolError(f"{shortened(value)} is no {expected.__name__}.") from error
    if expected is types.NoneType and value is None:
        return None
    if expected is float and type(value) is int and abs(value) < _LARGEST_WHOLE:
        return float(value)
    if expected in _SCALARS and type(value) is expected:
        return value
    raise ProtocolError(f"Expected {getattr(expected, '__name__', expected)}, got {shortened(value)}.")
