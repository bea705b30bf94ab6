"""How a network does on scans it never learns from: always the same scans, words and clicks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from MedVLSAM2Lib.model.mask_model import Cache, MaskRequest
from MedVLSAM2Lib.model.patches.mask_model import PatchMaskModel
from MedVLSAM2Lib.session.cache import ByteBoundedCache
from MedVLSAM2Lib.session.grounding import Grounding
from MedVLSAM2Lib.session.views import ViewPlanner
from MedVLSAM2Lib.training.config import TrainingConfig
from MedVLSAM2Lib.training.data.cases import Case
from MedVLSAM2Lib.training.joint.config import JointConfig
from MedVLSAM2Lib.training.joint.conversation_tokens import ConversationTokens
from MedVLSAM2Lib.training.joint.network import JointNetwork
from MedVLSAM2Lib.training.joint.phrase_states import phrase_states
from MedVLSAM2Lib.training.language.example import LanguageExample
from MedVLSAM2Lib.training.language.people import People
from MedVLSAM2Lib.training.language.source import LanguageMix, LanguageSource
from MedVLSAM2Lib.training.learning.validation import Validation
from MedVLSAM2Lib.vocabulary import Vocabulary
from MedVLSAM2Lib.volume import PackedMask, Volume, VoxelBox

SEED = 20_26
FIRST_UNSEEN = 100_000
FOUND = 0.5
MEASURES = ("scan_organs", "phantom_organs", "phantom_findings", "false_masks", "chosen", "best", "guess_error",
            "click_1", "click_3")  # fmt: skip


@dataclass(frozen=True)
class _Asked:
    """A phrase about a volume, and its mask (bool, K, J, I), which is empty for what is not there."""

    kind: str
    volume: Volume
    phrase: str
    mask: np.ndarray


class JointValidation:
    """Words become masks on held-out patients and on phantoms that nobody learned from; clicks as ever."""

    measures = MEASURES

    def __init__(self, config: JointConfig, tokens: ConversationTokens, cases: Sequence[Case], people: Path | None):
        self._config, self._tokens = config, tokens
        vocabulary = Vocabulary.read()
        known = People(vocabulary, people)
        count = config.validation_objects
        held_out = [case for case in cases if case.held_out]
        self._asked = _asked(config, known, vocabulary, held_out, count)
        clicks = TrainingConfig(network=config.network.masks, validation_objects=count, bfloat16=config.bfloat16)
        self._clicks = Validation(cases, clicks) if held_out else None

    def run(self, network: JointNetwork) -> dict[str, float]:
        """Means over the objects: DSC of what is found for a phrase, the share of absent things that are found, and
        what ``Validation`` says of clicks."""
        network.eval()
        masks = PatchMaskModel(network.listener, ViewPlanner(), "validation")
        grounding = Grounding(_Reader(network, self._tokens, self._config.bfloat16), masks, FOUND)
        rows: dict[str, list[float]] = {}
        for number, asked in enumerate(self._asked):
            found = self._found(grounding, asked, number)
            if asked.kind == "false_masks":
                rows.setdefault(asked.kind, []).append(float(found.any()))
            else:
                total = int(found.sum()) + int(asked.mask.sum())
                rows.setdefault(asked.kind, []).append(2 * int((found & asked.mask).sum()) / max(total, 1))
        words = {name: float(np.mean(values)) for name, values in rows.items()}
        clicks = self._clicks.run(network.mask_model) if self._clicks else {}
        return dict.fromkeys(MEASURES, 0.0) | words | clicks

    def score(self, measured: dict[str, float]) -> float:
        """One number to compare checkpoints by."""
        words = measured["scan_organs"] + measured["phantom_organs"] + measured["phantom_findings"]
        return words - measured["false_masks"] + measured["chosen"] + measured["click_1"] + measured["click_3"]

    def _found(self, grounding: Grounding, asked: _Asked, number: int) -> np.ndarray:
        cache = ByteBoundedCache()
        request = MaskRequest(asked.volume, str(number), (), 0, PackedMask.empty())
        worded = replace(request, tokens=grounding.read(request, [asked.phrase], cache))
        whole = VoxelBox.of_shape(asked.volume.shape)
        found = np.zeros(asked.volume.shape, bool)
        for finding in grounding.findings(worded, cache, lambda: False):
            found |= finding.mask.unpack(whole)
        return found


class _Reader:
    """Reads phrases with a network in training."""

    def __init__(self, network: JointNetwork, tokens: ConversationTokens, bfloat16: bool) -> None:
        self._network, self._tokens, self._bfloat16 = network, tokens, bfloat16

    @torch.no_grad()
    def tokens(self, volume: Volume, volume_id: str, phrases: Sequence[str], cache: Cache) -> np.ndarray:
        """float32 (len(phrases), d)."""
        states = phrase_states(self._network, self._tokens, phrases, self._bfloat16)
        tokens: np.ndarray = self._network.seg_projector(states).cpu().numpy()
        return tokens


def _asked(
    config: JointConfig, people: People, vocabulary: Vocabulary, held_out: Sequence[Case], count: int
) -> list[_Asked]:
    """So many organs of scans, organs of phantoms, findings of phantoms, and things that are not there."""
    data = replace(config.language_data, people=config.validation_people, first_person=FIRST_UNSEEN, absent_phrases=2)
    sources = [("phantom", LanguageSource(people, vocabulary, (), replace(data, mix=LanguageMix(1, 0.3, 0, 0))))]
    if any(case.image is not None for case in held_out):
        sources.append(
            ("scan", LanguageSource(people, vocabulary, held_out, replace(data, mix=LanguageMix(0, 0, 1, 0))))
        )
    made: list[_Asked] = []
    for name, source in sources:
        for number in range(count // 2):
            rng = np.random.default_rng((SEED, number))
            made += _of_example(name, source.draw(rng), rng)
    return made


def _of_example(source: str, drawn: LanguageExample, rng: np.random.Generator) -> list[_Asked]:
    """Two organs by name, a finding in other words, and something that is not there."""
    organs = [facts.name for facts in drawn.facts.seen()]
    chosen = [organs[int(n)] for n in rng.permutation(len(organs))[:2]]
    made = [_Asked(f"{source}_organs", drawn.volume, name, drawn.mask((name,))) for name in chosen]
    findings = {finding.name for finding in drawn.facts.findings}
    pointed = [phrase for phrase in drawn.phrases if source == "phantom" and set(phrase.target) <= findings]
    made += [_Asked("phantom_findings", drawn.volume, p.text, drawn.mask(p.target)) for p in pointed[:1]]
    nothing = np.zeros(drawn.labels.shape, bool)
    return made + [_Asked("false_masks", drawn.volume, text, nothing) for text in drawn.absent_phrases[:1]]
