"""Where the parts of a checkpoint run on this machine."""

from __future__ import annotations

from pathlib import Path

from MedVLSAM2Lib.model.checkpoint_error import CheckpointError
from MedVLSAM2Lib.model.component_folder import read_config
from MedVLSAM2Lib.model.devices import DeviceChoice, MachineProbe, choose_device
from MedVLSAM2Lib.model.medvlsam2.component_store import ComponentResolver, LocalFoldersOnly
from MedVLSAM2Lib.model.medvlsam2.config import MASK_MODEL, MODEL_TYPE, ComponentSource
from MedVLSAM2Lib.model.medvlsam2.model import read_model_config
from MedVLSAM2Lib.model.memory.checkpoint_needs import needs_of


def device_for(folder: Path, probe: MachineProbe, resolver: ComponentResolver | None = None) -> DeviceChoice:
    """The device for the checkpoint in ``folder``; all its parts go there, so that all must fit.

    Raises:
        CheckpointError: the folder holds no checkpoint.
        NotEnoughMemory: it fits nowhere.
    """
    values = read_config(folder)
    if values.get("model_type") != MODEL_TYPE:
        return choose_device(needs_of(str(values.get("name") or folder.name), {MASK_MODEL: folder}), probe)
    config = read_model_config(folder)
    parts = {}
    for name, source in config.components.items():
        found = folder / source.path if source.path else _resolved(resolver or LocalFoldersOnly(), source)
        if found is not None and found.is_dir():
            parts[name] = found
    return choose_device(needs_of(config.name, parts), probe)


def _resolved(resolver: ComponentResolver, source: ComponentSource) -> Path | None:
    """The part's folder; None where it is not on this machine, which is told when the part is first needed."""
    try:
        return resolver.folder(source)
    except CheckpointError:
        return None
