"""What pip says when it fails, as one sentence that says what to do."""

from __future__ import annotations

import re
from collections.abc import Sequence

_NO_VERSION = re.compile(r"No matching distribution found for ([^\s(]+)")
_DISK = "The disk is full; make room and install again."
_DAMAGED = "A package did not arrive as it should be; try again, or copy the folder with the packages again."
_CERTIFICATE = (
    "The registry's certificate is not trusted here; give your institution's certificates in SSL_CERT_FILE or PIP_CERT "
    "and install again."
)
_PROXY = "The proxy does not let the registry through; check HTTPS_PROXY and NO_PROXY and install again."
_NETWORK = (
    "The registry of Python packages cannot be reached; check network and proxy, or install from a folder that medvlsam2 "
    "environment pack wrote."
)
_RIGHTS = "The folder of the environment cannot be written; choose another one."
_NO_PIP = (
    "This Python cannot make environments; install one with venv and pip (python3-venv on Debian), or choose another."
)
# In this order: a proxy's refusal, say, is wrapped into a connection that failed.
_REASONS = {
    "No space left on device": _DISK,
    "Disk quota exceeded": _DISK,
    "not enough space on the disk": _DISK,
    "DO NOT MATCH THE HASHES": _DAMAGED,
    "invalid wheel": _DAMAGED,
    "BadZipFile": _DAMAGED,
    "CERTIFICATE_VERIFY_FAILED": _CERTIFICATE,
    "certificate verify failed": _CERTIFICATE,
    "SSLError": _CERTIFICATE,
    "ProxyError": _PROXY,
    "Cannot connect to proxy": _PROXY,
    "Tunnel connection failed": _PROXY,
    "Failed to establish a new connection": _NETWORK,
    "NewConnectionError": _NETWORK,
    "Max retries exceeded": _NETWORK,
    "ReadTimeoutError": _NETWORK,
    "Connection refused": _NETWORK,
    "Permission denied": _RIGHTS,
    "Access is denied": _RIGHTS,
    "Read-only file system": _RIGHTS,
    "No module named pip": _NO_PIP,
    "No module named ensurepip": _NO_PIP,
    "ensurepip is not available": _NO_PIP,
    "No module named venv": _NO_PIP,
}


def sentence_of_failure(lines: Sequence[str], source: str = "") -> str:
    """Why pip failed.

    Args:
        lines: the last of what it wrote.
        source: where packages come from, if not from a registry.
    """
    text = "\n".join(lines)
    for sign, sentence in _REASONS.items():
        if sign in text:
            return sentence
    lacking = _NO_VERSION.search(text)
    if lacking:
        where = f"in {source}" if source else "in the registry"
        return f"{lacking[1]} is not to be had for this Python {where}; see which Pythons the README names."
    errors = [line for line in lines if line.startswith("ERROR:")] or list(lines)
    last = errors[-1].removeprefix("ERROR:").strip().rstrip(".") if errors else "it said nothing"
    return f"pip could not install the packages ({last}); nothing was changed."
