"""One look for everything a checkpoint finds reliably, before its first question about a volume is answered."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import replace

from MedVLSAM2Lib.prompts import Turn
from MedVLSAM2Lib.results import Progress
from MedVLSAM2Lib.session.errors import Cancelled
from MedVLSAM2Lib.session.finding import PhraseFinder
from MedVLSAM2Lib.slots import MOST_SEGS
from MedVLSAM2Lib.survey import Sight, Sighting, Survey
from MedVLSAM2Lib.vocabulary import Kind, Structure, Vocabulary
from MedVLSAM2Lib.volume import PackedMask, Volume

_MM3_PER_ML = 1000.0


class Surveyor:
    """Looks for the same structures in any volume, and tells of them."""

    def __init__(self, structures: Sequence[Structure], vocabulary: Vocabulary) -> None:
        self._structures, self._vocabulary = tuple(structures), vocabulary

    @property
    def looks_for_findings(self) -> bool:
        """Whether any of the structures is a finding."""
        return any(structure.term.kind is Kind.FINDING for structure in self._structures)

    def look(
        self, finder: PhraseFinder, volume: Volume, cancelled: Callable[[], bool]
    ) -> Generator[Progress, None, Survey]:
        """Say what is looked for, and return what was seen.

        Args:
            finder: of ``volume``.
            volume: in canonical order.
            cancelled: asked before each structure.

        Raises:
            Cancelled: ``cancelled()`` became true.
        """
        tokens = finder.read([structure.name for structure in self._structures])
        sightings = []
        for number, structure in enumerate(self._structures):
            if cancelled():
                raise Cancelled
            count = len(self._structures)
            yield Progress(number / count, f"Looking at the scan: {structure.name}, {number + 1} of {count}")
            findings = finder.meant_by(tokens[number : number + 1], cancelled)
            sightings.append(_sighting(structure, [finding.mask for finding in findings], volume))
        return Survey(volume.modality.value, tuple(sightings))

    def told(self, survey: Survey, conversation: Sequence[Turn]) -> tuple[Turn, ...]:
        """A conversation with what was seen before its questions."""
        asked = [turn.text for turn in conversation if turn.role == "user"]
        told = survey.told(asked, self._vocabulary)
        return tuple(replace(turn, text=next(told)) if turn.role == "user" else turn for turn in conversation)

    def seen_unasked(self, survey: Survey, question: str) -> tuple[str, ...]:
        """The names of what was seen, where a question names nothing that anybody could look for; else none."""
        if self._vocabulary.named_in(question):
            return ()
        return tuple(s.structure.name for s in survey.sightings if s.sight is not Sight.NOT_FOUND)[:MOST_SEGS]

    def sights_among(self, survey: Survey, text: str) -> tuple[Sighting, ...]:
        """What was seen of the structures that a text names, as far as anything is known of them."""
        return tuple(survey.of(self._vocabulary.named_in(text)))


def _sighting(structure: Structure, masks: Sequence[PackedMask], volume: Volume) -> Sighting:
    if not masks:
        return Sighting(structure, Sight.NOT_FOUND)
    mask = PackedMask.united(masks)
    sight = Sight.PARTLY if mask.box.reaches_border_of(volume.shape) else Sight.WHOLLY
    return Sighting(structure, sight, mask.voxel_count * volume.voxel_volume_mm3 / _MM3_PER_ML)
