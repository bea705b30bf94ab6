"""A sitting in a process of its own that never ends; ``test_autosave.py`` kills it. Not a test, but run by pytest for its fixtures.

Its folder is told by the environment; in it, ``masks.npz``, ``story.json`` and, once all is kept, ``ready`` are written.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tests.panel.reader import Reader
from tests.panel.test_asking import ANSWERS, QUESTION
from tests.panel.user import User

if TYPE_CHECKING:
    from harness.offscreen_slicer import OffscreenSlicer

FOLDER = "MEDVLSAM2_SITTING"
IN_THE_LIVER = (27.0, 0.0, 0.0)


def test_sitting(
    a_slicer: OffscreenSlicer, a_speaker: User, an_abdomen: Any, a_temporary_folder_of_its_own: Path
) -> None:
    a_speaker.worker_will_also(answers=ANSWERS)
    a_speaker.find("renal cysts")
    a_speaker.press("newSegment")
    a_speaker.take("point")
    a_speaker.prompt(IN_THE_LIVER)
    a_speaker.ui.askSection.collapsed = False
    a_speaker.ask(QUESTION)
    reader = Reader(a_slicer, a_speaker.module)
    reader.open_section()
    reader.draft()
    reader.rewrite("Segment:", "The liver is mine.")
    tell(a_slicer, a_speaker, reader, an_abdomen, a_temporary_folder_of_its_own)
    while True:
        a_slicer.process_events()
        time.sleep(0.05)


def tell(a_slicer: OffscreenSlicer, user: User, reader: Reader, volume: Any, temporary: Path) -> None:
    folder = Path(os.environ[FOLDER])
    masks = {name: user.mask(volume, segment_id) for name, segment_id in user.segments().items()}
    np.savez(folder / "masks.npz", **masks)
    autosave = user.panel.autosave
    a_slicer.process_events(until=lambda: autosave.is_up_to_date, timeout_s=60)
    story = {"temporary": str(temporary), "conversation": user.conversation, "report": reader.lines}
    story["trail"] = user.panel.audit.trail.node.GetText()
    (folder / "story.json").write_text(json.dumps(story))
    (folder / "ready").touch()
