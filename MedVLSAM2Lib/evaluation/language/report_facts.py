"""The findings that a text speaks of, one by one against those that are there."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from MedVLSAM2Lib.training.facts.facts import Facts, FindingFacts
from MedVLSAM2Lib.training.language.reading import FindingClaim, Reader

SIZE_TOLERANCE = 0.25
_SENTENCE = re.compile(r"(?<=[.;?!])\s+|\n")
_MILLIMETRES = re.compile(r"(\d+(?:\.\d+)?)(?: ?mm)?(?: (?:by|x|×) \d+(?:\.\d+)?)? ?mm")
_IMPRESSION = re.compile(r"\bImpression:")


@dataclass(frozen=True)
class ReportFacts:
    """Counts of findings.

    Attributes:
        there: how many are there.
        found: of them, how many the text speaks of, in the right organ or in none.
        invented: how many it speaks of that are not there.
        claimed: how many it speaks of.
        wrong_side: of those of a kind that is there, how many lie on another side or in another organ.
        sized: how many sizes it tells of findings that are there.
        wrong_size: of them, how many are off by more than ``SIZE_TOLERANCE``.
    """

    there: int = 0
    found: int = 0
    invented: int = 0
    claimed: int = 0
    wrong_side: int = 0
    sized: int = 0
    wrong_size: int = 0

    def __add__(self, other: ReportFacts) -> ReportFacts:
        return ReportFacts(*(a + b for a, b in zip(vars(self).values(), vars(other).values(), strict=True)))


def report_facts(text: str, facts: Facts, reader: Reader) -> ReportFacts:
    """What a text says of findings; an impression, which says them again, is left out."""
    left = list(facts.findings)
    counts = ReportFacts(there=len(left))
    for sentence in _SENTENCE.split(_IMPRESSION.split(text)[0]):
        claims = [c for c in reader.claims(sentence) if isinstance(c, FindingClaim) and not c.is_denied]
        sizes = [float(size) for size in _MILLIMETRES.findall(sentence)]
        for claim in claims:
            counts += _checked(claim, left, sizes if len(claims) == 1 else [])
    return counts


def _checked(claim: FindingClaim, left: list[FindingFacts], sizes: Sequence[float]) -> ReportFacts:
    """One claim, which takes the findings that it speaks of out of ``left``."""
    said = claim.count or 1
    alike = [finding for finding in left if finding.kind == claim.kind and _in_place(claim, finding)]
    taken = alike[:said]
    for finding in taken:
        left.remove(finding)
    elsewhere = [finding for finding in left if finding.kind == claim.kind]
    wrong_side = min(said - len(taken), len(elsewhere))
    wrong = [size for size in sizes[:1] if taken and not _is_near(size, taken)]
    return ReportFacts(
        found=len(taken),
        invented=said - len(taken) - wrong_side,
        claimed=said,
        wrong_side=wrong_side,
        sized=len(sizes[:1]) if taken else 0,
        wrong_size=len(wrong),
    )


def _in_place(claim: FindingClaim, finding: FindingFacts) -> bool:
    return claim.organ in (None, finding.organ) and claim.side in (None, finding.side)


def _is_near(size: float, findings: Sequence[FindingFacts]) -> bool:
    return any(abs(size / max(f.measures.diameter_mm, 0.1) - 1) <= SIZE_TOLERANCE for f in findings)
