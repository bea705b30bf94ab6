"""How much main memory is free, from the operating system."""

from __future__ import annotations

import ctypes
import re
import subprocess
import sys
from pathlib import Path

_CGROUP = Path("/sys/fs/cgroup")


def free_memory_bytes(platform: str = sys.platform) -> int:
    """Bytes that can be taken without swapping; on Linux never more than the process's control group is allowed."""
    if platform == "win32":
        return _windows_free_bytes()
    if platform == "darwin":
        run = subprocess.run(["/usr/bin/vm_stat"], capture_output=True, text=True, check=True)
        return mac_free_bytes(run.stdout)
    available = linux_free_bytes(Path("/proc/meminfo").read_text(encoding="ascii"))
    allowed = cgroup_free_bytes(_CGROUP)
    return available if allowed is None else min(available, allowed)


def linux_free_bytes(meminfo: str) -> int:
    """``MemAvailable`` of ``/proc/meminfo``: free pages and what caches can give back (proc_meminfo(5))."""
    found = re.search(r"^MemAvailable:\s+(\d+) kB$", meminfo, re.MULTILINE)
    if found is None:
        raise OSError("/proc/meminfo does not say how much memory is available")
    return int(found[1]) * 1024


def mac_free_bytes(vm_stat: str) -> int:
    """Free, inactive and speculative pages of ``vm_stat``, which macOS hands out without swapping (vm_stat(1))."""
    page = re.search(r"page size of (\d+) bytes", vm_stat)
    counts = re.findall(r"^Pages (?:free|inactive|speculative):\s+(\d+)\.", vm_stat, re.MULTILINE)
    if page is None or not counts:
        raise OSError("vm_stat does not say how many pages are free")
    return int(page[1]) * sum(int(count) for count in counts)


def cgroup_free_bytes(folder: Path) -> int | None:
    """What the control group in ``folder`` (version 2) still allows; None when it sets no limit."""
    limit, used = folder / "memory.max", folder / "memory.current"
    if not (limit.is_file() and used.is_file()):
        return None
    text = limit.read_text(encoding="ascii").strip()
    return None if text == "max" else max(0, int(text) - int(used.read_text(encoding="ascii")))


class _MemoryStatus(ctypes.Structure):
    """MEMORYSTATUSEX of the Windows API."""

    _fields_ = (
        ("dwLength", ctypes.c_ulong),
        ("dwMemoryLoad", ctypes.c_ulong),
        ("ullTotalPhys", ctypes.c_ulonglong),
        ("ullAvailPhys", ctypes.c_ulonglong),
        ("ullTotalPageFile", ctypes.c_ulonglong),
        ("ullAvailPageFile", ctypes.c_ulonglong),
        ("ullTotalVirtual", ctypes.c_ulonglong),
        ("ullAvailVirtual", ctypes.c_ulonglong),
        ("ullAvailExtendedVirtual", ctypes.c_ulonglong),
    )


def _windows_free_bytes() -> int:
    status = _MemoryStatus(dwLength=ctypes.sizeof(_MemoryStatus))
    kernel = getattr(ctypes, "windll").kernel32  # noqa: B009 - there on Windows only
    if not kernel.GlobalMemoryStatusEx(ctypes.byref(status)):
        raise OSError("Windows does not say how much memory is free")
    return int(status.ullAvailPhys)
