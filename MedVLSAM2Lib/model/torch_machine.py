"""This machine, as torch and the operating system see it."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from MedVLSAM2Lib.memory import free_memory_bytes
from MedVLSAM2Lib.model.devices import Device

# Ampere is the first that computes in bfloat16, Volta the first with fast float16 (CUDA C++ programming guide).
_BFLOAT16_CAPABILITY = (8, 0)
_FLOAT16_CAPABILITY = (7, 0)


class TorchMachine:
    """A MachineProbe of the machine this runs on."""

    def accelerators(self) -> Sequence[Device]:
        """CUDA devices, and Apple's GPU through MPS."""
        devices = [_cuda_device(index) for index in range(torch.cuda.device_count())]
        if torch.backends.mps.is_available():
            devices.append(_mps_device())
        return devices

    def cpu(self) -> Device:
        """Half the bytes only where the processor multiplies bfloat16 itself: elsewhere it is slower than float32."""
        return Device("cpu", "the CPU", free_memory_bytes(), "bfloat16" if cpu_multiplies_bfloat16() else "float32")


def cpu_multiplies_bfloat16() -> bool:
    """Whether the processor has instructions for products of bfloat16."""
    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())


def device_of(network: nn.Module) -> torch.device:
    """Where a network's weights are, and what it is shown has to be."""
    return next((tensor.device for tensor in network.parameters()), torch.device("cpu"))


def _cuda_device(index: int) -> Device:
    free, _ = torch.cuda.mem_get_info(index)
    return Device(
        f"cuda:{index}", torch.cuda.get_device_name(index), free, cuda_dtype(torch.cuda.get_device_capability(index))
    )


def cuda_dtype(capability: tuple[int, int]) -> str:
    """The fast precision of a GPU of that compute capability."""
    if capability >= _BFLOAT16_CAPABILITY:
        return "bfloat16"
    return "float16" if capability >= _FLOAT16_CAPABILITY else "float32"


def _mps_device() -> Device:
    """It shares the main memory; what torch is advised to take of it may be less than what is free."""
    advised = torch.mps.recommended_max_memory() - torch.mps.driver_allocated_memory()
    return Device("mps", "the Apple GPU", min(advised, free_memory_bytes()), "float32")
