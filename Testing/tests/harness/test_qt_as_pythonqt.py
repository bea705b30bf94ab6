"""PySide6 behaves as PythonQt does in Slicer, and refuses what Slicer would not survive."""

from __future__ import annotations

import sys
import threading

import pytest

pytest.importorskip("PySide6")

import qt


def test_properties_are_read_and_written_without_parentheses() -> None:
    button = qt.QPushButton("Draft")
    button.enabled = False
    button.text = "Ask"
    assert (button.text, button.enabled) == ("Ask", False)


def test_a_read_only_property_is_not_written() -> None:
    with pytest.raises(AttributeError, match="not writable"):
        qt.QComboBox().count = 3


def test_enums_are_ints_also_as_properties() -> None:
    label = qt.QLabel("text")
    label.alignment = 4
    assert label.alignment == qt.Qt.AlignHCenter == 4


def test_slots_get_as_many_arguments_as_they_take() -> None:
    heard: list[object] = []
    button = qt.QPushButton("toggle")
    button.checkable = True
    button.connect("clicked()", lambda: heard.append("nothing"))
    button.connect("clicked(bool)", lambda: heard.append("nothing still"))
    button.connect("clicked(bool)", heard.append)
    button.click()
    assert heard == ["nothing", "nothing still", True]


def test_overloaded_signals_are_told_apart_by_their_signature() -> None:
    heard: list[object] = []
    box = qt.QSpinBox()
    box.connect("valueChanged(int)", heard.append)
    box.connect("textChanged(QString)", heard.append)
    box.value = 7
    assert sorted(map(str, heard)) == ["7", "7"]
    assert {type(value) for value in heard} == {int, str}


def test_disconnecting_a_slot_leaves_the_others() -> None:
    heard: list[str] = []

    def leaving() -> None:
        heard.append("leaving")

    button = qt.QPushButton()
    button.connect("clicked()", leaving)
    button.connect("clicked()", lambda: heard.append("staying"))
    assert button.disconnect("clicked()", leaving)
    assert not button.disconnect("clicked()", leaving)
    button.click()
    assert heard == ["staying"]


def test_a_python_subclass_has_attributes_of_its_own() -> None:
    class Panel(qt.QWidget):  # type: ignore[misc]
        def __init__(self, parent: object = None) -> None:
            super().__init__(parent)
            self.answer = 42

    assert Panel().answer == 42


def test_a_timer_fires_once_and_its_single_shot_is_a_function() -> None:
    heard: list[str] = []
    timer = qt.QTimer()
    timer.setSingleShot(True)
    timer.connect("timeout()", lambda: heard.append("timer"))
    timer.start(0)
    qt.QTimer.singleShot(0, lambda: heard.append("single shot"))
    for _ in range(100):
        qt.QApplication.processEvents()
    assert sorted(heard) == ["single shot", "timer"]


def test_an_unknown_signal_is_an_error() -> None:
    with pytest.raises(ValueError, match="no signal cliked"):
        qt.QPushButton().connect("cliked()", print)


def test_keyword_arguments_in_constructors_are_refused() -> None:
    with pytest.raises(TypeError, match="no keyword arguments"):
        qt.QPushButton(text="Draft")


def test_new_attributes_on_qt_objects_are_refused() -> None:
    with pytest.raises(AttributeError, match="not allowed"):
        qt.QPushButton().colour = "red"


def test_disconnecting_everything_is_refused() -> None:
    with pytest.raises(TypeError, match="disconnect"):
        qt.QPushButton().disconnect()


def test_signals_cannot_be_declared_in_python() -> None:
    assert not hasattr(qt, "Signal")


def test_qt_is_not_touched_from_a_thread() -> None:
    button = qt.QPushButton("Ask")
    errors: list[Exception] = []

    def touch() -> None:
        try:
            button.setText("from a thread")
        except RuntimeError as error:
            errors.append(error)

    thread = threading.Thread(target=touch)
    thread.start()
    thread.join()
    assert button.text == "Ask"
    assert "from a thread" in str(errors[0])


def test_none_outlives_the_calls_that_return_it() -> None:
    label = qt.QLabel()
    for number in range(1000):
        label.setText(str(number))
    assert sys.version_info >= (3, 12) or sys.getrefcount(None) > 1_000_000_000
