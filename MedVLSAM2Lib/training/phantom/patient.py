"""Who lies on the table: which findings to put in, what was taken out, and the phase of the contrast medium."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from MedVLSAM2Lib.training.phantom.structures import Phase


class Part(StrEnum):
    """The part of the body that is made."""

    TRUNK = "trunk"
    HEAD = "head"


@dataclass(frozen=True)
class FindingRequest:
    """A finding to put into a person; where it lies in its organ is decided by the person's seed.

    Attributes:
        kind: in the words of the vocabulary; ``RECIPES`` has all there are.
        organ: the label of the structure that holds it.
        radius_mm: about half its size; of an effusion, how deep it is.
        dense: a calcified nodule, a sclerotic bone lesion; of other kinds without effect.
    """

    kind: str
    organ: str
    radius_mm: float
    dense: bool = False


@dataclass(frozen=True)
class Recipe:
    """What findings of a kind are like.

    Attributes:
        organs: where they may be.
        radii_mm: the smallest and the largest.
        weight: how often the kind is drawn.
        most: how many of them a person has at most.
        dense_share: how many are dense.
    """

    organs: tuple[str, ...]
    radii_mm: tuple[float, float]
    weight: float = 1.0
    most: int = 1
    dense_share: float = 0.0


_KIDNEYS = ("right kidney", "left kidney")
_LUNGS = ("right lung", "left lung")
_VERTEBRAE = tuple(f"vertebra {level}" for level in ("T5", "T7", "T8", "T10", "T12", "L1", "L2", "L3", "L4", "L5"))

RECIPES: dict[Part, dict[str, Recipe]] = {
    Part.TRUNK: {
        "lung nodule": Recipe(_LUNGS, (5.0, 15.0), weight=2.0, most=4, dense_share=0.35),
        "pleural effusion": Recipe(_LUNGS, (12.0, 75.0), weight=1.5, most=2),
        "liver cyst": Recipe(("liver",), (7.0, 24.0), weight=1.3, most=3),
        "liver mass": Recipe(("liver",), (8.0, 28.0), weight=1.3, most=3),
        "splenic lesion": Recipe(("spleen",), (7.0, 16.0)),
        "gallstone": Recipe(("gallbladder",), (4.0, 8.5), most=2),
        "renal cyst": Recipe(_KIDNEYS, (7.0, 22.0), weight=2.0, most=4),
        "kidney stone": Recipe(_KIDNEYS, (3.5, 7.0), weight=1.2, most=2),
        "aortic aneurysm": Recipe(("aorta",), (17.0, 27.0)),
        "aortic calcification": Recipe(("aorta",), (3.5, 5.0), most=3),
        "enlarged lymph node": Recipe(("mediastinal fat", "visceral fat"), (6.0, 12.0), most=3),
        "bone lesion": Recipe(_VERTEBRAE, (6.0, 10.0), most=2, dense_share=0.5),
    },
    Part.HEAD: {
        "intracranial hemorrhage": Recipe(("brain",), (8.0, 24.0), most=2),
        "intracranial calcification": Recipe(("brain",), (3.5, 7.0), most=3),
        "brain mass": Recipe(("brain",), (8.0, 24.0), most=2),
    },
}
REMOVABLE = ("right kidney", "left kidney", "spleen", "gallbladder")
_REMOVED_SHARE, _SHRUNKEN_SHARE = 0.25, 0.3


@dataclass(frozen=True)
class Patient:
    """A person as ordered.

    Attributes:
        part: what of the body is made.
        requests: the findings.
        phase: of the contrast medium.
        removed: labels of organs that were taken out, of ``REMOVABLE``.
        shrunken: the label of a kidney that is much smaller than the other.
    """

    part: Part = Part.TRUNK
    requests: tuple[FindingRequest, ...] = ()
    phase: Phase = Phase.PORTAL_VENOUS
    removed: frozenset[str] = frozenset()
    shrunken: str | None = None

    @classmethod
    def drawn(cls, rng: np.random.Generator, part: Part = Part.TRUNK) -> Patient:
        """Somebody with none to a handful of findings, perhaps without an organ, in any phase."""
        removed: frozenset[str] = frozenset()
        if part is Part.TRUNK and rng.random() < _REMOVED_SHARE:
            removed = frozenset({str(rng.choice(REMOVABLE))})
        recipes = RECIPES[part]
        most = 7 if part is Part.TRUNK else 3
        kinds = rng.choice(list(recipes), size=int(rng.integers(0, most)), replace=False, p=_weights(recipes))
        requests = [
            request for kind in kinds for request in _drawn_requests(str(kind), recipes[str(kind)], removed, rng)
        ]
        phase = Phase(str(rng.choice(list(Phase))))
        shrunken = str(rng.choice(_KIDNEYS)) if rng.random() < _SHRUNKEN_SHARE else None
        return cls(part, tuple(requests), phase, removed, shrunken)


def _weights(recipes: dict[str, Recipe]) -> np.ndarray:
    weights = np.array([recipe.weight for recipe in recipes.values()])
    return weights / weights.sum()


def _drawn_requests(
    kind: str, recipe: Recipe, removed: frozenset[str], rng: np.random.Generator
) -> list[FindingRequest]:
    organs = [organ for organ in recipe.organs if organ not in removed]
    if not organs:
        return []
    count = int(rng.integers(1, recipe.most + 1))
    # An effusion is one on a side; of the others several may lie in one organ.
    places = rng.choice(organs, size=min(count, len(organs)) if kind == "pleural effusion" else count,
                        replace=kind != "pleural effusion")  # fmt: skip
    smallest, largest = np.log(recipe.radii_mm)
    radii = np.exp(rng.uniform(smallest, largest, size=len(places)))
    dense = rng.random(len(places)) < recipe.dense_share
    return [FindingRequest(kind, str(o), float(r), bool(d)) for o, r, d in zip(places, radii, dense, strict=True)]
