"""One simulated user segmenting one object."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from time import perf_counter

import numpy as np

from MedVLSAM2Lib.evaluation.cases import Case, LabelledObject
from MedVLSAM2Lib.evaluation.metrics import dice, interactions_to_reach, surface_dice
from MedVLSAM2Lib.evaluation.peak_memory import forget_peak, peak_bytes
from MedVLSAM2Lib.evaluation.segmenter import Interaction, Segmenter, SteppingInteraction
from MedVLSAM2Lib.evaluation.simulated_user import SimulatedUser, Start
from MedVLSAM2Lib.prompts import Prompt


@dataclass(frozen=True)
class Step:
    """One interaction: what was given, and how good the mask was after it.

    Attributes:
        prompt: the prompt, in words.
        dsc: Dice of the mask.
        nsd: normalised surface distance of the mask at 2 mm.
        seconds: from the prompt to the mask.
        peak_bytes: the most memory that the process which answers held meanwhile, with all that was in it before: its
            libraries, the scan and every segmenter of the run; None where the system does not tell.
        is_empty: whether the mask has no voxel.
    """

    prompt: str
    dsc: float
    nsd: float
    seconds: float
    peak_bytes: int | None = None
    is_empty: bool = False


@dataclass(frozen=True)
class Course:
    """All interactions of one user with one object; shorter than asked for when the mask became perfect."""

    case: str
    object: str
    group: str
    volume_ml: float
    segmenter: str
    start: Start
    steps: tuple[Step, ...]

    def dsc_after(self, interactions: int) -> float:
        """DSC after so many interactions (from 1), or after the last one when there were fewer."""
        return self._after(interactions).dsc

    def nsd_after(self, interactions: int) -> float:
        """NSD at 2 mm after so many interactions (from 1), or after the last one when there were fewer."""
        return self._after(interactions).nsd

    def interactions_to_reach(self, dsc: float) -> int | None:
        """After how many interactions the DSC was first reached; None if it never was."""
        return interactions_to_reach([step.dsc for step in self.steps], dsc)

    @property
    def peak_bytes(self) -> int | None:
        """The most memory that the process which answers held during any interaction; None where it is not known."""
        return max((step.peak_bytes for step in self.steps if step.peak_bytes is not None), default=None)

    def _after(self, interactions: int) -> Step:
        return self.steps[min(interactions, len(self.steps)) - 1]


@dataclass(frozen=True)
class _Answered:
    prompt: Prompt
    mask: np.ndarray
    seconds: float
    peak_bytes: int | None


def last_mask(segmenter: Segmenter, case: Case, target: LabelledObject, start: Start, interactions: int) -> np.ndarray:
    """The mask (bool, K, J, I) that ``run_course`` ends with: the simulated user does the same again."""
    user, interaction = SimulatedUser(case.volume, target.truth), segmenter.start(case.volume, case.name)
    *_, last = _answers(user, interaction, target.truth, start, interactions)
    return last.mask


def run_course(
    segmenter: Segmenter, case: Case, target: LabelledObject, start: Start, interactions: int
) -> Course | None:
    """Let the simulated user segment ``target``; None when the start asks for candidates and there are none to ask for.

    The user begins as ``start`` says and then clicks in the largest error, ``interactions`` prompts in all.
    """
    user, interaction = SimulatedUser(case.volume, target.truth), segmenter.start(case.volume, case.name)
    if start.uses_candidates and not isinstance(interaction, SteppingInteraction):
        return None
    steps = [
        _step(answer, target.truth, case.volume.spacing_mm)
        for answer in _answers(user, interaction, target.truth, start, interactions)
    ]
    millilitres = np.count_nonzero(target.truth) * case.volume.voxel_volume_mm3 / 1000
    return Course(case.name, target.name, target.group, millilitres, segmenter.name, start, tuple(steps))


def _step(answer: _Answered, truth: np.ndarray, spacing_mm: Sequence[float]) -> Step:
    return Step(
        str(answer.prompt),
        dice(answer.mask, truth),
        surface_dice(answer.mask, truth, spacing_mm),
        answer.seconds,
        answer.peak_bytes,
        not answer.mask.any(),
    )


def _answers(
    user: SimulatedUser, interaction: Interaction, truth: np.ndarray, start: Start, interactions: int
) -> Iterator[_Answered]:
    """Each prompt and what came of it; it ends early when the mask has become perfect."""
    prompt: Prompt | None = user.first_prompt(start)
    for count in range(interactions):
        if prompt is None:
            return
        begins_anew = forget_peak()
        began = perf_counter()
        mask = interaction.add([prompt])
        seconds = perf_counter() - began
        peak = peak_bytes() if begins_anew else None
        if not count and start.uses_candidates and isinstance(interaction, SteppingInteraction):
            mask = choose_best_candidate(interaction, mask, truth)
        yield _Answered(prompt, mask, seconds, peak)
        prompt = user.next_click(mask)


def choose_best_candidate(interaction: SteppingInteraction, shown: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Step through all candidates and back to the one most like ``truth``: its mask (bool, K, J, I).

    This is what a user who looks at all of them would settle on, and the most that choosing can gain. ``shown`` is the
    mask of the candidate that is shown now.
    """
    best, best_score, best_mask = interaction.candidate, dice(shown, truth), shown
    for candidate in range(interaction.candidates):
        if candidate != interaction.candidate:
            mask = interaction.step(candidate - interaction.candidate)
            score = dice(mask, truth)
            if score > best_score:
                best, best_score, best_mask = candidate, score, mask
    if best != interaction.candidate:
        interaction.step(best - interaction.candidate)
    return best_mask
