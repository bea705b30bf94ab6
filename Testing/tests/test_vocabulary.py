"""The table of what can be named."""

from __future__ import annotations

from pathlib import Path

import pytest

from MedVLSAM2Lib.training.data.sources import HEAD_NECK_LABELS
from MedVLSAM2Lib.vocabulary import Kind, Side, Structure, Vocabulary


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    return Vocabulary.read()


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("liver", ["liver"]),
        ("Kidneys", ["right kidney", "left kidney"]),
        ("left kidney", ["left kidney"]),
        ("L3", ["third lumbar vertebra"]),
        ("oesophagus", ["esophagus"]),
        ("bladder", ["urinary bladder"]),
        ("snark", []),
    ],
)
def test_words_of_any_spelling_mean_structures(vocabulary: Vocabulary, words: str, names: list[str]) -> None:
    assert [structure.name for structure in vocabulary.meant_by(words)] == names


@pytest.mark.parametrize(
    ("label", "names"),
    [
        ("kidney_right", {"right kidney"}),
        ("Parotid-Lt", {"left parotid gland"}),
        ("lung_upper_lobe_left", {"left upper lobe", "left lung"}),
        ("vertebrae_T7", {"seventh thoracic vertebra", "thoracic spine", "spine"}),
        ("rib_left_3", {"left ribs"}),
        ("renal stone", {"kidney stone"}),
    ],
)
def test_labels_of_public_data_sets_are_known(vocabulary: Vocabulary, label: str, names: set[str]) -> None:
    assert {structure.name for structure in vocabulary.of_label(label)} == names


def test_every_label_of_the_head_neck_scans_is_known(vocabulary: Vocabulary) -> None:
    assert all(vocabulary.of_label(label) for label in HEAD_NECK_LABELS.values())


def test_full_names_are_unique_and_free_of_digits(vocabulary: Vocabulary) -> None:
    structures = list(vocabulary.structures())
    assert (
        len({structure.name for structure in structures})
        == len(structures)
        == sum(len(t.sides) for t in vocabulary.terms)
    )
    assert not any(character.isdigit() for structure in structures for character in structure.name)
    assert all(vocabulary.structure(structure.name) == structure for structure in structures)


def test_no_spelling_means_two_things(vocabulary: Vocabulary) -> None:
    spellings = [words.lower() for term in vocabulary.terms for words in {term.name, term.plural, *term.synonyms}]
    assert sorted(set(spellings)) == sorted(spellings)


def test_paired_structures_are_coded_with_their_side(vocabulary: Vocabulary) -> None:
    kidney = vocabulary.term("kidney")
    assert kidney.code is not None
    assert (kidney.code.scheme, kidney.code.value) == ("SCT", "64033007")
    assert kidney.sides == (Side.RIGHT, Side.LEFT)
    assert kidney.kind is Kind.ORGAN
    assert Structure(kidney, Side.LEFT).name == "left kidney"


def test_another_file_is_refused_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "other.json").write_text('{"terms": [{"name": "liver"}]}')
    with pytest.raises(ValueError, match="is not a vocabulary"):
        Vocabulary.read(tmp_path / "other.json")
