"""The installation section, by mouse: what is missing, three places for the engine, stop, failure, removal."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CalledProcessError
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from harness import keyboard
from MedVLSAM2Lib.environment import Requirement, VersionRange
from tests.engine.ssh_server import SshServer, sshd_program
from tests.environment.conftest import found_here
from tests.environment.wheels import write_wheel
from tests.panel.conftest import opened
from tests.panel.user import INSIDE, User

if TYPE_CHECKING:
    from harness.offscreen_slicer import OffscreenSlicer

__all__ = ["found_here"]

ROOT = Path(__file__).resolve().parents[3]
IN_SLICER, SEPARATE, REMOTE = range(3)
Pretend = Callable[[dict[str, str | None]], None]


class Section:
    """The installation section, unfolded."""

    def __init__(self, user: User) -> None:
        self.user, self.ui = user, user.module.widget.setupUi
        user.module.panel.show()
        self.ui.setupSection.setCollapsed(False)
        user.slicer.process_events()

    @property
    def place(self) -> Any:
        return self.user.module.widget.setupSection._place

    @property
    def installer(self) -> Any:
        return self.user.module.widget.setupSection._installer

    def choose(self, index: int) -> None:
        self.ui.placeSelector.setCurrentIndex(index)
        self.user.slicer.process_events()

    def press(self, button: str) -> None:
        keyboard.click_widget(getattr(self.ui, f"{button}Button"))

    def can(self, button: str) -> bool:
        widget = getattr(self.ui, f"{button}Button")
        return bool(widget.enabled) and not widget.isHidden()

    def type_path(self, line: str, path: Path) -> None:
        getattr(self.ui, f"{line}Path").setCurrentPath(str(path))

    def wait(self) -> str:
        self.user.wait(lambda: not self.installer.is_busy)
        return self.result

    @property
    def state(self) -> str:
        """How it stands; long words of it may break."""
        return str(self.ui.setupLabel.text).replace("\N{ZERO WIDTH SPACE}", "")

    @property
    def result(self) -> str:
        """How the last job ended, or how the one stands that runs."""
        return str(self.ui.resultLabel.text).replace("\N{ZERO WIDTH SPACE}", "")

    def rows(self) -> dict[str, tuple[str, str]]:
        table = self.ui.packagesTable
        texts = [[table.item(row, column).text() for column in range(3)] for row in range(table.rowCount)]
        return {name: (found, tested) for name, found, tested in texts}


@pytest.fixture
def the_section(a_user: User) -> Section:
    return Section(a_user)


@pytest.fixture
def small_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What goes into environments is one small package, which pip finds in a folder."""
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    write_wheel(wheels, "tiny-alpha", "1.0")
    monkeypatch.setenv("PIP_FIND_LINKS", wheels.as_uri())
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    return wheels


def only_alpha(section: Section) -> None:
    section.installer.requirements = (Requirement("tiny-alpha", VersionRange("1.0", "2"), "1.0"),)
    section.installer._constraints = None


# What is there


def test_every_package_is_listed_with_what_is_installed_and_what_was_tested(the_section: Section) -> None:
    rows = the_section.rows()
    assert rows["torch"][0].startswith("2.13")
    assert rows["torch"][1] == "≥\u00a02.13, <\u00a02.14"
    assert {"numpy", "transformers", "highdicom"} <= rows.keys()
    assert the_section.state == "All packages are there, in versions that were tested together."
    assert not the_section.can("install")
    assert the_section.ui.planLabel.isHidden()


def test_what_is_missing_unfolds_the_section_and_the_price_of_a_click_is_told(
    a_slicer: OffscreenSlicer, the_worker: Path, found_here: Pretend
) -> None:
    found_here({"torch": None, "transformers": None})
    module = a_slicer.load_module(ROOT / "MedVLSAM2" / "MedVLSAM2.py")
    module.widget.enter()
    ui = module.widget.setupUi
    assert not ui.setupSection.collapsed
    assert ui.setupLabel.text == "Missing: torch, transformers."
    assert re.match(
        r"Install puts into Slicer's own Python: torch 2\.13\.0, transformers 5\.24\.0.*: about \d+ MB to download, "
        r"\d+ MB on the disk\.$",
        ui.planLabel.text,
    )
    assert ui.installButton.enabled


def test_without_its_packages_the_engine_says_what_to_press_and_works_once_they_are_there(
    a_slicer: OffscreenSlicer, a_ct: Any, the_worker: Path, found_here: Pretend
) -> None:
    found_here({"torch": None})
    module = a_slicer.load_module(ROOT / "MedVLSAM2" / "MedVLSAM2.py")
    user = User(a_slicer, module, the_worker)
    a_slicer.show_volume(a_ct)
    user.ui.volumeSelector.setCurrentNode(a_ct)
    module.widget.enter()
    user.wait_to_read("The engine needs packages that are missing (torch); press Install under Installation.")
    found_here({})
    user.press("restart")
    user.wait(lambda: module.widget.panel.model.info is not None)


def test_an_untested_version_is_told_by_name_and_range(
    a_slicer: OffscreenSlicer, the_worker: Path, found_here: Pretend
) -> None:
    found_here({"transformers": "5.99.0"})
    module = a_slicer.load_module(ROOT / "MedVLSAM2" / "MedVLSAM2.py")
    module.widget.enter()
    ui = module.widget.setupUi
    assert "transformers 5.99.0 is installed, but MedVLSAM2 was tested with 5.24 up to" in ui.setupLabel.text
    assert not ui.setupSection.collapsed
    assert ui.planLabel.text.startswith("Install puts into Slicer's own Python: transformers 5.24.0")


def test_what_only_the_export_needs_does_not_stand_in_the_way(
    a_slicer: OffscreenSlicer, the_worker: Path, found_here: Pretend
) -> None:
    found_here({"highdicom": None})
    module = a_slicer.load_module(ROOT / "MedVLSAM2" / "MedVLSAM2.py")
    module.widget.enter()
    ui = module.widget.setupUi
    assert ui.setupLabel.text == "Missing, and needed only for the export as DICOM: highdicom."
    assert ui.setupSection.collapsed


# Slicer's own Python. Its installers cannot be had here: these two have their documented signatures and nothing else.


class TorchUtilities:
    """Stands for SlicerPyTorch's module PyTorchUtils."""

    def __init__(self, pretend: Pretend) -> None:
        self.asked: list[tuple[bool, str | None, str | None]] = []
        self.answer: object | None = SimpleNamespace(__version__="2.13.0")
        self._pretend = pretend

    def PyTorchUtilsLogic(self) -> TorchUtilities:
        return self

    def installTorch(
        self,
        askConfirmation: bool = False,
        forceComputationBackend: str | None = None,
        torchVersionRequirement: str | None = None,
        torchvisionVersionRequirement: str | None = None,
    ) -> object | None:
        self.asked.append((askConfirmation, forceComputationBackend, torchVersionRequirement))
        if self.answer is not None:
            self._pretend({})
        return self.answer


class Packaging(ModuleType):
    """Stands for slicer.packaging."""

    def __init__(self, pretend: Pretend) -> None:
        super().__init__("slicer.packaging")
        self.asked: list[tuple[list[str], str, bool, str | None]] = []
        self.error: Exception | None = None
        self._pretend = pretend

    def pip_ensure(
        self,
        requirements: list[str],
        constraints: str | None = None,
        skip_packages: list[str] | None = None,
        prompt_install: bool = True,
        prompt_restart: bool = True,
        requester: str | None = None,
        skip_in_testing: bool = True,
        show_progress: bool = True,
    ) -> list[str] | None:
        pins = Path(constraints or "").read_text(encoding="utf-8")
        self.asked.append((requirements, pins, prompt_install, requester))
        if self.error is not None:
            raise self.error
        self._pretend({})
        return None


@pytest.fixture
def the_packaging(monkeypatch: pytest.MonkeyPatch, found_here: Pretend) -> Packaging:
    packaging = Packaging(found_here)
    monkeypatch.setitem(sys.modules, "slicer.packaging", packaging)
    return packaging


@pytest.fixture
def the_torch_utilities(monkeypatch: pytest.MonkeyPatch, found_here: Pretend) -> TorchUtilities:
    utilities = TorchUtilities(found_here)
    monkeypatch.setitem(sys.modules, "PyTorchUtils", utilities)  # type: ignore[arg-type]
    return utilities


def lacking(section: Section, pretend: Pretend, *names: str) -> None:
    pretend(dict.fromkeys(names))
    section.user.module.widget.setupSection.show()


def test_torch_comes_by_pytorchutils_within_its_bounds(
    the_section: Section, found_here: Pretend, the_torch_utilities: TorchUtilities
) -> None:
    lacking(the_section, found_here, "torch")
    the_section.press("install")
    assert the_torch_utilities.asked == [(False, None, ">=2.13,<2.14")]
    assert the_section.result == "The packages are installed."
    assert the_section.state.startswith("All packages are there")


def test_the_rest_comes_by_pip_ensure_and_what_slicer_is_built_with_stays(
    the_section: Section, found_here: Pretend, the_packaging: Packaging
) -> None:
    lacking(the_section, found_here, "transformers", "scipy")
    the_section.press("install")
    ((requirements, pins, prompt, requester),) = the_packaging.asked
    assert requirements == ["scipy>=1.13,<1.18", "transformers>=5.24,<5.25"]
    assert (prompt, requester) == (False, "MedVL-SAM2")
    assert re.search(r"^numpy==2\.\d+\.\d+$", pins, re.MULTILINE)
    assert "SimpleITK==" in pins
    assert the_section.result == "The packages are installed."


def test_an_older_slicer_installs_by_pip_install(
    the_section: Section, found_here: Pretend, monkeypatch: pytest.MonkeyPatch
) -> None:
    import slicer

    asked: list[list[str]] = []
    monkeypatch.setitem(sys.modules, "slicer.packaging", None)
    monkeypatch.setattr(slicer.util, "pip_install", asked.append)
    lacking(the_section, found_here, "safetensors")
    the_section.press("install")
    ((option, constraints, name),) = asked
    assert (option, name) == ("--constraint", "safetensors>=0.5,<0.9")
    assert constraints.endswith(".txt")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (RuntimeError("User declined package installation"), "User declined package installation"),
        (CalledProcessError(1, "pip install"), "its Python console tells why"),
    ],
)
def test_an_installation_in_slicer_that_fails_is_one_sentence(
    the_section: Section, found_here: Pretend, the_packaging: Packaging, error: Exception, words: str
) -> None:
    the_packaging.error = error
    lacking(the_section, found_here, "transformers")
    the_section.press("install")
    said = the_section.result
    assert words in said
    assert said.count(". ") == 0
    assert the_section.can("install")


def test_without_the_pytorch_extension_it_is_named(
    the_section: Section, found_here: Pretend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "PyTorchUtils", None)
    lacking(the_section, found_here, "torch")
    the_section.press("install")
    assert "the extension PyTorch" in the_section.result


def test_torch_that_was_declined_is_one_sentence(
    the_section: Section, found_here: Pretend, the_torch_utilities: TorchUtilities
) -> None:
    the_torch_utilities.answer = None
    lacking(the_section, found_here, "torch")
    the_section.press("install")
    assert the_section.result == "torch was not installed; press Install again if you want it."


def test_slicers_own_numpy_is_never_exchanged(the_section: Section, found_here: Pretend) -> None:
    found_here({"numpy": "1.26.4"})
    the_section.user.module.widget.setupSection.show()
    assert "numpy 1.26.4 is installed, but MedVLSAM2 was tested with 2.0" in the_section.state
    assert "separate environment" in the_section.state
    assert not the_section.can("install")


# A separate environment


def test_a_separate_environment_is_made_used_remembered_and_removed(
    a_slicer: OffscreenSlicer, small_packages: Path, the_section: Section, a_ct: Any
) -> None:
    only_alpha(the_section)
    the_section.choose(SEPARATE)
    assert the_section.state == "There is no separate environment yet; press Install under Installation."
    assert the_section.ui.planLabel.text.startswith("Install puts into a new environment: tiny-alpha 1.0")
    the_section.ui.cpuOnlyBox.setChecked(False)
    the_section.press("install")
    assert the_section.can("cancelSetup")
    assert not the_section.can("install")
    the_section.user.wait(lambda: bool(the_section.ui.pipLabel.text))
    assert the_section.wait().startswith("The engine's environment is ready in ")
    python = the_section.place.python
    assert the_section.state.startswith(f"The engine runs with {python}")
    assert the_section.rows() == {"tiny-alpha": ("1.0", "≥\u00a01.0, <\u00a02")}
    # It has no numpy: the engine that is started there ends at once, and the panel says so in one sentence.
    the_section.user.wait_to_read("The engine stopped several times in a row")
    a_slicer.close_modules()
    module = a_slicer.load_module(ROOT / "MedVLSAM2" / "MedVLSAM2.py")
    again = Section(User(a_slicer, module, Path()))
    assert (again.place.kind.value, again.place.python) == ("environment", python)
    again.press("remove")
    assert again.wait().startswith("The separate environment was removed; ")
    assert not python.exists()
    assert again.place.python is None


def test_a_stop_ends_the_installation_and_the_engine_goes_on_where_it_was(
    small_packages: Path, the_section: Section, a_ct: Any
) -> None:
    only_alpha(the_section)
    the_section.choose(SEPARATE)
    the_section.press("install")
    the_section.press("cancelSetup")
    assert the_section.wait() == "It was stopped; what was there before works as before."
    assert not the_section.installer._environments.complete()
    the_section.choose(IN_SLICER)
    the_section.user.wait(lambda: the_section.user.panel.model.info is not None)
    the_section.user.take("point")
    the_section.user.prompt(INSIDE)
    assert the_section.user.mask(a_ct).any()


def test_an_installation_that_fails_is_one_sentence(small_packages: Path, the_section: Section) -> None:
    the_section.installer.requirements = (Requirement("tiny-gamma", VersionRange("1", "2"), "1.0"),)
    the_section.installer._constraints = None
    the_section.choose(SEPARATE)
    the_section.ui.cpuOnlyBox.setChecked(False)
    the_section.press("install")
    assert the_section.wait().startswith("tiny-gamma")
    assert the_section.user.says == the_section.result
    assert the_section.user.says.count(". ") == 0
    assert the_section.can("install")


def test_a_folder_that_is_no_pack_is_one_sentence(the_section: Section, tmp_path: Path) -> None:
    the_section.choose(SEPARATE)
    the_section.type_path("pack", tmp_path)
    the_section.press("install")
    assert the_section.wait().startswith(f"{tmp_path} has no medvlsam2-pack.json in it;")


def test_your_own_environment_is_looked_at_and_used(the_section: Section, a_ct: Any) -> None:
    """The tests' own Python, which has all that the real engine needs."""
    the_section.choose(SEPARATE)
    the_section.type_path("python", Path(sys.prefix))
    the_section.press("usePython")
    assert the_section.wait() == f"The engine runs in {sys.prefix}."
    assert the_section.rows()["torch"][0].startswith("2.13")
    assert not the_section.can("remove")
    user = the_section.user
    # The stand-in's folder is no model for the real engine, which is therefore seen to be the one that answers.
    user.wait(lambda: "stand-in" in user.panel.model.problem)
    user.ui.checkpointPath.setCurrentPath(str(ROOT / "Resources" / "checkpoints" / "tiny"))
    user.wait(lambda: user.panel.model.info is not None)
    user.take("point")
    user.prompt(INSIDE)
    assert user.mask(a_ct).any()


def test_an_environment_that_lacks_something_is_not_used(the_section: Section, tmp_path: Path) -> None:
    the_section.choose(SEPARATE)
    the_section.installer.requirements = (Requirement("tiny-gamma", VersionRange("1", "2"), "1.0"),)
    the_section.type_path("python", Path(sys.executable))
    the_section.press("usePython")
    assert the_section.wait().startswith(f"{sys.executable} cannot be used: tiny-gamma is missing")
    assert the_section.place.python is None
    the_section.type_path("python", tmp_path)
    the_section.press("usePython")
    assert the_section.wait().endswith("does not run as a Python; choose another one.")


def test_the_section_fits_into_a_narrow_panel_with_every_place_and_a_long_path(the_section: Section) -> None:
    long = Path("/home") / ("a_very_long_name_of_a_folder_without_any_space" * 4) / "bin" / "python"
    for index in (REMOTE, SEPARATE, IN_SLICER):
        the_section.choose(index)
        the_section.place.use_python(long)
        the_section.user.module.widget.setupSection.show()
        the_section.user.module.panel.resize(380, 2000)
        the_section.user.slicer.process_events()
        assert the_section.ui.setupSection.minimumSizeHint().width() <= 380, index


# Another machine


def test_nothing_is_sent_to_another_machine_before_its_name_is_agreed_to(the_section: Section) -> None:
    the_section.choose(REMOTE)
    assert the_section.place.kind.value == "slicer"
    assert not the_section.can("useMachine")
    assert the_section.state == "Write the machine's name and agree that scans are sent there."
    assert the_section.user.panel.model.info is not None  # the engine here goes on
    the_section.ui.hostEdit.setText("-oProxyCommand=x")
    the_section.press("useMachine")
    assert the_section.result == "Write the remote machine as host, user@host or user@host:port."
    assert the_section.place.kind.value == "slicer"


@pytest.mark.skipif(sshd_program() is None, reason="there is no sshd here")
def test_on_another_machine_a_click_is_answered_and_the_machine_is_remembered(
    a_slicer: OffscreenSlicer, a_ct: Any, the_worker: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ssh").mkdir()
    server = SshServer(tmp_path / "ssh")
    testing, program = ROOT / "Testing", ROOT / "Testing" / "tests" / "engine" / "remote_standin.py"
    server.install(f"PYTHONPATH='{ROOT}:{testing}' exec '{sys.executable}' '{program}' '{tmp_path / 'kept'}' 60 \"$@\"")
    asked: list[str] = []

    def launcher(machine: Any, base: dict[str, str]) -> Any:
        asked.append(str(machine))
        return server.launcher()

    monkeypatch.setattr("MedVLSAM2Lib.engine.SshLauncher", launcher)
    try:
        section = Section(User(a_slicer, opened(a_slicer, a_ct), the_worker))
        section.choose(REMOTE)
        section.ui.hostEdit.setText("me@gpu.example:2222")
        section.press("useMachine")
        assert section.state.startswith("The engine runs on me@gpu.example:2222; scans are sent there")
        section.user.wait(lambda: section.user.panel.model.info is not None)
        section.user.take("point")
        section.user.prompt(INSIDE)
        assert section.user.mask(a_ct)[20, 25, 30]
        assert set(asked) == {"me@gpu.example:2222"}
        a_slicer.close_modules()
        module = a_slicer.load_module(ROOT / "MedVLSAM2" / "MedVLSAM2.py")
        again = Section(User(a_slicer, module, the_worker))
        assert (again.place.kind.value, again.place.host) == ("remote", "me@gpu.example:2222")
        again.choose(IN_SLICER)
        assert again.place.kind.value == "slicer"
    finally:
        a_slicer.close_modules()
        server.close()
