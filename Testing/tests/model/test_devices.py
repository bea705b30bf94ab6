"""Where a model runs, on machines that are told about: none of them is this one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from MedVLSAM2Lib.memory.free import cgroup_free_bytes, free_memory_bytes, linux_free_bytes, mac_free_bytes
from MedVLSAM2Lib.model.devices import Device, Needs, NotEnoughMemory, choose_device, choose_model
from MedVLSAM2Lib.model.torch_machine import TorchMachine, cuda_dtype

GB = 10**9
LARGE = Needs("SAM 2.1 large", cpu_bytes=4 * GB, gpu_bytes=3 * GB)
TINY = Needs("SAM 2.1 tiny", cpu_bytes=2 * GB, gpu_bytes=1 * GB)


@dataclass(frozen=True)
class Machine:
    """A machine as it is described."""

    memory_gb: float
    gpus: tuple[Device, ...] = ()
    cpu_dtype: str = "float32"

    def accelerators(self) -> Sequence[Device]:
        return self.gpus

    def cpu(self) -> Device:
        return Device("cpu", "the CPU", int(self.memory_gb * GB), self.cpu_dtype)


def _gpu(free_gb: float, index: int = 0, dtype: str = "bfloat16") -> Device:
    return Device(f"cuda:{index}", "NVIDIA RTX 3060", int(free_gb * GB), dtype)


def _mac(free_gb: float) -> Device:
    return Device("mps", "the Apple GPU", int(free_gb * GB), "float32")


def test_a_6_gb_gpu_takes_a_model_that_fits() -> None:
    choice = choose_device(LARGE, Machine(16, (_gpu(5.5),)))
    assert (choice.device, choice.dtype, choice.sentence) == ("cuda:0", "bfloat16", "")


def test_of_two_gpus_the_one_with_more_free_memory_is_taken() -> None:
    assert choose_device(LARGE, Machine(16, (_gpu(3.5), _gpu(5, 1)))).device == "cuda:1"


def test_a_full_gpu_leaves_the_model_to_the_cpu_and_says_why() -> None:
    choice = choose_device(LARGE, Machine(16, (_gpu(0.5),)))
    assert choice.device == "cpu"
    assert choice.sentence == (
        "SAM 2.1 large needs 3.0 GB on a GPU and NVIDIA RTX 3060 has 0.5 GB free; it runs on the CPU, more slowly."
    )


def test_a_mac_computes_in_float32_on_its_gpu() -> None:
    choice = choose_device(TINY, Machine(8, (_mac(5),)))
    assert (choice.device, choice.dtype) == ("mps", "float32")


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_a_machine_without_a_gpu_says_nothing_of_one(dtype: str) -> None:
    choice = choose_device(LARGE, Machine(16, cpu_dtype=dtype))
    assert (choice.device, choice.dtype, choice.sentence) == ("cpu", dtype, "")


def test_a_model_that_fits_nowhere_is_one_sentence() -> None:
    with pytest.raises(NotEnoughMemory, match=r"^SAM 2\.1 large needs 4\.0 GB of memory and 3\.0 GB are free; .*\.$"):
        choose_device(LARGE, Machine(3, (_gpu(1),)))


def test_a_smaller_model_stands_in_for_one_that_does_not_fit() -> None:
    found = choose_model([LARGE, TINY], Machine(3))
    assert found.needs is TINY
    assert found.sentence == "SAM 2.1 large does not fit into this machine's memory; SAM 2.1 tiny is used instead."


def test_the_model_that_was_asked_for_is_kept_where_it_fits() -> None:
    found = choose_model([LARGE, TINY], Machine(16))
    assert found.needs is LARGE
    assert found.sentence == ""


def test_when_no_size_fits_the_smallest_one_is_named() -> None:
    with pytest.raises(NotEnoughMemory, match=r"SAM 2\.1 tiny needs"):
        choose_model([LARGE, TINY], Machine(1))


@pytest.mark.parametrize(
    ("capability", "dtype"), [((6, 1), "float32"), ((7, 0), "float16"), ((7, 5), "float16"), ((9, 0), "bfloat16")]
)
def test_a_gpus_precision_follows_its_generation(capability: tuple[int, int], dtype: str) -> None:
    assert cuda_dtype(capability) == dtype


def test_this_machine_has_a_processor_with_memory() -> None:
    cpu = TorchMachine().cpu()
    assert cpu.type == "cpu"
    assert 0 < cpu.free_bytes < 1 << 50
    assert free_memory_bytes() > 0


def test_linux_tells_what_is_available() -> None:
    assert linux_free_bytes("MemTotal:  16000 kB\nMemFree:  1000 kB\nMemAvailable:   8000 kB\n") == 8000 * 1024


def test_macos_tells_pages_that_can_be_had() -> None:
    report = (
        "Mach Virtual Memory Statistics: (page size of 16384 bytes)\n"
        "Pages free:                               100.\n"
        "Pages active:                            9000.\n"
        "Pages inactive:                            50.\n"
        "Pages speculative:                          5.\n"
    )
    assert mac_free_bytes(report) == 155 * 16384


@pytest.mark.parametrize(("limit", "free"), [("max", None), ("5000", 2000), ("1000", 0)])
def test_a_control_group_limits_what_is_free(tmp_path: Path, limit: str, free: int | None) -> None:
    assert cgroup_free_bytes(tmp_path) is None
    (tmp_path / "memory.max").write_text(f"{limit}\n")
    (tmp_path / "memory.current").write_text("3000\n")
    assert cgroup_free_bytes(tmp_path) == free
