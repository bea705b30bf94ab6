"""``obj.connect("signal(types)", slot)`` and ``obj.disconnect(...)`` as PythonQt offers them."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, NamedTuple

from PySide6 import QtCore

Slot = Callable[..., Any]

SLICER_SIGNALS = "slicer_signals"
"""Class attribute of a stand-in: Slicer's signatures (``nodeAdded(vtkMRMLNode*)``) to the signals behind them."""

_CONNECTIONS = "_pythonqt_connections"


class _Connection(NamedTuple):
    signature: str
    slot: Slot
    signal: QtCore.SignalInstance
    relay: Slot


def connect(sender: QtCore.QObject, signature: str, receiver: Any, slot_name: str | None = None) -> bool:
    """Connect ``signature`` of ``sender`` to a callable, or to the named slot of ``receiver``.

    :raises ValueError: the sender has no such signal (Slicer would only log it, and the button would do nothing).
    """
    slot = receiver if slot_name is None else getattr(receiver, slot_name.split("(")[0])
    if not callable(slot):
        message = f"{slot!r} cannot be a slot: it is not callable"
        raise TypeError(message)
    signature = _normalized(signature)
    signal, argument_count = _find_signal(sender, signature)
    relay = _trimming_relay(slot, argument_count)
    signal.connect(relay)
    _connections_of(sender).append(_Connection(signature, slot, signal, relay))
    return True


def disconnect(sender: QtCore.QObject, *arguments: Any) -> bool:
    """Undo ``connect(signature, slot)``; without a slot, all that was connected to the signature from Python."""
    if not arguments:
        message = "disconnect() without arguments also removes the connections that Qt and Slicer made for themselves"
        raise TypeError(message)
    signature = _normalized(arguments[0])
    slot = arguments[1] if len(arguments) > 1 else None
    connections = _connections_of(sender)
    leaving = [c for c in connections if c.signature == signature and (slot is None or c.slot == slot)]
    for connection in leaving:
        connection.signal.disconnect(connection.relay)
        connections.remove(connection)
    return bool(leaving)


def _normalized(signature: str) -> str:
    # PySide takes a str here, whatever its type stubs say.
    return bytes(QtCore.QMetaObject.normalizedSignature(signature).data()).decode()  # type: ignore[arg-type]


def _connections_of(sender: QtCore.QObject) -> list[_Connection]:
    connections: list[_Connection] = sender.__dict__.setdefault(_CONNECTIONS, [])
    return connections


def _find_signal(sender: QtCore.QObject, signature: str) -> tuple[QtCore.SignalInstance, int]:
    slicer_name = getattr(type(sender), SLICER_SIGNALS, {}).get(signature)
    if slicer_name is not None:
        return getattr(sender, slicer_name), _argument_count(signature)
    meta = sender.metaObject()
    index = meta.indexOfSignal(signature)
    if index < 0:
        message = f"{meta.className()} has no signal {signature}"
        raise ValueError(message)
    name, types = signature[:-1].split("(", 1)
    return _overload(getattr(sender, name), types), _argument_count(signature)


def _argument_count(signature: str) -> int:
    types = signature[signature.index("(") + 1 : -1]
    return len(types.split(",")) if types else 0


def _overload(signal: QtCore.SignalInstance, types: str) -> QtCore.SignalInstance:
    if not types:
        # clicked() is clicked(bool) with its default argument: Qt knows both, PySide only the longer one.
        return signal
    try:
        overload: QtCore.SignalInstance = signal[types]  # type: ignore[index]
    except (IndexError, KeyError, TypeError):
        return signal
    return overload


def _trimming_relay(slot: Slot, argument_count: int) -> Slot:
    """Hand a slot only as many of the signal's arguments as it can take, as PythonQt does."""
    accepted = min(argument_count, _positional_capacity(slot))
    return lambda *arguments: slot(*arguments[:accepted])


def _positional_capacity(slot: Slot) -> int:
    unlimited = 99
    try:
        parameters = inspect.signature(slot).parameters.values()
    except (TypeError, ValueError):
        return unlimited
    if any(p.kind is p.VAR_POSITIONAL for p in parameters):
        return unlimited
    return sum(p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in parameters)
