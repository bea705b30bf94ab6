"""One simulated user segmenting one object."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from time import perf_counter

import numpy as np

from MedVLSAM2Lib.evaluation.cases import Case, LabelledObject
from MedVLSAM2Lib.evaluation.metrics import dice, interactions_to_reach, surface_dice
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
    """

    prompt: str
    dsc: float
    nsd: float
    seconds: float


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

    def _after(self, interactions: int) -> Step:
        return self.steps[min(interactions, len(self.steps)) - 1]


def last_mask(segmenter: Segmenter, case: Case, target: LabelledObject, start: Start, interactions: int) -> np.ndarray:
    """The mask (bool, K, J, I) that ``run_course`` ends with: the simulated user does the same again."""
    user, interaction = SimulatedUser(case.volume, target.truth), segmenter.start(case.volume, case.name)
    *_, (_, mask, _) = _answers(user, interaction, target.truth, start, interactions)
    return mask


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
        Step(str(prompt), dice(mask, target.truth), surface_dice(mask, target.truth, case.volume.spacing_mm), seconds)
        for prompt, mask, seconds in _answers(user, interaction, target.truth, start, interactions)
    ]
    millilitres = np.count_nonzero(target.truth) * case.volume.voxel_volume_mm3 / 1000
    return Course(case.name, target.name, target.group, millilitres, segmenter.name, start, tuple(steps))


def _answers(
    user: SimulatedUser, interaction: Interaction, truth: np.ndarray, start: Start, interactions: int
) -> Iterator[tuple[Prompt, np.ndarray, float]]:
    """Each prompt, the mask after it, and the seconds in between; it ends early when the mask has become perfect."""
    prompt: Prompt | None = user.first_prompt(start)
    for count in range(interactions):
        if prompt is None:
            return
        began = perf_counter()
        mask = interaction.add([prompt])
        seconds = perf_counter() - began
        if not count and start.uses_candidates and isinstance(interaction, SteppingInteraction):
            mask = choose_best_candidate(interaction, mask, truth)
        yield prompt, mask, seconds
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
