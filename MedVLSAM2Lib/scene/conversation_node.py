"""A conversation about a scan, kept in the scene."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from MedVLSAM2Lib.engine.encoding import ProtocolError, decode, encode
from MedVLSAM2Lib.results import AnswerSentence, SentenceStatus
from MedVLSAM2Lib.scene.errors import SceneError
from MedVLSAM2Lib.scene.node_access import require_in_scene

_CONVERSATION, _VOLUME, _EVIDENCE = "MedVLSAM2.Conversation", "MedVLSAM2.Volume", "MedVLSAM2.Evidence"


@dataclass(frozen=True)
class Exchange:
    """A question and its answer.

    Attributes:
        question: as it was typed.
        sentences: of the answer; their links speak of segments, by their ids, of the conversation's evidence.
        raw: the answer as the model wrote it: its turn when asking on.
        model: which model answered.
    """

    question: str
    sentences: tuple[AnswerSentence, ...] = ()
    raw: str = ""
    model: str = ""

    @property
    def text(self) -> str:
        """The sentences that hold, as one text."""
        return " ".join(one.text for one in self.sentences if one.status is SentenceStatus.SAID)


class ConversationNode:
    """The vtkMRMLTextNode of a volume's conversation: its JSON, and references to the volume and to its evidence.

    The volume refers to it and it to the volume, so that a loaded scene finds either from the other.
    """

    def __init__(self, node: Any) -> None:
        self._node = node

    @classmethod
    def of_volume(cls, volume_node: Any) -> ConversationNode | None:
        """The conversation about a volume, None while there is none."""
        node = None if volume_node is None else volume_node.GetNodeReference(_CONVERSATION)
        return None if node is None else cls(node)

    @classmethod
    def for_volume(cls, volume_node: Any) -> ConversationNode:
        """The conversation about a volume, made when there is none yet; SceneError when the volume is gone."""
        require_in_scene(volume_node, "volume")
        found = cls.of_volume(volume_node)
        if found is not None:
            return found
        scene = volume_node.GetScene()
        name = scene.GenerateUniqueName(f"{volume_node.GetName()} conversation")
        node = scene.AddNewNodeByClass("vtkMRMLTextNode", name)
        volume_node.SetNodeReferenceID(_CONVERSATION, node.GetID())
        node.SetNodeReferenceID(_VOLUME, volume_node.GetID())
        return cls(node)

    @property
    def node(self) -> Any:
        """The vtkMRMLTextNode."""
        return self._node

    @property
    def evidence(self) -> Any:
        """The segmentation of what answers point at, None while there is none or when it was deleted."""
        return self._node.GetNodeReference(_EVIDENCE)

    @evidence.setter
    def evidence(self, node: Any) -> None:
        self._node.SetNodeReferenceID(_EVIDENCE, node.GetID())

    @property
    def text(self) -> str:
        """What is kept, as JSON; empty before the first answer."""
        return self._node.GetText() or ""

    def read(self) -> tuple[Exchange, ...]:
        """The exchanges, oldest first; SceneError when the text is none that can be read."""
        if not self.text:
            return ()
        try:
            exchanges: tuple[Exchange, ...] = decode(tuple[Exchange, ...], json.loads(self.text)["exchanges"], ())
        except (ValueError, KeyError, TypeError, ProtocolError) as error:
            sentence = f"{self._node.GetName()} cannot be read; begin a new conversation."
            raise SceneError(sentence) from error
        return exchanges

    def write(self, exchanges: Sequence[Exchange]) -> None:
        """Keep ``exchanges`` in place of those before."""
        self._node.SetText(json.dumps({"exchanges": encode(tuple(exchanges), [])}))
