"""The scan that is prompted on."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from MedVLSAM2Lib.engine import Done, EngineClient, EngineEvent
from MedVLSAM2Lib.results import Failure, Progress
from MedVLSAM2Lib.scene.errors import SceneError
from MedVLSAM2Lib.scene.image_voxels import image_box
from MedVLSAM2Lib.scene.volume_reader import look_at_volume, voxels_stamp

logger = logging.getLogger(__name__)


class ChosenVolume:
    """The chosen volume node, and its copy in the engine.

    Args:
        client: the engine.
        report: gets one sentence for the status line.
        on_closed: called with the engine's name of a volume that it no longer has.

    Attributes:
        node: the volume node, or None.
        volume_id: what the engine calls it; empty when it has no usable copy.
        problem: one sentence: why it cannot be used; empty when it can.
    """

    def __init__(self, client: EngineClient, report: Callable[[str], None], on_closed: Callable[[str], None]) -> None:
        self._client = client
        self._report = report
        self._on_closed = on_closed
        self._opened = 0
        self._request = 0
        self._stamp: tuple[Any, ...] = ()
        self.node: Any = None
        self.volume_id = ""
        self.problem = ""

    @property
    def shape(self) -> tuple[int, int, int] | None:
        """Its voxels along (K, J, I); None without a volume that has any."""
        image = self.node.GetImageData() if self.node is not None else None
        return None if image is None or image_box(image).is_empty else image_box(image).shape

    def choose(self, node: Any) -> None:
        """Work on this volume from now on; None for none. One that could not be used is looked at again."""
        if node is not self.node or self.problem:
            self._close()
            self.node = node
            self._open()

    def reopen(self) -> None:
        """Copy the volume to the engine anew."""
        self._close()
        self._open()

    def require_open(self) -> str:
        """The engine's name of the volume as it is now: changed voxels are copied anew.

        Raises:
            SceneError: there is no volume, it was deleted, or it cannot be used.
        """
        if self.node is None:
            raise SceneError("There is no volume; choose the scan to segment.")
        if self.node.GetScene() is None:
            raise SceneError("The volume was deleted; choose another one.")
        if self.problem or self._stamp != voxels_stamp(self.node):
            self.reopen()
        if self.problem:
            raise SceneError(self.problem)
        return self.volume_id

    def take(self, event: EngineEvent) -> bool:
        """Whether the event was about opening the volume."""
        if event.request != self._request or not self._request:
            return False
        if isinstance(event.payload, Failure):
            self._refuse(event.payload.message)
        elif isinstance(event.payload, Done):
            self._report(f"{self.node.GetName()} is open: choose a tool and click in a slice.")
        elif isinstance(event.payload, Progress) and event.payload.message:
            self._report(f"{event.payload.message}: {event.payload.fraction:.0%}.")
        return True

    def forget_scene(self) -> None:
        """The scene was closed."""
        self._close()
        self.node = None

    def _open(self) -> None:
        if self.node is None:
            return
        try:
            source = look_at_volume(self.node)
            self._stamp = voxels_stamp(self.node)
        except SceneError as error:
            self._refuse(str(error))
            return
        # A node's ID comes back after the scene was closed; a volume in the engine is never mistaken for another.
        self._opened += 1
        self.volume_id = f"{self.node.GetID()}#{self._opened}"
        self._request = self._client.open_volume(self.volume_id, source.read)
        self._report(f"Opening {source.name}…")

    def _close(self) -> None:
        closed, self.volume_id, self.problem, self._request = self.volume_id, "", "", 0
        if closed:
            self._client.close_volume(closed)
            self._on_closed(closed)

    def _refuse(self, sentence: str) -> None:
        logger.warning("%s", sentence)
        self.volume_id, self.problem, self._request = "", sentence, 0
        self._report(sentence)
