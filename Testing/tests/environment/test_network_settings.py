"""Proxies and certificates: what is set reaches pip, and Slicer's own libraries do not."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from MedVLSAM2Lib.environment import (
    EnvironmentProblem,
    PackageSource,
    Recipe,
    Requirement,
    variables_for_another_python,
    write_pack,
)

HERE = Path(sys.executable)


class Proxy(ThreadingHTTPServer):
    """A proxy behind which a registry lies that no name server knows."""

    def __init__(self, wheels: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.wheels = wheels
        self.asked: list[str] = []


class _Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        proxy = self.server
        assert isinstance(proxy, Proxy)
        proxy.asked.append(self.path)
        name = self.path.rstrip("/").rpartition("/")[2]
        if name.endswith(".whl"):
            content = (proxy.wheels / name).read_bytes()
        else:
            found = proxy.wheels.glob(f"{name.replace('-', '_')}-*")
            content = "".join(f'<a href="{wheel.name}">{wheel.name}</a>' for wheel in found).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Nobody reads it."""


@pytest.fixture
def a_proxy(some_wheels: Path) -> Iterator[Proxy]:
    proxy = Proxy(some_wheels)
    thread = threading.Thread(target=proxy.serve_forever, daemon=True)
    thread.start()
    yield proxy
    proxy.shutdown()
    proxy.server_close()
    thread.join()


REGISTRY = {
    "PIP_INDEX_URL": "http://registry.invalid/simple",
    "PIP_EXTRA_INDEX_URL": "",
    "PIP_TRUSTED_HOST": "registry.invalid",
    "PIP_CONFIG_FILE": "/dev/null",
    "PIP_FIND_LINKS": "",
    "PIP_RETRIES": "1",
    "PIP_NO_CACHE_DIR": "1",
    "NO_PROXY": "",
}


def test_packages_come_through_the_proxy_that_is_set(
    a_proxy: Proxy, tmp_path: Path, the_alpha: Requirement, variables: dict[str, str]
) -> None:
    through = {**variables, **REGISTRY, "HTTP_PROXY": f"http://127.0.0.1:{a_proxy.server_port}"}
    contents = write_pack(tmp_path / "pack", HERE, Recipe((the_alpha,), None, PackageSource()), through)
    assert len(contents.files) == 2
    assert "http://registry.invalid/simple/tiny-alpha/" in a_proxy.asked


def test_a_proxy_that_is_not_there_is_one_sentence(
    tmp_path: Path, the_alpha: Requirement, variables: dict[str, str]
) -> None:
    through = {**variables, **REGISTRY, "HTTP_PROXY": "http://127.0.0.1:9"}
    with pytest.raises(EnvironmentProblem, match=r"check HTTPS_PROXY and NO_PROXY|cannot be reached") as raised:
        write_pack(tmp_path / "pack", HERE, Recipe((the_alpha,), None, PackageSource()), through)
    assert str(raised.value).count(". ") == 0


def test_network_settings_reach_another_python_and_slicers_libraries_do_not() -> None:
    before = {"PATH": "/usr/bin", "HTTPS_PROXY": "http://old:1"}
    now = {
        "PATH": "/opt/Slicer/bin", "PYTHONHOME": "/opt/Slicer/lib/Python", "PYTHONPATH": "/opt/Slicer/lib",
        "LD_LIBRARY_PATH": "/opt/Slicer/lib", "HTTPS_PROXY": "http://proxy:8080", "no_proxy": "intranet",
        "SSL_CERT_FILE": "/etc/our.pem", "PIP_CERT": "/etc/our.pem",
    }  # fmt: skip
    told = variables_for_another_python(before, now)
    assert told["PATH"] == "/usr/bin"
    assert {"PYTHONHOME", "PYTHONPATH", "LD_LIBRARY_PATH"}.isdisjoint(told)
    assert told["HTTPS_PROXY"] == "http://proxy:8080"
    assert told["no_proxy"] == "intranet"
    assert told["SSL_CERT_FILE"] == told["PIP_CERT"] == "/etc/our.pem"
