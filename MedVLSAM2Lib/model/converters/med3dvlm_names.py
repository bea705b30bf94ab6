"""Med3DVLM's names and ours (arXiv 2503.20047; names as in its published checkpoint, mirthAI/Med3DVLM)."""

from __future__ import annotations

import re

from torch import Tensor

from MedVLSAM2Lib.model.medvlsam2.config import ENCODER, LANGUAGE, PROJECTOR

# Med3DVLM turns volumes to (H, W, D) before it encodes them, so its kernels are in that order, ours in (D, H, W).
_AXIS_OF_BRANCH = {"1": 1, "2": 2, "3": 0}
_OUT_IN_D_H_W = (0, 1, 4, 2, 3)

_TABLE: tuple[tuple[str, str, str], ...] = (
    (r"model\.vision_tower\.vision_tower\.encoder\.s0\.0\.(?P<block>\d+)\.c(?P<branch>[123])\.(?P<part>.+)",
     ENCODER, "stem.convs.{block}.branches.{axis}.{part}"),
    (r"model\.vision_tower\.vision_tower\.encoder\.s(?P<level>\d+)\.0\.proj\.weight",
     ENCODER, "stages.{stage}.widen.weight"),
    (r"model\.vision_tower\.vision_tower\.encoder\.s(?P<level>\d+)\.(?P<block>\d+)\.dwconv\.c(?P<branch>[123])\.(?P<part>.+)",
     ENCODER, "stages.{stage}.blocks.{block}.mix.branches.{axis}.{part}"),
    (r"model\.vision_tower\.vision_tower\.encoder\.s(?P<level>\d+)\.(?P<block>\d+)\.mlp\.mlp\.0\.(?P<part>.+)",
     ENCODER, "stages.{stage}.blocks.{block}.expand.{part}"),
    (r"model\.vision_tower\.vision_tower\.encoder\.s(?P<level>\d+)\.(?P<block>\d+)\.mlp\.mlp\.3\.(?P<part>.+)",
     ENCODER, "stages.{stage}.blocks.{block}.shrink.{part}"),
    (r"model\.vision_tower\.vision_tower\.encoder\.s(?P<level>\d+)\.(?P<block>\d+)\.scale",
     ENCODER, "stages.{stage}.blocks.{block}.scale"),
    (r"model\.mm_projector\.(?P<scale>low|high)_mixer\.(?P<block>\d+)\.ln1\.(?P<part>.+)",
     PROJECTOR, "{scale}.{block}.token_norm.{part}"),
    (r"model\.mm_projector\.(?P<scale>low|high)_mixer\.(?P<block>\d+)\.ln2\.(?P<part>.+)",
     PROJECTOR, "{scale}.{block}.channel_norm.{part}"),
    (r"model\.mm_projector\.(?P<scale>low|high)_mixer\.(?P<block>\d+)\.mlp1\.mm_projector\.(?P<layer>\d+)(\.1)?\.(?P<part>\w+)",
     PROJECTOR, "{scale}.{block}.token_mlp.layers.{layer}.{part}"),
    (r"model\.mm_projector\.(?P<scale>low|high)_mixer\.(?P<block>\d+)\.mlp2\.mm_projector\.(?P<layer>\d+)(\.1)?\.(?P<part>\w+)",
     PROJECTOR, "{scale}.{block}.channel_mlp.layers.{layer}.{part}"),
    (r"(?P<rest>model\.(?:embed_tokens|layers|norm)\..+|lm_head\..+)", LANGUAGE, "{rest}"),
)  # fmt: skip


def our_name(name: str) -> tuple[str, str] | None:
    """The part and the name in it of one of Med3DVLM's tensors; None for a name that is none of its own."""
    for pattern, part, ours in _TABLE:
        found = re.fullmatch(pattern, name)
        if found:
            return part, ours.format(**_fields(found.groupdict()))
    return None


def our_tensor(part: str, tensor: Tensor) -> Tensor:
    """A tensor with its axes in our order: kernels (out, in, H, W, D) become (out, in, D, H, W)."""
    return tensor.permute(_OUT_IN_D_H_W).contiguous() if part == ENCODER and tensor.ndim == 5 else tensor


def _fields(found: dict[str, str]) -> dict[str, str | int]:
    fields: dict[str, str | int] = {**found}
    if "level" in found:
        fields["stage"] = int(found["level"]) - 1
    if "branch" in found:
        fields["axis"] = _AXIS_OF_BRANCH[found["branch"]]
        # In each branch the convolution comes first and its batch norm second.
        place, _, rest = found["part"].partition(".")
        fields["part"] = f"{'conv' if place == '0' else 'norm'}.{rest}"
    return fields
