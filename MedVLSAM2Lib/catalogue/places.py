"""Where things lie on this machine."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

REGISTRY_NAME = "medvlsam2.json"


def user_data_folder(
    platform: str = sys.platform, environment: Mapping[str, str] = os.environ, home: Path | None = None
) -> Path:
    """The folder in which this program keeps what it knows of the user's models; it need not exist yet."""
    home = home or Path.home()
    if platform == "win32":
        return Path(environment.get("LOCALAPPDATA") or home / "AppData" / "Local") / "MedVLSAM2"
    if platform == "darwin":
        return home / "Library" / "Application Support" / "MedVLSAM2"
    return Path(environment.get("XDG_DATA_HOME") or home / ".local" / "share") / "medvlsam2"


def hub_cache_folder(environment: Mapping[str, str] = os.environ, home: Path | None = None) -> Path:
    """Where ``huggingface_hub`` keeps what it downloads, so that it need not be there to find or remove files.

    As its documentation of environment variables says: HF_HUB_CACHE, HF_HOME, XDG_CACHE_HOME, in this order.
    """
    cache = environment.get("HF_HUB_CACHE") or environment.get("HUGGINGFACE_HUB_CACHE")
    if cache:
        return Path(os.path.expandvars(cache)).expanduser()
    caches = environment.get("XDG_CACHE_HOME") or str((home or Path.home()) / ".cache")
    own = environment.get("HF_HOME") or str(Path(caches) / "huggingface")
    return Path(os.path.expandvars(own)).expanduser() / "hub"
