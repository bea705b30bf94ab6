"""A checkpoint whose clicks are answered by a mask model of their own, while the stage's finds what words name."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from MedVLSAM2Lib.model.component_folder import CONFIG_NAME, WEIGHTS_NAME, write_config
from MedVLSAM2Lib.model.medvlsam2.config import LOCATOR, MASK_MODEL, ComponentSource, MedVLSam2Config
from MedVLSAM2Lib.model.medvlsam2.model import read_model_config
from MedVLSAM2Lib.training.model_card import CAPABILITIES
from MedVLSAM2Lib.training.replaced_checkpoint import replaced_checkpoint


def compose(stage: Path, clicks: Path, target: Path) -> None:
    """Write the checkpoint in ``stage`` to ``target``, with the mask model in ``clicks`` before its own.

    The stage's own mask model becomes the ``locator``: it finds what a phrase names; ``clicks``, which knows no words, answers
    everything else.

    Raises:
        CheckpointError: ``stage`` is no checkpoint of every part, or ``target`` holds something else than a checkpoint.
        FileWriteError: the disk refused; what was in ``target`` is untouched.
    """
    config = read_model_config(stage)
    with replaced_checkpoint(target) as folder:
        _write(config, stage, clicks, folder)


def _write(config: MedVLSam2Config, stage: Path, clicks: Path, target: Path) -> None:
    shutil.copytree(stage, target, dirs_exist_ok=True)
    (target / MASK_MODEL).rename(target / LOCATOR)
    (target / MASK_MODEL).mkdir()
    for name in (CONFIG_NAME, WEIGHTS_NAME):
        shutil.copyfile(clicks / name, target / MASK_MODEL / name)
    # What the locator is asked to do is said by the whole checkpoint; clicks never reach it.
    card = json.loads((target / LOCATOR / CONFIG_NAME).read_text(encoding="utf-8"))
    write_config(target / LOCATOR, card | {"capabilities": []})
    words = tuple(capability for capability in config.capabilities if capability not in CAPABILITIES)
    components = {**config.components, LOCATOR: ComponentSource(path=LOCATOR)}
    values = config.to_dict() | {
        "capabilities": [*CAPABILITIES, *words],
        # Measured: the locator's own mask is as good or better than what the other makes of its box.
        "refines": False,
        "components": {name: source.to_dict() for name, source in components.items()},
    }
    write_config(target, values)
