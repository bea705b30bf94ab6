"""What the hub's library raises, as one sentence each."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from MedVLSAM2Lib.catalogue.errors import CatalogueError, DownloadError

_GO_ON = "what has arrived is kept, and the next download goes on from it"
_NOT_ALLOWED = (401, 403)
_CERTIFICATE_WORDS = ("certificate", "ssl")


@contextmanager
def as_sentences(what: str) -> Iterator[None]:
    """Turn whatever goes wrong with ``what`` (a repository, or a file of one) into a DownloadError."""
    try:
        yield
    except CatalogueError:
        raise
    except ImportError as error:
        raise DownloadError("Downloads need the package huggingface_hub; run pip install huggingface_hub.") from error
    except Exception as error:
        sentence = _sentence(what, error)
        if sentence is None:
            raise
        raise DownloadError(sentence) from error


def _sentence(what: str, error: Exception) -> str | None:
    from huggingface_hub import errors

    if _caused_by(error, errors.OfflineModeIsEnabled):
        return f"{what} was not downloaded: HF_HUB_OFFLINE forbids it; unset it, or import a folder with the files."
    if isinstance(error, errors.GatedRepoError):
        return f"{what} is given only to accounts that accepted its terms on its page; accept them, run hf auth login."
    if isinstance(error, errors.RepositoryNotFoundError):
        return f"{what} is not on the hub, or only for those who are logged in; run hf auth login if you may see it."
    if isinstance(error, errors.RevisionNotFoundError):
        return f"{what} is gone from the hub at the commit asked for; run medvlsam2 models remove and download again."
    if isinstance(error, errors.RemoteEntryNotFoundError):
        return f"{what} is not on the hub; its owner may have renamed it: download again, or import a folder."
    if isinstance(error, errors.HfHubHTTPError):
        status = error.response.status_code if error.response is not None else 0
        if status in _NOT_ALLOWED:
            return f"The hub does not give {what} to this account (status {status}); run hf auth login."
        return f"The hub answered {what} with status {status}; try again later: {_GO_ON}."
    return _sentence_of_network(what, error)


def _sentence_of_network(what: str, error: Exception) -> str | None:
    import httpx2

    if isinstance(error, httpx2.ProxyError):
        return f"The proxy does not let {what} through ({_reason(error)}); check HTTPS_PROXY and NO_PROXY."
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"The disk is full: {what} did not fit; make room and download again: {_GO_ON}."
    network = _cause(error, httpx2.HTTPError)
    if network is not None:
        if any(word in str(network).lower() for word in _CERTIFICATE_WORDS):
            return (
                f"{what} was not downloaded: the server's certificate is not trusted here ({_reason(network)}); "
                "give your institution's certificates in SSL_CERT_FILE."
            )
        return f"{what} did not arrive whole ({_reason(network)}); check network and proxy, download again: {_GO_ON}."
    if isinstance(error, OSError):
        return f"{what} was not downloaded ({_reason(error)}); download again: {_GO_ON}."
    return None


def _caused_by(error: BaseException | None, kind: type[BaseException]) -> bool:
    return _cause(error, kind) is not None


def _cause(error: BaseException | None, kind: type[BaseException]) -> BaseException | None:
    while error is not None and not isinstance(error, kind):
        error = error.__cause__
    return error


def _reason(error: BaseException) -> str:
    """The first sentence of what it says."""
    lines = str(error).strip().splitlines()
    return lines[0].split(". ")[0].rstrip(".") if lines else type(error).__name__
