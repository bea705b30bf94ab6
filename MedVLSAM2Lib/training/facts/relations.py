"""What lies next to what, as far as it can be said without doubt."""

from __future__ import annotations

from MedVLSAM2Lib.training.facts.facts import Facts, Measures, Visibility

# Large enough, and known well enough, to say where others are.
MAIN_ORGANS = (
    "right lung", "left lung", "heart", "liver", "spleen", "stomach", "right kidney", "left kidney", "urinary bladder",
    "brain", "cerebellum", "mandible", "larynx",
)  # fmt: skip
_NEAR_MM = 30.0
_SHARED_FOOTPRINT = 0.5


def just_below(facts: Facts, name: str) -> str | None:
    """The one main organ under the main organ ``name``; None when none or several could be meant."""
    organ = _whole(facts, name) if name in MAIN_ORGANS else None
    if organ is None:
        return None
    others = ((other, _whole(facts, other)) for other in MAIN_ORGANS if other != name)
    found = [other for other, measures in others if measures is not None and _is_under(measures, organ)]
    return found[0] if len(found) == 1 else None


def just_above(facts: Facts, name: str) -> str | None:
    """The one main organ that ``name`` is just below of; None when none or several could be meant."""
    found = [other for other in MAIN_ORGANS if just_below(facts, other) == name]
    return found[0] if len(found) == 1 else None


def _whole(facts: Facts, name: str) -> Measures | None:
    known = facts.structures.get(name)
    return known.measures if known is not None and known.visibility is Visibility.WHOLE else None


def _is_under(lower: Measures, upper: Measures) -> bool:
    """Whether one lies in the other's shadow, and its middle below the other's lower end or little above it."""
    height = upper.high[2] - upper.low[2]
    gap = upper.low[2] - lower.high[2]
    is_below = lower.centre[2] < upper.low[2] + 0.12 * height and gap < _NEAR_MM
    return is_below and _shared(lower, upper) > _SHARED_FOOTPRINT


def _shared(one: Measures, other: Measures) -> float:
    """How much of the smaller one's footprint the other covers, both taken as boxes."""
    shared = areas = 1.0
    other_area = 1.0
    for axis in (0, 1):
        shared *= max(min(one.high[axis], other.high[axis]) - max(one.low[axis], other.low[axis]), 0.0)
        areas *= one.high[axis] - one.low[axis]
        other_area *= other.high[axis] - other.low[axis]
    return shared / max(min(areas, other_area), 1e-6)
