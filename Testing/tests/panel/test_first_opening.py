"""Opening the module installs, downloads, starts and imports nothing heavy: tried in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
HEAVY = (
    "torch",
    "transformers",
    "tokenizers",
    "huggingface_hub",
    "safetensors",
    "scipy",
    "highdicom",
    "pydicom",
    "pip",
)
OPEN = """
import importlib.abc, json, sys
from pathlib import Path
# As in Slicer, where nobody has put a clone on the path.
sys.path[:] = [{root!r} + "/Testing", *(p for p in sys.path if p and not (Path(p) / "MedVLSAM2Lib").is_dir())]
sys.meta_path[:] = [finder for finder in sys.meta_path if "editable" not in str(finder).lower()]
from harness import open_slicer

class Absent(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {heavy!r}:
            asked.append(name)
            raise ModuleNotFoundError("No module named " + repr(name), name=name)

asked, done = [], []
def hear(event, arguments):
    if event in ("subprocess.Popen", "socket.connect", "socket.getaddrinfo", "os.system", "urllib.Request"):
        done.append(event)

with open_slicer() as a_slicer:
    before = set(sys.modules)
    sys.meta_path.insert(0, Absent())
    sys.addaudithook(hear)
    module = a_slicer.load_module({root!r} + "/MedVLSAM2/MedVLSAM2.py")
    module.widget.enter()
    module.panel.show()
    a_slicer.process_events()
    module.widget.setupUi.setupSection.setCollapsed(False)
    a_slicer.process_events()
    come = sorted(name for name in set(sys.modules) - before if name.partition(".")[0] in {heavy!r})
    import MedVLSAM2Lib
    told = dict(library=MedVLSAM2Lib.__file__, asked=asked, done=done, come=come, says=module.widget.setupUi.setupLabel.text)
    module.widget.exit()
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    pytest.importorskip("trame_slicer")
    home = tmp_path_factory.mktemp("home")
    run = subprocess.run(
        [sys.executable, "-c", OPEN.format(root=str(ROOT), heavy=HEAVY)],
        cwd=home,
        env={**os.environ, "PYTHONPATH": "", "XDG_DATA_HOME": str(home), "XDG_CONFIG_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    answer: dict[str, object] = json.loads(run.stdout.strip().splitlines()[-1])
    return answer


def test_the_panel_opens_where_torch_and_all_else_is_absent(told: dict[str, object]) -> None:
    assert told["come"] == []


def test_nothing_heavy_is_even_asked_for(told: dict[str, object]) -> None:
    assert told["asked"] == []


def test_no_process_is_started_and_no_network_is_touched(told: dict[str, object]) -> None:
    assert told["done"] == []


def test_the_library_of_a_clone_is_found_though_nobody_installed_it(told: dict[str, object]) -> None:
    assert told["library"] == str(ROOT / "MedVLSAM2Lib" / "__init__.py")


def test_the_packages_are_looked_at_all_the_same(told: dict[str, object]) -> None:
    assert told["says"] == "All packages are there, in versions that were tested together."
