"""Compares what a text claims with the facts."""

from __future__ import annotations

from collections.abc import Iterable

from MedVLSAM2Lib.slots import is_sound
from MedVLSAM2Lib.training.facts.facts import Facts, FindingFacts, Visibility
from MedVLSAM2Lib.training.language.reading import Claim, FindingClaim, OrganClaim, Reader
from MedVLSAM2Lib.training.language.words import size_word


def untruths(text: str, facts: Facts, reader: Reader) -> list[str]:
    """What a text claims that the facts do not bear out, in words; empty when all of it is true."""
    found = [] if is_sound(text) else [f"a number, or a slot that points nowhere: {text}"]
    return found + untrue(reader.claims(text), facts)


def untrue(claims: Iterable[Claim], facts: Facts) -> list[str]:
    """The claims that the facts do not bear out, in words."""
    checked = (_finding(claim, facts) if isinstance(claim, FindingClaim) else _organ(claim, facts) for claim in claims)
    return [wrong for wrong in checked if wrong is not None]


def _finding(claim: FindingClaim, facts: Facts) -> str | None:
    alike = [finding for finding in facts.findings if _fits(claim, finding)]
    if claim.is_denied:
        if claim.kind in facts.hidden_kinds or claim.kind not in facts.searched_kinds:
            return f"nobody can deny it: {claim}"
        return f"denied, but there: {claim}" if alike else None
    if not alike:
        return f"invented: {claim}"
    if claim.on_both_sides and len({finding.side for finding in alike}) < 2:
        return f"on one side only: {claim}"
    if claim.count is not None and claim.count != len(alike):
        return f"miscounted, there are {len(alike)}: {claim}"
    return None


def _fits(claim: FindingClaim, finding: FindingFacts) -> bool:
    said_and_true = (
        (claim.kind, finding.kind),
        (claim.organ, finding.organ),
        (claim.side, finding.side),
        (claim.level, finding.level),
        (claim.size, size_word(finding)),
        (claim.is_dense, finding.is_dense),
    )
    return all(said is None or said == true for said, true in said_and_true)


def _organ(claim: OrganClaim, facts: Facts) -> str | None:
    true = facts.visibility(claim.name)
    if true is claim.visibility:
        return None
    if claim.visibility is Visibility.NOT_FOUND and not true.is_seen:
        return None
    # "Partly" may be said of the part that is missing, or of the one that is there; nothing else is so near.
    return (
        f"said to be {claim.visibility}, is {true}: {claim.name}"
        if true is not Visibility.UNKNOWN
        else f"unknown: {claim}"
    )
