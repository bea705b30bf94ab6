"""The stream of examples."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from MedVLSAM2Lib.training.data.cases import Case
from MedVLSAM2Lib.training.facts.facts import Visibility
from MedVLSAM2Lib.training.language.checking import untruths
from MedVLSAM2Lib.training.language.people import People
from MedVLSAM2Lib.training.language.reading import Reader
from MedVLSAM2Lib.training.language.source import LanguageConfig, LanguageMix, LanguageSource
from MedVLSAM2Lib.training.phantom import Part
from MedVLSAM2Lib.vocabulary import Kind, Vocabulary


def test_an_example_has_a_volume_on_the_grid_a_conversation_and_masks(source: LanguageSource) -> None:
    for seed in range(6):
        example = source.draw(np.random.default_rng(seed))
        assert example.volume.shape == example.labels.shape == (24, 32, 40)
        assert example.volume.array.dtype == np.int16
        assert 1 <= len(example.turns) <= 6
        for turn in example.turns:
            masks = example.masks(turn)
            assert masks.shape == (len(turn.answer.targets), 24, 32, 40)
            assert masks.any(axis=(1, 2, 3)).all()


def test_absent_phrases_name_nothing_that_is_seen(source: LanguageSource, vocabulary: Vocabulary) -> None:
    spoken = 0
    for seed in range(12):
        example = source.draw(np.random.default_rng(seed))
        for phrase in example.absent_phrases:
            spoken += 1
            (meant, *_) = vocabulary.meant_by(phrase.removeprefix("the ").split(" in the ")[0].split(" along ")[0])
            organ = phrase.split(" in the ")[1] if " in the " in phrase else None
            if meant.term.kind is Kind.FINDING:
                assert not example.facts.findings_of(meant.term.name, organ)
            else:
                assert not example.facts.visibility(meant.name).is_seen
    assert spoken > 12


def test_equal_generators_draw_equal_examples(
    source: LanguageSource, people_folder: Path, vocabulary: Vocabulary
) -> None:
    other = LanguageSource(People(vocabulary, people_folder, in_memory=1), vocabulary, config=source.config)
    for seed in range(4):
        one, again = source.draw(np.random.default_rng(seed)), other.draw(np.random.default_rng(seed))
        assert (one.turns, one.absent_phrases) == (again.turns, again.absent_phrases)
        assert np.array_equal(one.volume.array, again.volume.array)
        assert np.array_equal(one.labels, again.labels)
        assert np.allclose(one.volume.ijk_to_ras, again.volume.ijk_to_ras)
    assert one.turns != source.draw(np.random.default_rng(99)).turns


def test_a_person_read_from_disk_is_the_person_that_was_made(people: People, vocabulary: Vocabulary) -> None:
    kept, made = people.scan(Part.HEAD, 1), People(vocabulary).scan(Part.HEAD, 1)
    assert np.array_equal(kept.volume.array, made.volume.array)
    assert np.array_equal(kept.labels, made.labels)
    assert (kept.ids, kept.findings, kept.wholes, kept.absent) == (made.ids, made.findings, made.wholes, made.absent)
    assert (kept.phase, kept.searched_kinds) == (made.phase, made.searched_kinds)


def _source_of(kind: str, cases: list[Case], people: People, vocabulary: Vocabulary) -> LanguageSource:
    shares = dict.fromkeys(("trunk", "head", "scan", "label_map"), 0.0) | {kind: 1.0}
    return LanguageSource(people, vocabulary, cases, LanguageConfig(grid=(24, 32, 32), mix=LanguageMix(**shares)))


@pytest.mark.parametrize("kind", ["scan", "label_map"])
def test_real_cases_are_spoken_of_truly(
    kind: str, the_cases: list[Case], people: People, vocabulary: Vocabulary, reader: Reader
) -> None:
    source = _source_of(kind, the_cases, people, vocabulary)
    for seed in range(20):
        example = source.draw(np.random.default_rng(seed))
        assert example.kind == kind
        for turn in example.turns:
            assert untruths(turn.answer.text, example.facts, reader) == []
            assert turn.kind not in ("report", "abnormal", "count")


def test_a_label_that_is_missing_is_no_negative(the_cases: list[Case], people: People, vocabulary: Vocabulary) -> None:
    source = _source_of("scan", [case for case in the_cases if case.group == "head_neck"], people, vocabulary)
    for seed in range(20):
        example = source.draw(np.random.default_rng(seed))
        assert example.facts.visibility("left parotid gland") is Visibility.UNKNOWN
        assert not any("parotid" in turn.question + turn.answer.text for turn in example.turns)


def test_a_label_map_gets_an_image_in_which_its_structures_show(
    the_cases: list[Case], people: People, vocabulary: Vocabulary
) -> None:
    source = _source_of("label_map", [case for case in the_cases if case.name == "s1"], people, vocabulary)
    example = source.draw(np.random.default_rng(0))
    kidney = np.isin(example.labels, example.ids["left kidney"])
    assert example.volume.array[kidney].mean() > example.volume.array[example.labels == 0].mean() + 50


def test_the_trunk_is_drawn_often_however_few_cases_show_it(
    the_cases: list[Case], people: People, vocabulary: Vocabulary
) -> None:
    necks = [
        replace(case, name=f"{case.name} {n}") for case in the_cases if case.group == "head_neck" for n in range(9)
    ]
    trunks = [case for case in the_cases if case.group == "trunk"]
    source = _source_of("scan", [*necks, *trunks], people, vocabulary)
    names = [source.draw(np.random.default_rng(seed)).volume.name for seed in range(40)]
    drawn = sum(name in {case.name for case in trunks} for name in names)
    assert 4 < drawn < 20  # of 40, at 0.25 / 0.85


def test_a_mix_without_cases_is_refused(people: People, vocabulary: Vocabulary) -> None:
    with pytest.raises(ValueError, match="no case fits"):
        _source_of("scan", [], people, vocabulary)
