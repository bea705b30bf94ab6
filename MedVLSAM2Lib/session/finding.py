"""Many phrases in one request: each object that they name becomes an object of the session."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from MedVLSAM2Lib.model.mask_model import Answer, Cache, MaskRequest
from MedVLSAM2Lib.phrase_size import split_size
from MedVLSAM2Lib.prompts import Phrase, PromptError, check
from MedVLSAM2Lib.report.axial_diameters import axial_diameters
from MedVLSAM2Lib.results import Event, FoundObject, NotFound, Progress
from MedVLSAM2Lib.session.errors import Cancelled
from MedVLSAM2Lib.session.grounding import Finding, Grounding, together
from MedVLSAM2Lib.session.new_objects import NewObjects
from MedVLSAM2Lib.volume import PackedMask, Volume

Cancel = Callable[[], bool]


class PhraseFinder:
    """Finds what words name in one volume.

    The findings of the latest phrase are kept, so that its objects can be asked for one by one at the cost of one look.
    """

    def __init__(self, grounding: Grounding, volume: Volume, volume_id: str, cache: Cache) -> None:
        """``volume`` is in canonical order."""
        self._grounding = grounding
        self._request = MaskRequest(volume, volume_id, (), 0, PackedMask.empty())
        self._cache = cache
        self._latest: tuple[str, list[Finding]] | None = None

    def read(self, phrases: Sequence[str]) -> np.ndarray:
        """The seg tokens of phrases, from one pass of the language model: float32 (len(phrases), d)."""
        return self._grounding.read(self._request, phrases, self._cache)

    def meant_by(self, tokens: np.ndarray, cancelled: Cancel) -> list[Finding]:
        """The objects that seg tokens (1, d) mean, the most certain first; none if nothing scores."""
        return self._grounding.findings(replace(self._request, tokens=tokens), self._cache, cancelled)

    def of_size(self, phrase: str, findings: Sequence[Finding]) -> list[Finding]:
        """Those of what was found that are as large as ``phrase`` says, by their longest axial diameters."""
        limit = split_size(phrase)[1]
        return list(findings) if limit is None else [f for f in findings if limit.holds(self.diameter_mm(f))]

    def diameter_mm(self, finding: Finding) -> float:
        """The longest axial diameter."""
        found = axial_diameters(self._request.volume, finding.mask)
        return 0.0 if found is None else found.long_axis_mm

    def named_by(self, phrase: str, cancelled: Cancel) -> list[Finding]:
        """The objects that a phrase names, the most certain first; none if nothing scores."""
        if self._latest is None or self._latest[0] != phrase:
            self._latest = (phrase, self.of_size(phrase, self.meant_by(self.read([phrase]), cancelled)))
        return self._latest[1]

    def answer(self, phrase: Phrase, cancelled: Cancel) -> Answer:
        """The objects that ``phrase`` names: each as a candidate, smallest first, and after them all of them together.

        Raises:
            PromptError: nothing that it names was found.
        """
        findings = self.named_by(phrase.text, cancelled)
        if not findings:
            raise PromptError(not_found(phrase.text))
        if phrase.number > len(findings):
            raise PromptError(f"“{phrase.text}” names only {len(findings)} object(s) in this scan.")
        if phrase.number:
            return Answer((findings[phrase.number - 1].estimate,))
        smallest_first = sorted(findings, key=lambda finding: finding.mask.voxel_count)
        estimates = tuple(finding.estimate for finding in smallest_first)
        return Answer((*estimates, together(estimates)), len(estimates)) if len(estimates) > 1 else Answer(estimates)


def not_found(phrase: str) -> str:
    """The sentence for the user when nothing that a phrase names was found."""
    return f"No “{phrase}” was found in this scan; click on it, or name it differently."


def none_of_size(phrase: str, largest_mm: float, count: int) -> str:
    """The sentence for the user when what was found is not as large as a phrase says."""
    words, limit = split_size(phrase)
    size = "" if limit is None else f" {limit.words}"
    found = "the one found measures" if count == 1 else f"the largest of the {count} found measures"
    return f"No “{words}”{size}: {found} {largest_mm:.0f} mm in its longest axial diameter."


def find_objects(
    finder: PhraseFinder, objects: NewObjects, phrases: Sequence[str], cancelled: Cancel
) -> Iterator[Event]:
    """Make an object of everything that ``phrases`` name, the objects of each phrase the most certain first.

    Raises:
        PromptError: there is no phrase, or an empty one.
        Cancelled: ``cancelled()`` became true, between two phrases or two looks.
    """
    for phrase in phrases or ("",):
        check(Phrase(phrase), ())
    tokens = finder.read(phrases)
    for index, phrase in enumerate(phrases):
        if cancelled():
            raise Cancelled
        yield Progress(index / len(phrases), f"{phrase}, {index + 1} of {len(phrases)}")
        of_any_size = finder.meant_by(tokens[index : index + 1], cancelled)
        findings = finder.of_size(phrase, of_any_size)
        if not of_any_size:
            yield NotFound(phrase, not_found(phrase))
        elif not findings:
            largest_mm = max(map(finder.diameter_mm, of_any_size))
            yield NotFound(phrase, none_of_size(phrase, largest_mm, len(of_any_size)))
        for number, finding in enumerate(findings, start=1):
            begun = objects.answered((Phrase(phrase, number),), Answer((finding.estimate,)))
            object_id, regions = objects.add(begun)
            yield FoundObject(object_id, phrase, number, len(findings))
            yield from regions
