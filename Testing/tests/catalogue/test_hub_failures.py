"""What cannot be brought about on the loopback: the library's errors as they are raised elsewhere."""

from __future__ import annotations

import sys

import httpx2
import pytest

from MedVLSAM2Lib.catalogue import DownloadError
from MedVLSAM2Lib.catalogue.hub_failures import as_sentences


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (
            httpx2.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] unable to get local issuer certificate"),
            "lab/model was not downloaded: the server's certificate is not trusted here .* in SSL_CERT_FILE",
        ),
        (
            httpx2.ProxyError("403 Forbidden"),
            "The proxy does not let lab/model through .*403 Forbidden.*; check HTTPS_PROXY",
        ),
        (httpx2.ReadTimeout("timed out"), "did not arrive whole .*timed out.*; check network and proxy"),
        (PermissionError(13, "Permission denied"), "was not downloaded .*Permission denied"),
    ],
    ids=["certificate", "proxy", "timeout", "permission"],
)
def test_errors_become_sentences(error: Exception, message: str) -> None:
    with pytest.raises(DownloadError, match=message) as told, as_sentences("lab/model"):
        raise error
    assert str(told.value).endswith(".")


def test_a_fault_of_our_own_is_not_dressed_up() -> None:
    with pytest.raises(ZeroDivisionError), as_sentences("lab/model"):
        raise ZeroDivisionError


def test_a_machine_without_the_hubs_library_is_told_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(DownloadError, match="pip install huggingface_hub"), as_sentences("lab/model"):
        import huggingface_hub  # noqa: F401
