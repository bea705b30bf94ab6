"""``medvlsam2 models``, from a terminal: what it prints, what it returns, and what survives a kill."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import huggingface_hub.constants
import numpy as np
import pytest
from safetensors.numpy import save

from MedVLSAM2Lib.catalogue import read_catalogue
from MedVLSAM2Lib.cli import main
from tests.catalogue.fake_hub import REVISION, FakeHub

ROOT = Path(__file__).resolve().parents[3]
REPO_ID = "facebook/sam2.1-hiera-tiny"
NAME = "sam2.1-tiny"


@pytest.fixture
def a_hub() -> Iterator[FakeHub]:
    """Its weights are 24 MB: huggingface_hub reads ten at a time, and less than that leaves nothing to go on from."""
    weights = save({"weight": np.random.default_rng(0).integers(0, 256, 24_000_000, np.uint8)})
    fake = FakeHub({REPO_ID: {"config.json": b"{}", "model.safetensors": weights, "README.md": b"# SAM 2.1"}})
    fake.start()
    yield fake
    fake.stop()


def _models(hub: FakeHub | None, folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    with _process(hub, folder, *arguments, **environment) as process:
        output, errors = process.communicate(timeout=120)
        return subprocess.CompletedProcess(process.args, process.returncode, output, errors)


def _process(hub: FakeHub | None, folder: Path, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    """In a process of its own: huggingface_hub reads its environment once."""
    kept = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    variables = {**kept, "HF_HOME": str(folder / "hf"), "XDG_DATA_HOME": str(folder), "PYTHONPATH": str(ROOT)}
    if hub is not None:
        variables["HF_ENDPOINT"] = hub.endpoint
    command = [sys.executable, "-m", "MedVLSAM2Lib.cli", "models", *arguments]
    return subprocess.Popen(
        command, env=variables | environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def test_list_shows_every_model_with_its_licence_and_needs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "list", "--data", str(tmp_path)]) == 0
    heading, *lines = capsys.readouterr().out.splitlines()
    assert all(word in heading for word in ("licence", "memory on CPU", "on GPU", "trained for", "here"))
    for entry, line in zip(read_catalogue().entries, lines, strict=True):
        assert line.split()[0] == entry.name
        assert entry.licence.tag in line
        assert line.endswith("bundled" if entry.is_bundled else "no")


def test_info_tells_sources_what_is_unverified_and_where_it_would_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["models", "info", "medsam2", "--data", str(tmp_path)]) == 0
    text = capsys.readouterr().out
    assert "cc-by-sa-4.0, https://creativecommons.org/licenses/by-sa/4.0/" in text
    assert "https://huggingface.co/wanglab/MedSAM2" in text
    assert "with --accept-licence" in text
    assert "unverified   size to the byte" in text
    assert "sources      repo_id: " in text
    assert "this machine " in text


def test_a_download_needs_the_licence_accepted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    assert main(["models", "download", NAME, "--data", str(tmp_path)]) == 1
    first, *_, last = [record.getMessage() for record in caplog.records]
    assert "licence apache-2.0: https://" in first
    assert "--accept-licence" in last


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["info", "sam3"], "choose one of tiny"),
        (["verify", "medsam2"], "is not on this machine"),
        (["remove", "medsam2"], "is not on this machine"),
        (["remove", "tiny"], "comes with the extension"),
        (["import", "nowhere"], "There is no folder"),
        (["bundle", "medsam2", "out"], "run medvlsam2 models download medsam2"),
        (["download", "medsam2", "--format", "onnx", "--accept-licence"], "choose one of pt"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_status_2(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, arguments: list[str], message: str
) -> None:
    places = ["--data", str(tmp_path / "data"), "--cache", str(tmp_path / "cache")]
    assert main(["models", *arguments, *places]) == 2
    assert message in caplog.text
    assert len([record for record in caplog.records if record.levelname == "ERROR"]) == 1


def test_a_model_is_downloaded_verified_bundled_and_removed(
    a_hub: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    template = huggingface_hub.constants.HUGGINGFACE_CO_URL_TEMPLATE
    old, new = huggingface_hub.constants.ENDPOINT, a_hub.endpoint
    monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", new)
    monkeypatch.setattr(huggingface_hub.constants, "HUGGINGFACE_CO_URL_TEMPLATE", template.replace(old, new))
    here = ["--data", str(tmp_path / "data"), "--cache", str(tmp_path / "cache")]
    there = ["--data", str(tmp_path / "offline"), "--cache", str(tmp_path / "none")]
    assert main(["models", "download", NAME, "--accept-licence", *here]) == 0
    assert f"24 MB at {REVISION[:12]} in " in capsys.readouterr().out
    assert main(["models", "verify", *here]) == 0
    assert capsys.readouterr().out == f"tiny: whole\n{NAME}: whole\n"
    assert main(["models", "bundle", NAME, str(tmp_path / "stick"), *here]) == 0
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    assert main(["models", "import", str(tmp_path / "stick"), *there]) == 0
    assert main(["models", "verify", NAME, *there]) == 0
    (tmp_path / "stick" / "config.json").write_text("{ }")
    assert main(["models", "verify", NAME, *there]) == 1
    capsys.readouterr()
    assert main(["models", "remove", NAME, *there]) == 0
    assert "0 B freed. 3 files stay where they are" in capsys.readouterr().out
    assert main(["models", "remove", NAME, *here]) == 0
    assert f"{NAME}: 24 MB freed.\n" in capsys.readouterr().out


def test_a_killed_download_goes_on_from_where_it_was(a_hub: FakeHub, tmp_path: Path) -> None:
    arguments = ["download", NAME, "--accept-licence"]
    a_hub.pause_after = 15_000_000
    with _process(a_hub, tmp_path, *arguments) as process:
        _wait_for(lambda: _partial_bytes(tmp_path) >= 10_000_000)
        process.send_signal(signal.SIGKILL)
    left = _partial_bytes(tmp_path)
    a_hub.pause_after = None
    a_hub.asked.clear()
    run = _models(a_hub, tmp_path, *arguments)
    assert run.returncode == 0, run.stderr
    assert a_hub.ranges_asked("model.safetensors")[0] == f"bytes={left}-"
    assert "100 % of 24 MB" in run.stderr
    assert _partial_bytes(tmp_path) == 0


def test_offline_mode_in_the_environment_is_honoured(a_hub: FakeHub, tmp_path: Path) -> None:
    run = _models(a_hub, tmp_path, "download", NAME, "--accept-licence", HF_HUB_OFFLINE="1")
    assert run.returncode == 1
    assert run.stderr.splitlines()[-1].endswith("unset it, or import a folder with the files.")
    assert a_hub.asked == []


def test_a_proxy_in_the_environment_is_used(a_hub: FakeHub, tmp_path: Path) -> None:
    """The fake stands in for the proxy: the hub's own name leads nowhere."""
    proxy = {"HF_ENDPOINT": "http://hub.invalid", "HTTP_PROXY": a_hub.endpoint}
    run = _models(None, tmp_path, "download", NAME, "--accept-licence", **proxy)
    assert run.returncode == 0, run.stderr
    assert a_hub.asked


def _partial_bytes(folder: Path) -> int:
    return sum(_size(path) for path in folder.rglob("*.medvlsam2.incomplete"))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:  # it has become whole meanwhile
        return 0


def _wait_for(condition: object, patience_s: float = 60.0) -> None:
    assert callable(condition)
    end = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)
