"""The environment variables of other Pythons: theirs must find no package of this one, and the same proxy."""

from __future__ import annotations

import os
from collections.abc import Mapping

_OF_ANOTHER_PYTHON = ("PYTHONHOME", "PYTHONPATH", "PYTHONSTARTUP", "VIRTUAL_ENV", "__PYVENV_LAUNCHER__", "CONDA_PREFIX")
_OF_THE_NETWORK = (
    "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE", "PIP_CERT", "PIP_PROXY", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL",
)  # fmt: skip


def variables_for_another_python(before: Mapping[str, str], now: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The whole environment in which a Python that is not this process's is run.

    Args:
        before: the environment in which the application was started: Slicer adds its own libraries to it, which break
            other Pythons.
        now: the environment as it is; what it says of proxies and certificates holds.
    """
    kept = {name: value for name, value in before.items() if name.upper() not in _OF_ANOTHER_PYTHON}
    network = {name: value for name, value in now.items() if name.upper() in _OF_THE_NETWORK}
    return {**kept, **network, "PYTHONUTF8": "1", "PYTHONNOUSERSITE": "1", "PYTHONIOENCODING": "utf-8"}
