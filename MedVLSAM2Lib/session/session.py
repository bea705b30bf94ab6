"""One volume, one model, any number of objects: prompts in, masks out."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence

from MedVLSAM2Lib.model.mask_model import Answer, Cache, MaskModel, MaskRequest
from MedVLSAM2Lib.prompts import PriorMask, Prompt, PromptError, Turn, check, in_force, to_canonical
from MedVLSAM2Lib.results import Event, Progress
from MedVLSAM2Lib.session.asking import answer_question, check_conversation
from MedVLSAM2Lib.session.cache import ByteBoundedCache
from MedVLSAM2Lib.session.errors import Cancelled
from MedVLSAM2Lib.session.evidence import Evidence
from MedVLSAM2Lib.session.finding import PhraseFinder, find_objects
from MedVLSAM2Lib.session.grounding import Grounding, phrases_in, without_phrases
from MedVLSAM2Lib.session.new_objects import NewObjects
from MedVLSAM2Lib.session.object_history import Candidate, ObjectHistory, ObjectState
from MedVLSAM2Lib.session.object_shelf import ObjectShelf
from MedVLSAM2Lib.session.sentences import SpokenSentence, found_sentence
from MedVLSAM2Lib.session.speaking import Speaker
from MedVLSAM2Lib.session.surveying import Surveyor
from MedVLSAM2Lib.survey import Sighting, Survey
from MedVLSAM2Lib.volume import PackedMask, Volume

Cancel = Callable[[], bool]


class Session:
    """Segments objects of one volume.

    Prompts and masks are in the volume's own voxel order; the model sees the canonical order, so that the same
    anatomy gives the same mask however the scan is stored. The result is a function of the prompts.
    """

    def __init__(
        self,
        volume: Volume,
        volume_id: str,
        model: MaskModel,
        cache: Cache | None = None,
        grounding: Grounding | None = None,
        speaker: Speaker | None = None,
        surveyor: Surveyor | None = None,
    ) -> None:
        """A session with what its model can do.

        ``grounding`` finds what phrases name, ``speaker`` answers questions; without them, they are refused. With a
        ``surveyor`` the speaker is told what was seen in the volume.
        """
        self._turn = volume.reorientation
        self._volume = volume.canonical()
        self._shelf = ObjectShelf(self._volume, self._turn)
        self._volume_id = volume_id
        self._model = model
        self._grounding = grounding
        self._speaker, self._surveyor = speaker, surveyor
        self._survey: Survey | None = None
        self._cache = cache if cache is not None else ByteBoundedCache(model.cache_bytes)
        self._finder = None if grounding is None else PhraseFinder(grounding, self._volume, volume_id, self._cache)

    def add_prompts(self, object_id: str, prompts: Sequence[Prompt], cancelled: Cancel) -> Iterator[Event]:
        """Answer new prompts on an object, which is made on its first prompt.

        Yields regions as they become known, the last one final. All prompts of one call are one step of undo.

        Raises:
            PromptError: a prompt makes no sense, or nothing was found; nothing has changed.
            Cancelled: ``cancelled()`` became true; previews are taken back first.
        """
        before = self._shelf.current(object_id)
        added = self._checked(prompts, before)
        shown = before.mask
        start, new_prompts = _starting_point(before, added)
        state = ObjectState(before.prompts + added, (start,))
        if new_prompts:
            for answer in self._answers(before.prompts + added, len(new_prompts), start, cancelled):
                if cancelled():
                    yield from self._taken_back(object_id, shown, before)
                    raise Cancelled
                state = self._shelf.answered(state, answer, new_prompts)
                if answer.fraction < 1.0:
                    yield Progress(answer.fraction, answer.message)
                    yield from self._shelf.regions(object_id, shown, state, final=False)
                    shown = state.mask
        if cancelled():
            yield from self._taken_back(object_id, shown, before)
            raise Cancelled
        yield from self._shelf.put(object_id, state, shown)

    def find(self, phrases: Sequence[str], prefix: str, cancelled: Cancel) -> Iterator[Event]:
        """Make objects of everything that ``phrases`` name, called ``prefix`` and a number from 1.

        Yields Progress before each phrase, then a FoundObject for each of its objects, followed by its regions, or one
        NotFound. Each object is one like any other, as if ``Phrase(text, number)`` had begun it.

        Raises:
            PromptError: there is no phrase, or the model knows no words.
            SessionError: there is an object of such a name.
            Cancelled: ``cancelled()`` became true; the objects are taken back first.
        """
        finder = self._required_finder()
        yield from NewObjects(self._shelf, prefix).made_by(
            lambda objects: find_objects(finder, objects, phrases, cancelled)
        )

    def ask(self, conversation: Sequence[Turn], prefix: str, cancelled: Cancel) -> Iterator[Event]:
        """Answer the conversation's last question.

        Yields an AnswerSentence as soon as everything that it points at was found, its objects' regions before it, and at
        the end an AnswerDone. The objects are called ``prefix`` and a number from 1; each begins with its mask, as drawn.

        Raises:
            PromptError: there is no question, or the model does not answer any.
            SessionError: there is an object of such a name.
            Cancelled: ``cancelled()`` became true; the objects are taken back first.
        """
        check_conversation(conversation)
        if self._speaker is None:
            raise PromptError("The loaded model does not answer questions; choose one that does.")
        told = yield from self._after_a_survey(conversation, cancelled)
        said = self._speaker.answer(self._volume, self._volume_id, told, self._cache, cancelled)

        def answered(objects: NewObjects) -> Iterator[Event]:
            evidence = Evidence(self._finder, objects, self._volume, cancelled, self._sights_among)
            return answer_question(said, evidence, cancelled, lambda: self._what_was_seen(conversation[-1].text))

        yield from NewObjects(self._shelf, prefix).made_by(answered)

    def undo(self, object_id: str) -> Iterator[Event]:
        """Back to the object's mask before its last step; SessionError when there is none."""
        yield from self._shelf.move(object_id, ObjectHistory.undo)

    def redo(self, object_id: str) -> Iterator[Event]:
        """Forward again to the mask that was undone; SessionError when there is none."""
        yield from self._shelf.move(object_id, ObjectHistory.redo)

    def step_candidate(self, object_id: str, step: int) -> Iterator[Event]:
        """Show the next smaller (-1) or larger (+1) answer to a first prompt; SessionError when there is none."""
        yield from self._shelf.move(object_id, lambda history: history.choose(step))

    def remove_object(self, object_id: str) -> None:
        """Forget an object; unknown ones are no error."""
        self._shelf.forget(object_id)

    def mask(self, object_id: str) -> PackedMask:
        """The object's mask as it stands, in the volume's own voxel order; empty for an unknown object."""
        return self._shelf.mask(object_id)

    def _checked(self, prompts: Sequence[Prompt], before: ObjectState) -> tuple[Prompt, ...]:
        if not prompts:
            raise PromptError("There is no prompt to answer; click on the object first.")
        if phrases_in(prompts):
            self._required_finder()
        added: tuple[Prompt, ...] = ()
        for prompt in prompts:
            canonical = to_canonical(prompt, self._turn)
            check(canonical, self._volume.shape, before.prompts + added)
            added += (canonical,)
        return added

    def _after_a_survey(
        self, conversation: Sequence[Turn], cancelled: Cancel
    ) -> Generator[Progress, None, Sequence[Turn]]:
        """The conversation with what was seen in the volume before its first question; it is looked for once."""
        if self._surveyor is None:
            return conversation
        if self._survey is None:
            self._survey = yield from self._surveyor.look(self._required_finder(), self._volume, cancelled)
        return self._surveyor.told(self._survey, conversation)

    def _what_was_seen(self, question: str) -> SpokenSentence | None:
        """What to tell of the scan where a question names nothing, and no sentence of the model's own held."""
        if self._surveyor is None or self._survey is None:
            return None
        names = self._surveyor.seen_unasked(self._survey, question)
        return found_sentence(names, self._required_finder().read(names)) if names else None

    def _sights_among(self, text: str) -> tuple[Sighting, ...]:
        return self._surveyor.sights_among(self._survey, text) if self._surveyor and self._survey else ()

    def _required_finder(self) -> PhraseFinder:
        if self._finder is None:
            raise PromptError("The loaded model does not know words; click on the object, or choose a model that does.")
        return self._finder

    def _answers(self, prompts: tuple[Prompt, ...], new: int, start: Candidate, cancelled: Cancel) -> Iterator[Answer]:
        shown, phrases = without_phrases(prompts), phrases_in(in_force(prompts))
        first_new = len(without_phrases(prompts[: len(prompts) - new]))
        request = MaskRequest(self._volume, self._volume_id, shown, first_new, start.mask, start.memory)
        if self._grounding is None or self._finder is None or not phrases:
            return self._model.answer(request, self._cache)
        if start.mask.is_empty and not without_phrases(in_force(prompts)):
            return iter((self._finder.answer(phrases[-1], cancelled),))
        return self._grounding.answer(self._model, request, phrases, self._cache)

    def _taken_back(self, object_id: str, shown: PackedMask, before: ObjectState) -> Iterator[Event]:
        if shown != before.mask:
            yield from self._shelf.regions(object_id, shown, before)


def _starting_point(before: ObjectState, added: Sequence[Prompt]) -> tuple[Candidate, tuple[Prompt, ...]]:
    """What the model starts from, and the prompts it is to answer: a mask given by hand replaces the earlier one."""
    given = [index for index, prompt in enumerate(added) if isinstance(prompt, PriorMask)]
    if not given:
        return before.current, tuple(added)
    prior = added[given[-1]]
    assert isinstance(prior, PriorMask)
    return Candidate.of(prior.mask.trimmed()), tuple(added[given[-1] + 1 :])
