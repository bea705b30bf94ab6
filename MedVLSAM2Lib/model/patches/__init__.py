"""The patch network: one cube of the volume, its prompts and the earlier mask in; the cube's mask out."""

from MedVLSAM2Lib.model.patches.checkpoint import CheckpointError, PatchCheckpointInfo, load_checkpoint, save_checkpoint
from MedVLSAM2Lib.model.patches.config import PatchConfig
from MedVLSAM2Lib.model.patches.network import PatchNetwork
from MedVLSAM2Lib.model.patches.prompt_channels import prompt_channels, window_channels
from MedVLSAM2Lib.model.patches.sampling import logits_on_voxels, sample_view, voxel_box_of_view
from MedVLSAM2Lib.model.patches.view import View

__all__ = [
    "CheckpointError",
    "PatchCheckpointInfo",
    "PatchConfig",
    "PatchNetwork",
    "View",
    "load_checkpoint",
    "logits_on_voxels",
    "prompt_channels",
    "sample_view",
    "save_checkpoint",
    "voxel_box_of_view",
    "window_channels",
]
