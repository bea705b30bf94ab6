"""Reports by section: technique, findings region by region, impression."""

from __future__ import annotations

import numpy as np

from MedVLSAM2Lib.training.facts.facts import FindingFacts, Visibility
from MedVLSAM2Lib.training.language.said import Said, joined
from MedVLSAM2Lib.training.language.statements import Statements
from MedVLSAM2Lib.training.language.words import listed, noun_of, number, place_of, with_article

_PAIRS = {"chest": ("lung",), "abdomen": ("kidney",), "head": ("eye",), "neck": ("parotid gland",)}
_ORGANS = {
    "head": ("brain", "brainstem", "cerebellum", "mandible"),
    "neck": ("larynx", "thyroid gland", "spinal cord"),
    "chest": ("heart", "esophagus"),
    "abdomen": ("liver", "gallbladder", "spleen", "pancreas", "stomach", "aorta"),
    "pelvis": ("urinary bladder", "prostate", "sacrum"),
}
_KINDS = {
    "head": ("intracranial hemorrhage", "intracranial calcification", "brain mass"),
    "neck": (),
    "chest": ("lung nodule", "pleural effusion", "lung mass"),
    "abdomen": ("liver cyst", "liver mass", "splenic lesion", "gallstone", "renal cyst", "kidney stone",
                "aortic aneurysm", "aortic calcification"),
    "pelvis": (),
}  # fmt: skip
_EVERYWHERE = ("enlarged lymph node", "bone lesion", "soft-tissue mass")
_ORGANS_A_REGION = 3
_NEGATIVES_A_REGION = 2


class Reporter:
    """Writes reports of one scan."""

    def __init__(self, statements: Statements, deniable: frozenset[str]) -> None:
        """``deniable`` are the kinds of findings that can truly be said not to be there."""
        self._say, self._facts, self._deniable = statements, statements.facts, deniable

    def report(self, rng: np.random.Generator) -> Said:
        """All sections."""
        findings = [
            part for region in self._facts.regions for part in self._section(region, rng, f"{region.capitalize()}: ")
        ]
        elsewhere = self._findings(_EVERYWHERE, rng)
        findings += _headed("Elsewhere: ", elsewhere)
        said = joined(_sentences(findings or [self._nothing(rng)]))
        technique, impression = self._say.technique(rng).as_sentence(), self.impression(rng)
        parts = [Said("Technique: "), technique, Said("\nFindings: "), said, Said("\nImpression: "), impression]
        return joined(parts, between="")

    def section(self, region: str, rng: np.random.Generator) -> Said:
        """The findings of one region: its organs, what is wrong with them, and what is not."""
        return joined(_sentences(self._section(region, rng, "")))

    def impression(self, rng: np.random.Generator) -> Said:
        """What matters in a sentence, without numbers."""
        if not self._facts.findings:
            return self._nothing(rng).as_sentence()
        groups: dict[tuple[str, str], list[FindingFacts]] = {}
        for finding in self._facts.findings:
            groups.setdefault((finding.kind, place_of(finding, with_level=False)), []).append(finding)
        return Said(f"{listed([self._in_short(group) for group in groups.values()])}.").as_sentence()

    def _nothing(self, rng: np.random.Generator) -> Said:
        return self._say.nothing(rng) if self._facts.searched_kinds else self._say.not_looked_for(rng)

    def _section(self, region: str, rng: np.random.Generator, heading: str) -> list[Said]:
        if self._facts.is_surveyed:
            return _headed(heading, self._surveyed(region, rng))
        organs = [self._say.pair(term, rng) for term in _PAIRS.get(region, ())]
        names = [str(name) for name in rng.permutation(_ORGANS[region])[:_ORGANS_A_REGION]]
        spoken = [
            name for name in _ORGANS[region] if name in names or self._facts.visibility(name) is Visibility.ABSENT
        ]
        organs += [self._say.organ(name, rng) for name in spoken]
        said = [part for part in organs if part is not None]
        said += self._findings(_KINDS[region], rng)
        seen = {finding.kind for finding in self._facts.findings}
        negatives = [kind for kind in _KINDS[region] if kind in self._deniable and kind not in seen]
        said += [self._say.none(str(kind), rng) for kind in rng.permutation(negatives)[:_NEGATIVES_A_REGION]]
        return _headed(heading, said)

    def _surveyed(self, region: str, rng: np.random.Generator) -> list[Said]:
        """Everything in a region that was looked for, in the order in which it was."""
        known = [found for found in self._facts.structures.values() if found.structure.term.region == region]
        said = (self._say.organ(found.name, rng) for found in known)
        return [part for part in said if part is not None]

    def _in_short(self, alike: list[FindingFacts]) -> str:
        place = place_of(alike[0], with_level=False)
        if len(alike) == 1:
            return f"{with_article(noun_of(alike[0]))} {place}"
        count = "" if alike[0].kind in self._facts.hidden_kinds else f"{number(len(alike))} "
        return f"{count}{self._say.vocabulary.term(alike[0].kind).plural} {place}"

    def _findings(self, kinds: tuple[str, ...], rng: np.random.Generator) -> list[Said]:
        return self._say.findings([f for f in self._facts.findings if f.kind in kinds], rng)


def _headed(heading: str, said: list[Said]) -> list[Said]:
    if not said:
        return []
    first = said[0].as_sentence()
    return [Said(heading + first.text, first.targets), *said[1:]]


def _sentences(parts: list[Said]) -> list[Said]:
    return [part.as_sentence() for part in parts]
