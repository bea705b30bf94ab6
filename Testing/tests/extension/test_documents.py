"""What a reader is sent to is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
DOCUMENTS = [ROOT / "README.md", ROOT / "THREAT_MODEL.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_within_the_project_leads_somewhere(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    places = [place for place in re.findall(r"\]\(([^)#]+)[^)]*\)", text) if "://" not in place]
    assert [place for place in places if not (document.parent / place).exists()] == []


def test_every_page_can_be_found_from_the_homepage() -> None:
    homepage = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [page.name for page in (ROOT / "docs").glob("*.md") if f"(docs/{page.name})" not in homepage] == []
