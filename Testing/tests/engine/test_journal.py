from __future__ import annotations

from MedVLSAM2Lib.engine.journal import Entry, Journal
from MedVLSAM2Lib.engine.protocol import AddPrompts, CloseVolume, LoadModel, OpenVolume, Operation, RemoveObject, Undo
from MedVLSAM2Lib.engine.shared_volume import SharedFile, StoredVolume
from MedVLSAM2Lib.prompts import Point
from MedVLSAM2Lib.volume import Modality


def opening(volume_id: str) -> OpenVolume:
    matrix = tuple(float(value) for value in range(16))
    return OpenVolume(volume_id, StoredVolume("<i2", (1, 1, 2), matrix, Modality.CT, "", volume_id, SharedFile("/x")))


def click(volume_id: str, object_id: str) -> AddPrompts:
    return AddPrompts(volume_id, object_id, (Point((0.0, 0.0, 0.0)),))


def journal_of(*operations: Operation) -> Journal:
    journal = Journal()
    for request, operation in enumerate(operations, start=1):
        journal.accept(Entry(request, operation))
    return journal


def requests(journal: Journal) -> list[int]:
    return [entry.request for entry in journal.entries]


def test_everything_that_counts_is_done_again_in_order() -> None:
    journal = journal_of(
        LoadModel("m"), opening("a"), click("a", "x"), Undo("a", "x"), click("a", "y"), click("a", "x")
    )

    assert requests(journal) == [1, 2, 3, 4, 5, 6]
    assert journal.knows("a", "x")
    assert not journal.knows("b", "x")


def test_a_removed_object_is_not_made_again() -> None:
    journal = journal_of(LoadModel("m"), opening("a"), click("a", "x"), click("a", "y"), RemoveObject("a", "x"))

    assert requests(journal) == [1, 2, 4]


def test_a_closed_volume_and_its_objects_are_not_opened_again() -> None:
    journal = journal_of(opening("a"), opening("b"), click("a", "x"), click("b", "x"), CloseVolume("a"))

    assert requests(journal) == [2, 4]


def test_a_volume_opened_under_a_used_name_takes_the_place_of_the_first() -> None:
    assert requests(journal_of(opening("a"), click("a", "x"), opening("a"))) == [3]


def test_another_model_comes_first_and_starts_without_objects() -> None:
    assert requests(journal_of(LoadModel("m"), opening("a"), click("a", "x"), LoadModel("n"))) == [4, 2]


def test_dropping_an_operation_drops_what_builds_on_it_and_nothing_else() -> None:
    operations = (LoadModel("m"), opening("a"), click("a", "x"), click("a", "y"), click("a", "x"), Undo("a", "x"))
    journal = journal_of(*operations)

    assert [entry.request for entry in journal.drop((5, "x"))] == [5, 6]
    assert requests(journal) == [1, 2, 3, 4]
    assert journal.drop((5, "x")) == ()


def test_dropping_a_volume_or_the_model_drops_the_objects_on_it() -> None:
    operations = (LoadModel("m"), opening("a"), opening("b"), click("a", "x"), click("b", "x"))
    without_volume, without_model = journal_of(*operations), journal_of(*operations)

    without_volume.drop((2, ""))
    without_model.drop((1, ""))

    assert requests(without_volume) == [1, 3, 5]
    assert requests(without_model) == [2, 3]


def test_of_the_objects_of_one_request_each_is_dropped_and_removed_by_itself() -> None:
    journal = journal_of(LoadModel("m"), opening("a"))
    for name in ("x", "y", "z"):
        journal.accept(Entry(3, click("a", name)))
    journal.accept(Entry(4, Undo("a", "y")))

    assert [entry.key for entry in journal.drop((3, "y"))] == [(3, "y"), (4, "y")]
    journal.accept(Entry(5, RemoveObject("a", "x")))

    assert [entry.key for entry in journal.entries] == [(1, ""), (2, ""), (3, "z")]
