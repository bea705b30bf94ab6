"""The catalogue as text for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from MedVLSAM2Lib.catalogue import CatalogueEntry, ModelStore
from MedVLSAM2Lib.catalogue.sizes import in_words
from MedVLSAM2Lib.model.devices import Needs, NotEnoughMemory, choose_model

_HEADINGS = ("name", "kind", "download", "licence", "memory on CPU", "on GPU", "trained for", "here")


def table_of_models(store: ModelStore) -> str:
    """A line a model."""
    return _aligned(
        [_HEADINGS, *(_row(entry, store.presence(entry.name).in_words) for entry in store.catalogue.entries)]
    )


def described(store: ModelStore, name: str) -> str:
    """All that is known of a model, with the source of each fact and what could not be checked."""
    entry = store.catalogue.entry(name)
    licence = f"{entry.licence.tag}, {entry.licence.url}" + (f"\n{entry.licence.note}" if entry.licence.note else "")
    facts = [
        ("what", f"{entry.title}: {_KINDS[entry.kind]}"),
        ("from", "comes with the extension" if entry.is_bundled else entry.page),
        ("licence", licence),
        ("accepted", _acceptance(entry)),
        ("trained for", ", ".join(entry.capabilities)),
        ("trained on", "\n".join(entry.trained_on)),
        ("parameters", f"{entry.parameters / 1e6:,.1f} million"),
        *(("files", f"{f.name}: {', '.join(f.files)} ({in_words(f.size_bytes)})") for f in entry.formats),
        ("memory", f"{in_words(entry.memory.cpu_bytes)} on a CPU, {in_words(entry.memory.gpu_bytes)} on a GPU"),
        ("this machine", _on_this_machine(store, entry)),
        ("here", store.presence(name).in_words),
        ("unverified", "\n".join(entry.unverified)),
        ("sources", "\n".join(f"{fact}: {source}" for fact, source in entry.sources.items())),
    ]
    return "".join(_paragraph(heading, text) for heading, text in facts)


_KINDS = {
    "patches": "a mask model that looks at cubes of the volume",
    "slices": "a mask model that follows an object from slice to slice",
    "language": "a language model that sees the volume",
}


def _acceptance(entry: CatalogueEntry) -> str:
    if entry.is_bundled:
        return "not needed"
    if entry.licence.accepted_on_hub:
        return "on the model's page, with a Hugging Face account, and with --accept-licence"
    return "with --accept-licence"


def _on_this_machine(store: ModelStore, entry: CatalogueEntry) -> str:
    # torch takes seconds to import, and only this line needs it.
    from MedVLSAM2Lib.model.torch_machine import TorchMachine

    wanted, *smaller = (_needs(one) for one in (entry, *store.catalogue.smaller_than(entry)))
    try:
        found = choose_model([wanted, *smaller], TorchMachine())
    except NotEnoughMemory as error:
        return str(error)
    runs = f"{found.needs.title} runs on {found.choice.device} in {found.choice.dtype}"
    return "\n".join(filter(None, (found.sentence, found.choice.sentence, runs)))


def _needs(entry: CatalogueEntry) -> Needs:
    return Needs(entry.title, entry.memory.cpu_bytes, entry.memory.gpu_bytes)


def _row(entry: CatalogueEntry, here: str) -> Sequence[str]:
    size, memory = entry.formats[0].size_bytes, entry.memory
    trained_for = ", ".join(entry.capabilities)
    needs = in_words(memory.cpu_bytes), in_words(memory.gpu_bytes)
    return (entry.name, entry.kind, in_words(size), entry.licence.tag, *needs, trained_for, here)


def _aligned(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() + "\n" for row in rows
    )


def _paragraph(heading: str, text: str) -> str:
    first, *rest = text.splitlines() or [""]
    return f"{heading:13}{first}\n" + "".join(f"{'':13}{line}\n" for line in rest)
