"""One scan and one model for a script: segment, find, ask and report."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from MedVLSAM2Lib import __version__
from MedVLSAM2Lib.bundled_checkpoint import bundled_checkpoint
from MedVLSAM2Lib.engine.worker import CheckpointLoader
from MedVLSAM2Lib.files.volume_file import Scan, read_scan
from MedVLSAM2Lib.model.mask_model import MaskModel
from MedVLSAM2Lib.phrase_size import split_size
from MedVLSAM2Lib.prompts import Box, Point, Prompt, PromptError, Turn
from MedVLSAM2Lib.report import ModelIdentity, ModelSentence
from MedVLSAM2Lib.report.templates import Template
from MedVLSAM2Lib.results import AnswerDone, AnswerSentence, Event, FoundObject, MaskRegion
from MedVLSAM2Lib.scripting.answer import Answer
from MedVLSAM2Lib.scripting.draft import Draft
from MedVLSAM2Lib.scripting.model_sentences import REPORT_QUESTION, report_sentences
from MedVLSAM2Lib.scripting.naming import segment_code
from MedVLSAM2Lib.scripting.report_templates import names_to_find, template_named
from MedVLSAM2Lib.scripting.scan_segment import ScanSegment
from MedVLSAM2Lib.session.mask_models import LoadedModel
from MedVLSAM2Lib.session.opening import open_session
from MedVLSAM2Lib.vocabulary import Vocabulary
from MedVLSAM2Lib.volume import Modality, Volume
from MedVLSAM2Lib.volume.reorientation import Position

logger = logging.getLogger(__name__)

Corners = tuple[Position, Position]


class Session:
    """A scan, a model, and the segments made so far. Positions are R, A, S in mm, as Slicer shows them.

    >>> session = Session.open("scan.nii.gz")
    >>> kidney = session.segment(points=[(62.0, -8.0, -110.0)], name="left kidney")
    >>> kidney.volume_ml
    >>> kidney.save("kidney.seg.nrrd")

    Everything that cannot be done is an exception whose message is one sentence: PromptError, VolumeError,
    CheckpointError, CapabilityError, TemplateError, NotEnoughMemory.
    """

    def __init__(self, volume: Volume, model: LoadedModel, dicom_files: Sequence[Path] = ()) -> None:
        """``model`` may be shared by sessions; ``dicom_files`` are those of the series the volume came from."""
        self.volume = volume
        self.model = model
        self.dicom_files = tuple(dicom_files)
        self._session = open_session(volume, volume.name, model)
        self._vocabulary = Vocabulary.read()
        self._conversation: tuple[Turn, ...] = ()
        self._requests = 0

    @classmethod
    def open(
        cls,
        scan: Path | str | Volume,
        checkpoint: Path | str | LoadedModel | None = None,
        modality: Modality | None = None,
    ) -> Session:
        """A session on a scan.

        Args:
            scan: a NIfTI, NRRD or MHA file, a DICOM folder, or a volume.
            checkpoint: a checkpoint's folder, or a model that is loaded already; the bundled one if None.
            modality: where the file does not tell it.

        Raises:
            VolumeError, CheckpointError, NotEnoughMemory: one sentence about what to do.
        """
        read = Scan(scan) if isinstance(scan, Volume) else read_scan(Path(scan), modality)
        model = checkpoint if isinstance(checkpoint, LoadedModel) else load_model(checkpoint)
        return cls(read.volume, model, read.dicom_files)

    @property
    def capabilities(self) -> tuple[str, ...]:
        """What the model was trained for: ``click``, ``box``, …, ``phrase``, ``question``, ``report``."""
        return self.model.capabilities

    def segment(
        self,
        points: Iterable[Position] = (),
        negative: Iterable[Position] = (),
        box: Corners | None = None,
        name: str = "segment",
        refine: ScanSegment | None = None,
    ) -> ScanSegment:
        """The object at ``points`` or in ``box``, without what is at the ``negative`` points.

        Args:
            points: in the object.
            negative: beside it.
            box: two opposite corners of a box around it.
            name: what to call it.
            refine: an earlier segment of this session that the prompts correct; its name is kept.

        Raises:
            PromptError: there is no prompt, one makes no sense, or nothing was found.
        """
        prompts = self._prompts(tuple(points), tuple(negative), box, is_new=refine is None)
        segment_id = refine.segment_id if refine else self._next_prefix("object").strip()
        (confidence,) = self._confidences(self._session.add_prompts(segment_id, prompts, _never)).values()
        if refine is not None:
            return replace(refine, mask=self._session.mask(segment_id), confidence=confidence)
        return self._segment(segment_id, name, confidence)

    def find(self, phrase: str) -> tuple[ScanSegment, ...]:
        """The objects that a phrase names, the most certain first; none where nothing was found.

        Raises:
            PromptError: the phrase is empty, or the model does not know words.
        """
        return self.find_all([phrase])[phrase]

    def find_all(self, phrases: Iterable[str]) -> dict[str, tuple[ScanSegment, ...]]:
        """The objects of each phrase, in one request, which reads the words once.

        Raises:
            PromptError: there is no phrase, one is empty, or the model does not know words.
        """
        asked = list(dict.fromkeys(phrases))
        events = list(self._session.find(asked, self._next_prefix("found"), _never))
        confidences = self._confidences(events)
        found: dict[str, list[ScanSegment]] = {phrase: [] for phrase in asked}
        for event in events:
            if isinstance(event, FoundObject):
                words, _ = split_size(event.phrase)
                name = words if event.count == 1 else f"{words} {event.number}"
                code = segment_code(words, self._vocabulary)
                segment = self._segment(event.object_id, name, confidences[event.object_id])
                found[event.phrase].append(replace(segment, code=code))
        return {phrase: tuple(segments) for phrase, segments in found.items()}

    def ask(self, question: str) -> Answer:
        """The answer to a question; what was asked and answered before is its context.

        Raises:
            PromptError: there is no question, or the model does not answer any.
            CapabilityError: the checkpoint was not trained for questions.
        """
        answer = self._answered((*self._conversation, Turn("user", question)))
        self._conversation = (*self._conversation, Turn("user", question), Turn("assistant", answer.raw))
        return answer

    def forget_conversation(self) -> None:
        """Ask on without the questions and answers so far."""
        self._conversation = ()

    def report(
        self,
        template: str | Template = "chest",
        indication: str = "",
        segments: Sequence[ScanSegment] | None = None,
        sentences: bool = True,
        not_found: Iterable[str] = (),
    ) -> Draft:
        """A draft report: what the template names is found, measured and said in the template's words.

        Args:
            template: a bundled one's name, a template's file, or a template.
            indication: as a person typed it.
            segments: what to speak of instead of what is found by name.
            sentences: whether the model's own sentences are added, where it was trained for reports.
            not_found: names that were looked for without finding anything, where ``segments`` are what was found.

        Raises:
            TemplateError: there is no such template.
            PromptError: the model does not know words, and there are no ``segments``.
        """
        chosen = template if isinstance(template, Template) else template_named(template)
        if segments is None:
            found = self.find_all(self._names_to_find(chosen))
            segments = [one for of_phrase in found.values() for one in of_phrase]
            not_found = [phrase for phrase, made in found.items() if not made]
            logger.info("Not found: %s.", ", ".join(not_found) or "nothing")
        # That a finding was not found is not said: it would read as if there were none.
        missing = tuple(filter(self._vocabulary.is_part_of_the_body, not_found))
        said: tuple[ModelSentence, ...] = ()
        shown = tuple(segments)
        if sentences and self.offers_report:
            said, pointed_at = report_sentences(self._answered((Turn("user", REPORT_QUESTION),)), shown)
            shown += pointed_at
        return Draft.of(
            self.volume, chosen, shown, identity_of(self.model), indication, said, self.dicom_files, missing
        )

    def _names_to_find(self, template: Template) -> tuple[str, ...]:
        return names_to_find(template, self._vocabulary, with_findings=self.model.finds_findings)

    @property
    def offers_report(self) -> bool:
        """Whether the model was trained to write reports."""
        return self.model.speaker is not None and "report" in self.capabilities

    def _answered(self, conversation: tuple[Turn, ...]) -> Answer:
        events = list(self._session.ask(conversation, self._next_prefix("answer"), _never))
        segments = {
            segment_id: self._segment(segment_id, segment_id, confidence)
            for segment_id, confidence in self._confidences(events).items()
        }
        sentences = tuple(event for event in events if isinstance(event, AnswerSentence))
        (raw,) = (event.raw for event in events if isinstance(event, AnswerDone))
        return Answer(conversation[-1].text, sentences, segments, raw)

    def _prompts(
        self, points: tuple[Position, ...], negative: tuple[Position, ...], box: Corners | None, is_new: bool
    ) -> list[Prompt]:
        prompts: list[Prompt] = [] if box is None else [self._box(box)]
        prompts += [Point(self.volume.ras_to_ijk(position)) for position in points]
        if is_new and not prompts:
            raise PromptError(
                "There is nothing to segment; give a point in the object, a box around it, or a phrase to find."
            )
        return prompts + [Point(self.volume.ras_to_ijk(position), positive=False) for position in negative]

    def _box(self, corners: Corners) -> Box:
        ijk = np.array([self.volume.ras_to_ijk(corner) for corner in corners])
        low, high = ijk.min(axis=0), ijk.max(axis=0)
        return Box((low[0], low[1], low[2]), (high[0], high[1], high[2]))

    def _segment(self, segment_id: str, name: str, confidence: float) -> ScanSegment:
        return ScanSegment(segment_id, name, self._session.mask(segment_id), self.volume, confidence)

    def _next_prefix(self, kind: str) -> str:
        self._requests += 1
        return f"{kind} {self._requests} "

    @staticmethod
    def _confidences(events: Iterable[Event]) -> dict[str, float]:
        return {event.object_id: event.confidence for event in events if isinstance(event, MaskRegion)}


def load_model(checkpoint: Path | str | None = None) -> LoadedModel:
    """A checkpoint, on the GPU where it fits; the bundled one if None.

    Raises:
        CheckpointError, NotEnoughMemory: one sentence about what to do.
    """
    model: MaskModel = CheckpointLoader()(bundled_checkpoint() if checkpoint is None else Path(checkpoint))
    assert isinstance(model, LoadedModel)
    return model


def identity_of(model: LoadedModel) -> ModelIdentity:
    """The model as a report names it: its name, this program's version, and the hash its checkpoint is known by."""
    kind, _, rest = model.identity.partition(":")
    return ModelIdentity(model.name, __version__, rest.partition(":")[0] or kind)


def _never() -> bool:
    return False
