"""A device other than the CPU for machines that have none: it computes on the CPU, and refuses to be mixed with it.

It calls itself ``meta``, which torch knows everywhere; a tensor on it has values all the same. As on a GPU, an operation on
a tensor here and one on the CPU is an error, and so is handing a tensor to numpy before ``cpu()``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Self
from unittest.mock import patch

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map

ANOTHER = torch.device("meta")
CPU = torch.device("cpu")
# These read from the one and write to the other.
TRANSFERS = (torch.ops.aten._to_copy.default, torch.ops.aten.copy_.default)


class ElsewhereTensor(Tensor):
    """A tensor on the other device; ``inner`` holds its values."""

    inner: Tensor

    @staticmethod
    def __new__(cls, inner: Tensor) -> Self:
        return Tensor._make_wrapper_subclass(
            cls,
            inner.shape,
            strides=inner.stride(),
            storage_offset=inner.storage_offset(),
            dtype=inner.dtype,
            device=ANOTHER,
        )

    def __init__(self, inner: Tensor) -> None:
        if inner.device != CPU:
            raise RuntimeError(f"a tensor without values, {tuple(inner.shape)}")
        self.inner = inner

    def __tensor_flatten__(self) -> tuple[list[str], None]:
        return ["inner"], None

    @staticmethod
    def __tensor_unflatten__(inner: dict[str, Tensor], *_: object) -> ElsewhereTensor:
        return ElsewhereTensor(inner["inner"])

    def tolist(self) -> Any:
        return self.cpu().tolist()

    @classmethod
    def __torch_dispatch__(cls, operation: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return _compute(operation, args, kwargs or {})


class _Factories(TorchDispatchMode):
    """Makes what is made on, or moved to, the other device; operations on its tensors are their own."""

    def __torch_dispatch__(self, operation: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return _compute(operation, args, kwargs or {})


@contextmanager
def another_device() -> Iterator[torch.device]:
    """The device, as long as it is there: in this thread. Mixed precision of the CPU is an error meanwhile."""
    begin = torch.autocast.__init__

    def of_the_device(self: torch.autocast, device_type: str, *arguments: Any, **named: Any) -> None:
        if device_type != ANOTHER.type:
            raise RuntimeError(f"mixed precision of {device_type} for what is computed on {ANOTHER}")
        begin(self, CPU.type, *arguments, **named)

    make = torch.tensor

    def made(values: Any, *, dtype: torch.dtype | None = None, device: torch.device | None = None) -> Tensor:
        # torch makes a tensor without values, past all modes, when it is asked for one of that device.
        tensor = make(values, dtype=dtype)
        return tensor if device is None else tensor.to(device)

    with _Factories(), patch.object(torch.autocast, "__init__", of_the_device), patch.object(torch, "tensor", made):
        yield ANOTHER


def _compute(operation: Callable[..., Any], args: Any, kwargs: dict[str, Any]) -> Any:
    given = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, Tensor)]
    elsewhere = [tensor for tensor in given if isinstance(tensor, ElsewhereTensor)]
    # Single numbers may lie on the CPU anywhere.
    here = [tensor for tensor in given if not isinstance(tensor, ElsewhereTensor) and tensor.dim() > 0]
    if elsewhere and here and operation not in TRANSFERS:
        raise RuntimeError(f"{operation}: tensors on two devices, {ANOTHER} and cpu, {[tuple(t.shape) for t in here]}")
    wanted = kwargs.get("device")
    is_elsewhere = bool(elsewhere) if wanted is None else torch.device(wanted) == ANOTHER
    if operation is torch.ops.aten.copy_.default:
        is_elsewhere = isinstance(args[0], ElsewhereTensor)
    inner_args, inner_kwargs = tree_map(_inner, (args, kwargs))
    if is_elsewhere and wanted is not None:
        inner_kwargs["device"] = CPU
    made = operation(*inner_args, **inner_kwargs)
    known = {id(tensor.inner): tensor for tensor in elsewhere}
    return tree_map(lambda value: _as_given(value, known, is_elsewhere), made)


def _inner(value: Any) -> Any:
    return value.inner if isinstance(value, ElsewhereTensor) else value


def _as_given(value: Any, known: dict[int, ElsewhereTensor], is_elsewhere: bool) -> Any:
    """What was changed in its place is the tensor that was given; what is new lies where it was computed."""
    if not isinstance(value, Tensor):
        return value
    if id(value) in known:
        return known[id(value)]
    return ElsewhereTensor(value) if is_elsewhere else value
