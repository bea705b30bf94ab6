"""Keeps the sitting beside the application's temporary folder, and offers after a crash what was kept."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from MedVLSAM2Lib.files.atomic_write import FileWriteError
from MedVLSAM2Lib.files.autosave_folder import AutosaveFolder, LeftBehind
from MedVLSAM2Lib.scene.errors import SceneError
from MedVLSAM2Lib.scene.module_node import ModuleNode
from MedVLSAM2Lib.scene.session_snapshot import SessionSnapshot, scan_fingerprint, session_stamp, take_snapshot
from MedVLSAM2Lib.scene.volume_reader import look_at_volume, voxels_stamp

logger = logging.getLogger(__name__)

_LOOK_S, _LEAST_BETWEEN_S = 1.0, 8.0


class Autosave:
    """Writes in a thread, at most every eight seconds and only what was changed; a clean end leaves nothing.

    Args:
        ui: the widgets by name.
        temporary: the application's temporary folder.
        scene: the MRML scene.
        volume: the chosen volume node.
        chosen: the chosen segmentation and segment.
        is_busy: whether something is being written into the scene.
        restored: called when a session was put back into the scene.
    """

    def __init__(
        self,
        ui: Any,
        temporary: Path,
        scene: Any,
        volume: Callable[[], Any],
        chosen: Callable[[], tuple[Any, str]],
        is_busy: Callable[[], bool],
        restored: Callable[[], None],
    ) -> None:
        self._ui, self._scene, self._volume, self._chosen = ui, scene, volume, chosen
        self._is_busy, self._restored = is_busy, restored
        self._folder = AutosaveFolder(temporary)
        self._thread = ThreadPoolExecutor(1, "medvlsam2-autosave")
        self._writing: Future[None] | None = None
        self._naming: tuple[tuple[Any, ...], Future[str]] | None = None
        self._name: tuple[tuple[Any, ...], str] = ((), "")
        self._written: tuple[Any, ...] = ()
        self._look_at = self._write_at = 0.0
        self._problem = ""
        self._left = self._folder.left_behind()
        self._put_back: LeftBehind | None = None
        self._stored = int(scene.GetStoredTime())
        ui.restoreSessionButton.connect("clicked()", self._restore)
        ui.discardSessionButton.connect("clicked()", self._discard)
        self._show()

    def poll(self) -> None:
        """Keep what was changed, when it is time to."""
        now = time.monotonic()
        # Not every way of saving invokes EndSaveEvent; each notes the time.
        if self._stored != int(self._scene.GetStoredTime()):
            self._stored = int(self._scene.GetStoredTime())
            self.scene_saved()
        if now < self._look_at:
            return
        self._look_at = now + _LOOK_S
        self._take_in()
        volume = self._volume()
        if volume is None or self._is_busy() or self._scene.IsImporting():
            return
        stamp = self._stamp(volume)
        is_changed = len(stamp) > 1 and stamp != self._written
        # Naming a scan looks at all of it: only where something is to be kept or is offered.
        is_named = (is_changed or bool(self._left)) and bool(self._subject(volume))
        if is_changed and is_named and self._writing is None and now >= self._write_at:
            self._written = stamp
            self._write(volume)
        self._show()

    @property
    def is_up_to_date(self) -> bool:
        """Whether everything there is was kept."""
        volume = self._volume()
        stamp = () if volume is None else self._stamp(volume)
        return self._writing is None and (len(stamp) < 2 or stamp == self._written)

    def scene_saved(self) -> None:
        """The scene holds everything: nothing needs to be kept beside it."""
        volume = self._volume()
        if volume is not None:
            self._written = self._stamp(volume)
        self._wait()
        self._drop_what_was_put_back()
        self._folder.clear()

    def forget_scene(self) -> None:
        """The scene was closed on purpose: nothing is to come back."""
        self._wait()
        self._drop_what_was_put_back()
        self._folder.clear()
        self._written, self._problem = (), ""
        self._show()

    def close(self) -> None:
        """A clean end: nothing is left behind."""
        self._thread.shutdown(wait=True, cancel_futures=True)
        self._drop_what_was_put_back()
        self._folder.close()

    # --- keeping

    def _stamp(self, volume: Any) -> tuple[Any, ...]:
        """The scan, and something else whenever what is kept of it may have changed; the scan alone for nothing."""
        return (volume, *session_stamp(volume, self._chosen()[0]))

    def _subject(self, volume: Any) -> str:
        """What the scan is known by; empty until that is known."""
        stamp = voxels_stamp(volume)
        if self._name[0] == stamp:
            return self._name[1]
        if self._naming is None:
            try:
                source = look_at_volume(volume)
            except SceneError:
                # The panel says why this scan cannot be used.
                return ""
            self._naming = stamp, self._thread.submit(scan_fingerprint, source)
        return ""

    def _write(self, volume: Any) -> None:
        try:
            snapshot = take_snapshot(volume, *self._chosen())
        except SceneError as error:
            logger.warning("%s", error)
            return
        if snapshot is not None:
            folder, subject = self._folder, self._name[1]
            self._writing = self._thread.submit(lambda: folder.write(subject, snapshot.to_bytes()))

    def _take_in(self) -> None:
        if self._naming is not None and self._naming[1].done():
            self._name, self._naming = (self._naming[0], self._naming[1].result()), None
        if self._writing is not None and self._writing.done():
            done, self._writing = self._writing, None
            self._write_at = time.monotonic() + _LEAST_BETWEEN_S
            try:
                done.result()
                self._problem = ""
                self._drop_what_was_put_back()
            except FileWriteError as error:
                logger.warning("%s", error)
                self._written, self._problem = (), f"Your work is not kept for the case of a crash: {error}"

    def _wait(self) -> None:
        if self._writing is not None:
            self._writing.exception()
            self._writing = None

    # --- offering

    def _offered(self) -> tuple[LeftBehind | None, bool]:
        """What is offered, that on the chosen scan first; whether it can be put back now."""
        here = next((left for left in self._left if left.subject == self._name[1] and self._volume() is not None), None)
        return here or next(iter(self._left), None), here is not None

    def _show(self) -> None:
        left, is_here = self._offered()
        text = self._problem if left is None else _offer(left, is_here)
        ui = self._ui
        if str(ui.autosaveLabel.text) != text:
            ui.autosaveLabel.setText(text)
        ui.autosavePane.setVisible(bool(text))
        for button in (ui.restoreSessionButton, ui.discardSessionButton):
            button.setVisible(left is not None)
        ui.restoreSessionButton.setEnabled(is_here)

    def _restore(self) -> None:
        left, is_here = self._offered()
        volume = self._volume()
        if left is None or not is_here:
            return
        try:
            snapshot = SessionSnapshot.from_bytes(left.path.read_bytes())
            node = snapshot.put_back(volume)
        except (SceneError, OSError) as error:
            logger.warning("%s", error)
            self._ui.autosaveLabel.setText(str(error))
            return
        module = ModuleNode.of_scene(self._scene)
        module.volume, module.segmentation = volume, node
        module.segment_id = str(snapshot.content.get("segment_id", "")) if node is not None else ""
        self._restored()
        # It goes once it is kept anew: until then a second crash must find it.
        self._drop_what_was_put_back()
        self._put_back, self._written = left, ()
        self._left = tuple(other for other in self._left if other is not left)
        self._show()

    def _discard(self) -> None:
        left, _ = self._offered()
        if left is not None:
            self._folder.discard(left)
            self._left = tuple(other for other in self._left if other is not left)
        self._show()

    def _drop_what_was_put_back(self) -> None:
        if self._put_back is not None:
            self._folder.discard(self._put_back)
            self._put_back = None


def _offer(left: LeftBehind, is_here: bool) -> str:
    when = f"{left.saved.astimezone():%Y-%m-%d %H:%M}"
    if is_here:
        return f"Slicer ended without saving your work on this scan of {when}."
    return f"Slicer ended without saving your work on a scan of {when}; load and choose that scan to restore it."
