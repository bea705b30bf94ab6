"""Questions to the engine, and answers into the conversation of a scan."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

from MedVLSAM2Lib.engine import Cancelled, Done, EngineClient, EngineEvent
from MedVLSAM2Lib.panel.chosen_model import ChosenModel
from MedVLSAM2Lib.panel.chosen_volume import ChosenVolume
from MedVLSAM2Lib.panel.remaining_time import RemainingTime
from MedVLSAM2Lib.prompts import Turn
from MedVLSAM2Lib.results import AnswerDone, AnswerSentence, Failure, MaskRegion, Progress, TextLink
from MedVLSAM2Lib.scene.background_surfaces import BackgroundSurfaces
from MedVLSAM2Lib.scene.conversation_node import ConversationNode, Exchange
from MedVLSAM2Lib.scene.errors import SceneError
from MedVLSAM2Lib.scene.evidence_segments import EvidenceSegments, NameObject
from MedVLSAM2Lib.scene.evidence_view import show_evidence, show_only
from MedVLSAM2Lib.scene.node_access import visible_segment_ids

logger = logging.getLogger(__name__)

LONGEST_QUESTION = 2000


@dataclass(eq=False)
class _Asked:
    """A question that is being answered.

    Attributes:
        volume_node: the scan that it is about.
        conversation: where the answer goes.
        evidence: makes segments of what the answer points at.
        exchange: the answer as far as it was told.
    """

    volume_node: Any
    conversation: ConversationNode
    evidence: EvidenceSegments
    exchange: Exchange


class Asker:
    """Asks about the chosen scan and keeps its conversation; the scene holds what is finished.

    Knows no widget.

    Args:
        client: the engine.
        volume: the chosen scan.
        model: the chosen model.
        surfaces: make closed surfaces anew beside the GUI's thread.
        name_object: names what answers point at.
        changed: called when the conversation, or being busy, has changed.

    Attributes:
        notice: one sentence about the last thing that happened; empty when there is nothing to say.
        progress: a few words on what is being done; empty while nothing is.
        given_back: a question that was not answered, to be asked again.
    """

    def __init__(
        self,
        client: EngineClient,
        volume: ChosenVolume,
        model: ChosenModel,
        surfaces: BackgroundSurfaces,
        name_object: NameObject,
        changed: Callable[[], None],
    ) -> None:
        self._client = client
        self._volume = volume
        self._model = model
        self._surfaces = surfaces
        self._name_object = name_object
        self._changed = changed
        self._numbers = count(1)
        self._asked: dict[int, _Asked] = {}
        self._read: tuple[str, tuple[Exchange, ...]] = ("", ())
        self._before_preview: frozenset[str] | None = None
        self.notice = ""
        self.progress = ""
        self._remaining = RemainingTime()
        self.given_back = ""

    @property
    def is_busy(self) -> bool:
        """Whether a question is being answered."""
        return bool(self._asked)

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        """The conversation about the chosen scan, with the answer that is coming."""
        coming = (asked.exchange for asked in self._asked.values() if asked.volume_node is self._volume.node)
        return (*self._finished(), *coming)

    def question_of(self, request: int) -> str:
        """What was asked with a request that is being answered; empty when it was no question."""
        asked = self._asked.get(request)
        return "" if asked is None else asked.exchange.question

    def ask(self, question: str) -> bool:
        """Ask about the chosen scan; whether that was begun, ``notice`` says why not."""
        self.notice = _refusal(question) or ("Wait for the answer first, or stop it." if self.is_busy else "")
        if self.notice:
            self._changed()
            return False
        try:
            volume_id, node = self._volume.require_open(), self._volume.node
            conversation = ConversationNode.for_volume(node)
            turns = [turn for exchange in conversation.read() for turn in _turns(exchange)]
        except SceneError as error:
            self._tell(error)
            return False
        request = self._client.ask(volume_id, [*turns, Turn("user", question)], f"answer {next(self._numbers)}/")
        evidence = EvidenceSegments(conversation, node, self._surfaces, self._name_object)
        exchange = Exchange(question, model=self._model.info.identity if self._model.info else "")
        self._asked[request] = _Asked(node, conversation, evidence, exchange)
        self.progress, self.given_back = "Waiting for the engine", ""
        self._remaining.begin()
        self._changed()
        return True

    def cancel(self) -> None:
        """Stop the answer; nothing of it stays."""
        if self.is_busy:
            self._client.cancel()

    def clear(self) -> None:
        """Begin a new conversation about the chosen scan; what the old one pointed at stays among the segmentations."""
        kept = ConversationNode.of_volume(self._volume.node)
        if kept is not None and not self.is_busy:
            kept.write(())
        self.notice = ""
        self._changed()

    def follow(self, link: TextLink) -> None:
        """Show what a link points at in all views."""
        self.notice = ""
        self._in_scene(lambda: show_evidence(self._evidence(), link.object_ids, self._volume.node))
        if self._before_preview is not None:
            self._before_preview = frozenset(link.object_ids)
        self._changed()

    def preview(self, link: TextLink | None) -> None:
        """Show what the mouse is over; None when it has left: what was shown before is shown again."""
        evidence = self._evidence()
        if evidence is None:
            return
        if link is not None:
            if self._before_preview is None:
                self._before_preview = visible_segment_ids(evidence)
            show_only(evidence, link.object_ids)
        elif self._before_preview is not None:
            show_only(evidence, self._before_preview)
            self._before_preview = None

    def segment_name(self, segment_id: str) -> str:
        """What a segment that an answer points at is called; empty when it was deleted."""
        evidence = self._evidence()
        segment = evidence.GetSegmentation().GetSegment(segment_id) if evidence is not None else None
        return "" if segment is None else str(segment.GetName())

    def forget_scene(self) -> None:
        """The scene was closed."""
        self._asked.clear()
        self._read, self._before_preview = ("", ()), None
        self.notice = self.progress = self.given_back = ""

    def take(self, event: EngineEvent) -> bool:
        """Whether the event was about a question."""
        asked = self._asked.get(event.request)
        if asked is None:
            return False
        payload = event.payload
        if isinstance(payload, MaskRegion):
            asked.evidence.take(payload)
        elif isinstance(payload, AnswerSentence):
            self._in_scene(lambda: _add(asked, payload))
        elif isinstance(payload, AnswerDone):
            asked.exchange = replace(asked.exchange, raw=payload.raw)
        elif isinstance(payload, Progress):
            left = self._remaining.at(payload.fraction)
            self.progress = f"{payload.message}, {left}" if left else payload.message
        elif isinstance(payload, Done):
            self._finish(event.request, asked)
        elif isinstance(payload, Cancelled | Failure):
            self._abandon(event.request, asked, payload)
        return True

    def _evidence(self) -> Any:
        kept = ConversationNode.of_volume(self._volume.node)
        return kept.evidence if kept is not None else None

    def _finish(self, request: int, asked: _Asked) -> None:
        self._forget(request)
        self._in_scene(lambda: asked.conversation.write((*asked.conversation.read(), asked.exchange)))

    def _abandon(self, request: int, asked: _Asked, payload: Cancelled | Failure) -> None:
        self._forget(request)
        self._in_scene(asked.evidence.drop)
        self.given_back = asked.exchange.question
        if isinstance(payload, Failure):
            logger.warning("%s %s", payload.message, payload.detail)
            self.notice = payload.message
        else:
            self.notice = "Stopped; nothing of the answer is kept."

    def _forget(self, request: int) -> None:
        self._asked.pop(request)
        self.progress = ""

    def _finished(self) -> tuple[Exchange, ...]:
        kept = ConversationNode.of_volume(self._volume.node)
        text = kept.text if kept is not None else ""
        if kept is not None and text != self._read[0]:
            self._read = (text, ())
            self._in_scene(lambda: self._remember(text, kept.read()))
        return self._read[1] if text else ()

    def _remember(self, text: str, exchanges: tuple[Exchange, ...]) -> None:
        self._read = (text, exchanges)

    def _in_scene(self, action: Callable[[], object]) -> None:
        try:
            action()
        except SceneError as error:
            logger.warning("%s", error)
            self.notice = str(error)

    def _tell(self, error: SceneError) -> None:
        logger.warning("%s", error)
        self.notice = str(error)
        self._changed()


def _refusal(question: str) -> str:
    if not question.strip():
        return "There is no question; type one first."
    if len(question) > LONGEST_QUESTION:
        return f"The question is too long; ask in at most {LONGEST_QUESTION} characters."
    return ""


def _turns(exchange: Exchange) -> tuple[Turn, ...]:
    return (Turn("user", exchange.question), Turn("assistant", exchange.raw)) if exchange.raw else ()


def _add(asked: _Asked, sentence: AnswerSentence) -> None:
    # After a crash of the worker the answer is told again from its first sentence.
    earlier = asked.exchange.sentences[: sentence.number]
    asked.exchange = replace(asked.exchange, sentences=(*earlier, asked.evidence.linked(sentence)))
