"""As much of the Hugging Face hub as downloads ask of it, on the loopback, and able to fail in the ways a hub fails."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

REVISION = "0123456789abcdef0123456789abcdef01234567"
_LARGE_SUFFIXES = (".safetensors", ".pt")


@dataclass(frozen=True)
class Asked:
    """A request: its method, its path, the range it asked for (empty for all) and who it says it is from."""

    method: str
    path: str
    range: str
    authorization: str


@dataclass
class FakeHub:
    """Repositories by id, each a dictionary of contents by path, and what is wrong today.

    Attributes:
        repositories: what there is.
        licence: what every card declares; None declares nothing.
        xet: whether it offers large files through Xet storage too, where there is none.
        gated: whether files are for accounts only that accepted the terms.
        cut_after: how many bytes of a file are sent before the connection breaks; None sends all.
        pause_after: how many bytes of a file are sent before the server falls silent; None sends all.
        swapped: paths whose bytes are not those the listing promises.
        status: answered to every request, when it is not 200.
        asked: every request so far.
    """

    repositories: dict[str, dict[str, bytes]]
    licence: str | None = "apache-2.0"
    xet: bool = False
    gated: bool = False
    cut_after: int | None = None
    pause_after: int | None = None
    swapped: set[str] = field(default_factory=set)
    status: int = 200
    asked: list[Asked] = field(default_factory=list)

    def start(self) -> None:
        """Serve, on a port of the system's choice."""
        hub = self

        class Handler(_Handler):
            fake = hub

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Serve no more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def endpoint(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def cdn(self) -> str:
        """Where large files are: the same server by another name, hence another host."""
        return f"http://localhost:{self._server.server_port}"

    def ranges_asked(self, path: str) -> list[str]:
        """The ranges in which a file's content was asked for."""
        return [asked.range for asked in self.asked if asked.method == "GET" and asked.path.endswith(f"/{path}")]


class _Handler(BaseHTTPRequestHandler):
    fake: FakeHub
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self._answer(with_content=False)

    def do_GET(self) -> None:
        self._answer(with_content=True)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def _answer(self, with_content: bool) -> None:
        path = unquote(urlsplit(self.path).path)
        headers = (self.headers.get(name, "") for name in ("Range", "Authorization"))
        self.fake.asked.append(Asked(self.command, path, *headers))
        if self.fake.status != HTTPStatus.OK:
            self._refuse(self.fake.status)
        elif path.startswith("/api/models/"):
            self._list(path.removeprefix("/api/models/"))
        elif "/resolve/" in path:
            self._resolve(path.strip("/"), with_content)
        else:
            self._deliver(path.strip("/").removeprefix("cdn/"))

    def _list(self, path: str) -> None:
        repo_id, _, revision = path.partition("/revision/")
        files = self.fake.repositories.get(repo_id)
        if files is None:
            self._refuse(HTTPStatus.NOT_FOUND, "RepoNotFound")
        elif revision not in ("main", REVISION):
            self._refuse(HTTPStatus.NOT_FOUND, "RevisionNotFound")
        else:
            card = {"license": self.fake.licence} if self.fake.licence else {}
            siblings = [_sibling(name, content) for name, content in files.items()]
            answer = {"id": repo_id, "sha": REVISION, "siblings": siblings, "cardData": card, "gated": self.fake.gated}
            self._send(HTTPStatus.OK, json.dumps(answer).encode(), {"Content-Type": "application/json"})

    def _resolve(self, path: str, with_content: bool) -> None:
        repo_id, _, rest = path.partition("/resolve/")
        name = rest.partition("/")[2]
        files = self.fake.repositories.get(repo_id, {})
        if self.fake.gated:
            self._refuse(HTTPStatus.FORBIDDEN, "GatedRepo")
            return
        if name not in files:
            self._refuse(HTTPStatus.NOT_FOUND, "EntryNotFound")
            return
        content, large = files[name], name.endswith(_LARGE_SUFFIXES)
        headers = {"X-Repo-Commit": REVISION, "ETag": f'"{_digest(name, content)}"'}
        if large:
            headers |= {"X-Linked-Etag": headers["ETag"], "X-Linked-Size": str(len(content))}
            headers |= {"Location": f"{self.fake.cdn}/cdn/{repo_id}/{name}"}
            if self.fake.xet:
                headers |= {"X-Xet-Hash": "0" * 64, "X-Xet-Refresh-Route": f"{self.fake.endpoint}/xet"}
            self._send(HTTPStatus.FOUND, b"", headers)
        elif with_content:
            self._deliver(f"{repo_id}/{name}")
        else:
            self._send(HTTPStatus.OK, content, headers, with_content=False)

    def _deliver(self, path: str) -> None:
        owner, repository, name = path.split("/", 2)
        content = self.fake.repositories[f"{owner}/{repository}"][name]
        if name in self.fake.swapped:
            content = bytes(255 - byte for byte in content[:100]) + content[100:]
        start = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").split("-")[0])
        status = HTTPStatus.PARTIAL_CONTENT if "Range" in self.headers else HTTPStatus.OK
        headers = {"Content-Range": f"bytes {start}-{len(content) - 1}/{len(content)}"} if start else {}
        self._send(status, content[start:], headers)

    def _refuse(self, status: int, code: str = "") -> None:
        self._send(status, b"", {"X-Error-Code": code} if code else {})

    def _send(self, status: int, content: bytes, headers: dict[str, str], with_content: bool = True) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if with_content and self.command == "GET":
            self._write(content, is_listing="Content-Type" in headers)

    def _write(self, content: bytes, is_listing: bool) -> None:
        limits = [limit for limit in (self.fake.cut_after, self.fake.pause_after) if limit is not None]
        if is_listing or not limits or len(content) <= min(limits):
            self.wfile.write(content)
            return
        self.wfile.write(content[: min(limits)])
        self.wfile.flush()
        self.close_connection = True
        while self.fake.pause_after is not None:
            time.sleep(0.01)


def _sibling(name: str, content: bytes) -> dict[str, Any]:
    sibling: dict[str, Any] = {"rfilename": name, "size": len(content), "blobId": _git_blob_id(content)}
    if name.endswith(_LARGE_SUFFIXES):
        sibling["lfs"] = {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content), "pointerSize": 134}
    return sibling


def _digest(name: str, content: bytes) -> str:
    return hashlib.sha256(content).hexdigest() if name.endswith(_LARGE_SUFFIXES) else _git_blob_id(content)


def _git_blob_id(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
