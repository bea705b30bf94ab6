"""The model that answers."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from MedVLSAM2Lib.engine import Done, EngineClient, EngineEvent, ModelInfo
from MedVLSAM2Lib.panel.checkpoint_card import CheckpointCard, read_checkpoint_card
from MedVLSAM2Lib.results import Failure
from MedVLSAM2Lib.shown_paths import by_name

logger = logging.getLogger(__name__)

_SETTING = "MedVLSAM2/CheckpointFolder"


class ChosenModel:
    """The chosen checkpoint, remembered in the user's settings, and what the engine made of it.

    Args:
        client: the engine.
        settings: the application's QSettings.
        bundled: the folder of the checkpoint that comes with the extension, used until another is chosen.
        report: gets one sentence for the status line.
        on_replaced: called when the engine is told to use another model and thereby forgets every object.

    Attributes:
        card: what the checkpoint says of itself.
        info: the loaded model; None until then.
        problem: one sentence: why there is no usable model; empty while there may be one.
    """

    def __init__(
        self,
        client: EngineClient,
        settings: Any,
        bundled: Path,
        report: Callable[[str], None],
        on_replaced: Callable[[], None],
    ) -> None:
        self._client = client
        self._settings = settings
        self._bundled = bundled
        self._report = report
        self._on_replaced = on_replaced
        self._request = 0
        self._is_started = False
        self.info: ModelInfo | None = None
        self._read(Path(str(settings.value(_SETTING) or "") or bundled))

    @property
    def folder(self) -> Path:
        """The checkpoint's folder."""
        return self.card.folder

    @property
    def is_started(self) -> bool:
        """Whether the engine was asked for it."""
        return self._is_started

    @property
    def is_bundled(self) -> bool:
        """Whether it is the one that comes with the extension."""
        return self.folder == self._bundled

    @property
    def capabilities(self) -> tuple[str, ...]:
        """What it was trained for."""
        return self.info.capabilities if self.info is not None else self.card.capabilities

    def describe(self) -> str:
        """One line: which model it is and how it stands."""
        if self.problem:
            return self.problem
        where = "comes with the extension" if self.is_bundled else f"in {self.folder.name}"
        if self.info is not None:
            kind = self.info.identity.partition(":")[0]
            return f"{self.card.name} ({kind}), {where}"
        return f"{self.card.name}, {'loading…' if self._request else 'loads with the first scan'}"

    def start(self) -> None:
        """Load it, if that has not been asked for; the engine is started when it is not."""
        if not self._is_started:
            self._is_started = True
            self._client.start()
            self._load()

    def use(self, folder: Path | None) -> None:
        """Use the checkpoint in ``folder`` from now on, None for the bundled one; the settings remember it."""
        chosen = folder or self._bundled
        if chosen == self.folder and not self.problem:
            return
        self._settings.setValue(_SETTING, "" if chosen == self._bundled else str(chosen))
        self._read(chosen)
        if self._is_started:
            self._load()

    def restart(self) -> None:
        """Start the engine again after it gave up, and load the model."""
        self._is_started = False
        self._read(self.folder)
        self.start()

    def take(self, event: EngineEvent) -> bool:
        """Whether the event was about loading the model."""
        if event.request != self._request or not self._request:
            return False
        if isinstance(event.payload, Failure):
            self._refuse(event.payload.message)
        elif isinstance(event.payload, Done):
            self._request, self.info = 0, event.payload.model
        return True

    def _read(self, folder: Path) -> None:
        self.card: CheckpointCard = read_checkpoint_card(folder)
        self.problem = self.card.problem
        self.info, self._request = None, 0

    def _load(self) -> None:
        if self.problem:
            self._refuse(self.problem)
            return
        self._on_replaced()
        self._request = self._client.load_model(self.folder)

    def _refuse(self, told: str) -> None:
        sentence = by_name(told, self.folder)
        logger.warning("%s", sentence)
        self.problem, self._request = sentence, 0
        self._report(sentence)
