"""Prompts as JSON text, for the scene to keep."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Any

from MedVLSAM2Lib.engine.encoding import ProtocolError, decode, encode
from MedVLSAM2Lib.plain_json import parse_json
from MedVLSAM2Lib.prompts import Prompt
from MedVLSAM2Lib.scene.errors import SceneError


def prompts_to_json(prompts: Sequence[Prompt]) -> str:
    """``prompts`` as text; the bits of masks as base64."""
    attachments: list[bytes] = []
    encoded = encode(tuple(prompts), attachments)
    return json.dumps({"prompts": encoded, "attachments": [base64.b64encode(raw).decode() for raw in attachments]})


def prompts_from_json(text: str) -> tuple[Prompt, ...]:
    """The prompts in ``text``; SceneError when it was not written by ``prompts_to_json``."""
    try:
        stored: Any = parse_json(text)
        attachments = [base64.b64decode(raw, validate=True) for raw in stored["attachments"]]
        prompts: tuple[Prompt, ...] = decode(tuple[Prompt, ...], stored["prompts"], attachments)
    except (ValueError, KeyError, TypeError, ProtocolError) as error:
        raise SceneError("The prompts kept in this scene cannot be read; start the object again.") from error
    return prompts
