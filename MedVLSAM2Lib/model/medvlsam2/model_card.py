"""What a checkpoint says of itself to people."""

from __future__ import annotations

from pathlib import Path

from MedVLSAM2Lib.model.medvlsam2.config import ComponentSource, MedVLSam2Config

CARD_NAME = "MODEL_CARD.md"


def write_model_card(folder: Path, config: MedVLSam2Config) -> None:
    """Write ``MODEL_CARD.md`` into a checkpoint's folder, unless somebody wrote one."""
    path = folder / CARD_NAME
    if not path.exists():
        path.write_text(model_card(config), encoding="utf-8")


def model_card(config: MedVLSam2Config) -> str:
    """The card: what the model is, can do, was trained on, and is made of."""
    sections = (
        ("What it can do", ", ".join(config.capabilities) or "Nothing yet: it was not trained."),
        ("Licence", config.licence or "Not stated."),
        ("Trained on", "\n".join(f"- {line}" for line in config.trained_on) or "Not stated."),
        ("Made of", "\n".join(f"- {name}: {_place(source)}" for name, source in config.components.items())),
        ("Limits", "Not a medical device: for research only; check every mask and every sentence."),
    )
    return f"# {config.name}\n\n" + "\n".join(f"## {title}\n\n{body}\n" for title, body in sections)


def _place(source: ComponentSource) -> str:
    if not source.repo_id:
        return f"`{source.path}`"
    return f"`{source.repo_id}`" + (f" at {source.revision}" if source.revision else "")
