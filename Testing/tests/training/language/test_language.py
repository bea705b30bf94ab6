"""Wordings, phrases, texts that are put together, and claims that are read."""

from __future__ import annotations

import numpy as np
import pytest

from MedVLSAM2Lib.slots import MOST_SEGS, SEG
from MedVLSAM2Lib.training.facts.facts import Facts, Visibility
from MedVLSAM2Lib.training.language.grammar import Grammar
from MedVLSAM2Lib.training.language.presence import Presence, deniable, presence
from MedVLSAM2Lib.training.language.reading import FindingClaim, OrganClaim, Reader
from MedVLSAM2Lib.training.language.referring import Phrases
from MedVLSAM2Lib.training.language.said import Said, Turn, joined
from MedVLSAM2Lib.training.language.words import listed, with_article
from MedVLSAM2Lib.vocabulary import Side, Vocabulary


def test_a_wording_makes_its_choices_and_fills_its_places() -> None:
    grammar = Grammar({"greeting": ["(Hello|Hi), {who}(!|.)", "{Who}?"]})
    said = {grammar.said("greeting", np.random.default_rng(seed), who="world") for seed in range(60)}
    assert said == {"Hello, world!", "Hello, world.", "Hi, world!", "Hi, world.", "World?"}


def test_a_place_without_words_is_an_error() -> None:
    with pytest.raises(KeyError):
        Grammar({"greeting": ["{who}"]}).said("greeting", np.random.default_rng(0))


def test_texts_that_are_joined_keep_what_their_slots_speak_of() -> None:
    both = joined([Said(f"A {SEG} <volume:1>.", (("a",),)), Said(f"B {SEG}, C {SEG} <hu:2>.", (("b",), ("c",)))])
    assert both.text == f"A {SEG} <volume:1>. B {SEG}, C {SEG} <hu:3>."
    assert both.targets == (("a",), ("b",), ("c",))


def test_no_text_points_farther_than_slots_reach() -> None:
    many = joined([Said(f"A {SEG}.", (("a",),))] * (MOST_SEGS + 5))
    assert len(many.targets) == MOST_SEGS


def test_a_mark_without_a_target_is_an_error() -> None:
    with pytest.raises(ValueError, match="points 1 times"):
        Said(f"The liver {SEG}.")


def test_nouns_are_put_together_as_people_do() -> None:
    assert with_article("aortic aneurysm") == "an aortic aneurysm"
    assert with_article("lung nodule") == "a lung nodule"
    assert listed(["a", "b", "c"]) == "a, b and c"


@pytest.mark.parametrize(
    ("text", "claims"),
    [
        ("No, there is no renal cyst in the left kidney.", [FindingClaim("renal cyst", is_denied=True, organ="left kidney")]),
        ("There are two lung nodules [SEG] in the right lung.", [FindingClaim("lung nodule", count=2, organ="right lung")]),
        (
            "A large pleural effusion [SEG] on the right holds <volume:1>.",
            [FindingClaim("pleural effusion", side=Side.RIGHT, size="large")],
        ),
        (
            "There is a calcified pulmonary nodule in the upper third of the left lung and a hepatic cyst.",
            [FindingClaim("lung nodule", organ="left lung", level="upper", is_dense=True), FindingClaim("liver cyst")],
        ),
        ("The spleen is absent.", [OrganClaim("spleen", Visibility.ABSENT)]),
        ("I cannot tell: both lungs are not in view.", [
            OrganClaim("right lung", Visibility.OUT_OF_VIEW), OrganClaim("left lung", Visibility.OUT_OF_VIEW)]),
        ("The liver [SEG] measures <volume:1>.", []),
        ("On the right: the renal cyst [SEG].", [FindingClaim("renal cyst", side=Side.RIGHT)]),
    ],
)  # fmt: skip
def test_claims_are_read(reader: Reader, text: str, claims: list[object]) -> None:
    assert list(reader.claims(text)) == claims


@pytest.fixture(scope="module")
def every_facts(conversations: list[tuple[object, Facts, tuple[Turn, ...]]]) -> list[Facts]:
    return [facts for _, facts, _ in conversations]


def test_phrases_of_size_mean_the_extreme_ones(every_facts: list[Facts], vocabulary: Vocabulary) -> None:
    found = 0
    for facts in every_facts:
        volumes = {finding.name: finding.measures.volume_ml for finding in facts.findings}
        for seed in range(40):
            phrase = Phrases(facts, vocabulary).finding(np.random.default_rng(seed))
            if phrase is None or "the larg" not in phrase.text:
                continue
            found += 1
            (name,) = phrase.target
            (finding,) = [finding for finding in facts.findings if finding.name == name]
            organ = next((organ for organ in facts.structures if f"in the {organ}" in phrase.text), None)
            assert volumes[name] == max(volumes[f.name] for f in facts.findings_of(finding.kind, organ))
    assert found


def test_a_phrase_for_all_means_all(every_facts: list[Facts], vocabulary: Vocabulary) -> None:
    for facts in every_facts:
        for seed in range(20):
            phrase = Phrases(facts, vocabulary).findings(np.random.default_rng(seed))
            if phrase is not None and " in " not in phrase.text and "along" not in phrase.text:
                kind = next(f.kind for f in facts.findings if f.name == phrase.target[0])
                assert set(phrase.target) == {finding.name for finding in facts.findings_of(kind)}


def test_where_nobody_looked_nothing_is_denied() -> None:
    facts = Facts("CT", None, ("head", "neck"), {}, ())
    assert presence("lung nodule", facts) is Presence.UNKNOWN
    assert deniable(facts) == frozenset()
