"""Where a model runs and in which precision: decided from what it needs and what the machine has. Needs no torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


class NotEnoughMemory(Exception):  # noqa: N818 - named by what is the case
    """Nothing on this machine holds the model; the message is one sentence for the user."""


@dataclass(frozen=True)
class Device:
    """Something that computes.

    Attributes:
        name: as torch calls it: ``cuda:0``, ``mps``, ``cpu``.
        title: as its owner calls it.
        free_bytes: of the memory it computes in.
        fast_dtype: the precision in which it computes fastest at no loss that shows in a mask, by torch's name.
    """

    name: str
    title: str
    free_bytes: int
    fast_dtype: str

    @property
    def type(self) -> str:
        """``cuda``, ``mps`` or ``cpu``."""
        return self.name.split(":")[0]


class MachineProbe(Protocol):
    """What a machine has."""

    def accelerators(self) -> Sequence[Device]:
        """Its GPUs that torch can use; none on many machines."""
        ...

    def cpu(self) -> Device:
        """Its processor, with the main memory that is free."""
        ...


@dataclass(frozen=True)
class Needs:
    """What a model needs to load and answer.

    Attributes:
        title: the model's.
        cpu_bytes: of main memory when it runs on the CPU.
        gpu_bytes: of the GPU's memory when it runs there.
    """

    title: str
    cpu_bytes: int
    gpu_bytes: int


@dataclass(frozen=True)
class DeviceChoice:
    """Where to run.

    Attributes:
        device: the torch device.
        dtype: the precision to compute in, by torch's name.
        sentence: for the user, when it is not where they would expect it; else empty.
    """

    device: str
    dtype: str
    sentence: str = ""


@dataclass(frozen=True)
class ModelChoice:
    """Which of several models to run, and where; ``sentence`` says why it is not the one that was asked for."""

    needs: Needs
    choice: DeviceChoice
    sentence: str = ""


def choose_device(needs: Needs, probe: MachineProbe) -> DeviceChoice:
    """The GPU with the most free memory if the model fits there, else the CPU.

    Args:
        needs: of the model.
        probe: of the machine.

    Raises:
        NotEnoughMemory: it fits nowhere.
    """
    accelerators = sorted(probe.accelerators(), key=lambda device: device.free_bytes, reverse=True)
    for device in accelerators:
        if needs.gpu_bytes <= device.free_bytes:
            return DeviceChoice(device.name, device.fast_dtype)
    cpu = probe.cpu()
    if needs.cpu_bytes > cpu.free_bytes:
        raise NotEnoughMemory(
            f"{needs.title} needs {_gigabytes(needs.cpu_bytes)} of memory and {_gigabytes(cpu.free_bytes)} are free; close "
            "other programs, or choose a smaller model."
        )
    return DeviceChoice(cpu.name, cpu.fast_dtype, _why_not(needs, accelerators))


def choose_model(candidates: Sequence[Needs], probe: MachineProbe) -> ModelChoice:
    """The first of ``candidates`` that fits somewhere.

    Args:
        candidates: the model that was asked for, then smaller ones, largest first; at least one.
        probe: of the machine.

    Raises:
        NotEnoughMemory: not even the last one fits.
    """
    wanted, *smaller = candidates
    try:
        return ModelChoice(wanted, choose_device(wanted, probe))
    except NotEnoughMemory:
        if not smaller:
            raise
    found = choose_model(smaller, probe)
    sentence = f"{wanted.title} does not fit into this machine's memory; {found.needs.title} is used instead."
    return ModelChoice(found.needs, found.choice, sentence)


def _why_not(needs: Needs, accelerators: Sequence[Device]) -> str:
    if not accelerators:
        return ""
    best = accelerators[0]
    return (
        f"{needs.title} needs {_gigabytes(needs.gpu_bytes)} on a GPU and {best.title} has {_gigabytes(best.free_bytes)} "
        "free; it runs on the CPU, more slowly."
    )


def _gigabytes(size: int) -> str:
    return f"{size / 1e9:.1f} GB"
