"""Whether a kind of finding can be said to be there, or not to be there, or neither."""

from __future__ import annotations

from enum import StrEnum

from MedVLSAM2Lib.training.facts.facts import Facts, Visibility

_LUNGS, _KIDNEYS = ("right lung", "left lung"), ("right kidney", "left kidney")
HOSTS: dict[str, tuple[str, ...]] = {
    "lung nodule": _LUNGS,
    "pleural effusion": _LUNGS,
    "liver cyst": ("liver",),
    "liver mass": ("liver",),
    "splenic lesion": ("spleen",),
    "gallstone": ("gallbladder",),
    "renal cyst": _KIDNEYS,
    "kidney stone": _KIDNEYS,
    "aortic aneurysm": ("aorta",),
    "aortic calcification": ("aorta",),
    "bone lesion": ("spine",),
    "intracranial hemorrhage": ("brain",),
    "intracranial calcification": ("brain",),
    "brain mass": ("brain",),
}
"""Where findings of a kind lie; those of other kinds may lie anywhere."""


class Presence(StrEnum):
    """What can be said of a kind of finding."""

    SEEN = "seen"
    NONE = "none"
    NONE_IN_PART = "none in the part that is in view"
    OUT_OF_VIEW = "its place is out of view"
    ABSENT = "its place is absent"
    UNKNOWN = "unknown"


def presence(kind: str, facts: Facts, organ: str | None = None) -> Presence:
    """Of a kind of finding anywhere, or in one organ (its full name)."""
    if facts.findings_of(kind, organ):
        return Presence.SEEN
    if kind not in facts.searched_kinds or kind in facts.hidden_kinds:
        return Presence.UNKNOWN
    hosts = (organ,) if organ else HOSTS.get(kind, ())
    seen = [facts.visibility(host) for host in hosts]
    if Visibility.UNKNOWN in seen:
        return Presence.UNKNOWN
    if not hosts or all(visibility is Visibility.WHOLE for visibility in seen):
        return Presence.NONE
    if all(visibility is Visibility.ABSENT for visibility in seen):
        return Presence.ABSENT
    if all(visibility is Visibility.OUT_OF_VIEW for visibility in seen):
        return Presence.OUT_OF_VIEW
    # Of what is absent nothing is missed; of what is cut or out of view something may be.
    is_complete = all(visibility in (Visibility.WHOLE, Visibility.ABSENT) for visibility in seen)
    return Presence.NONE if is_complete else Presence.NONE_IN_PART


def deniable(facts: Facts) -> frozenset[str]:
    """The kinds that are not there, as far as the scan shows."""
    return frozenset(
        kind for kind in facts.searched_kinds if presence(kind, facts) in (Presence.NONE, Presence.NONE_IN_PART)
    )
