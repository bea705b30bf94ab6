"""Report templates: small JSON files that a department can copy and change (``Resources/report_templates``)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from string import Formatter

from MedVLSAM2Lib.report.codes import Code
from MedVLSAM2Lib.report.json_fields import FieldError, Fields, parse, read_limited
from MedVLSAM2Lib.report.layout import Layout, OrganSystem
from MedVLSAM2Lib.report.placeholders import SIDE
from MedVLSAM2Lib.report.quantities import Quantity
from MedVLSAM2Lib.report.report_json import read_code, read_section
from MedVLSAM2Lib.report.technique import HEADER_KEYWORDS
from MedVLSAM2Lib.volume import CT_WINDOWS

FORMAT = "medvlsam2-report-template"
VERSION = 1
_SHORT = 200
_MEASURED_PHRASES = ("organ", "lesion", "parts", "edge", "change", "impression")
_NAME_WORDS = frozenset({"name", "Name"})

Alternatives = tuple[str, ...]
"""Ways to say one thing, the fullest first: the first whose every blank is known is said."""


class TemplateError(ValueError):
    """The template cannot be used; the message is one sentence that names the file and the field."""


@dataclass(frozen=True)
class Structures:
    """What belongs to an organ system.

    Attributes:
        system: its key.
        words: words in a segment's name or terminology, the longest that fits decides.
        window: the CT window (``CT_WINDOWS``) its key images are shown with.
    """

    system: str
    words: tuple[str, ...]
    window: str


@dataclass(frozen=True)
class Phrases:
    """What is said, with blanks: ``{name}``, ``{Name}``, ``{side}`` and the quantities' names; DICOM keywords in ``technique``.

    Attributes:
        organ: of an organ.
        lesion: of something abnormal.
        parts: of something abnormal in more than one part.
        edge: of what reaches the border of the scan.
        change: against a prior scan.
        impression: of something abnormal, in the impression.
        technique: from the scan's DICOM header.
    """

    organ: tuple[Alternatives, ...]
    lesion: tuple[Alternatives, ...]
    parts: tuple[Alternatives, ...]
    edge: tuple[Alternatives, ...]
    change: tuple[Alternatives, ...]
    impression: tuple[Alternatives, ...]
    technique: tuple[Alternatives, ...]


@dataclass(frozen=True)
class Template:
    """A study type's report.

    Attributes:
        layout: sections and headings.
        structures: what belongs to which heading.
        phrases: what is said.
        lesion_words: words in a name that mean something abnormal.
        normal_words: words that make a sentence a normal finding, which the model may not state without evidence.
        procedures: the coded procedure by DICOM modality, for DICOM SR.
    """

    layout: Layout
    structures: tuple[Structures, ...]
    phrases: Phrases
    lesion_words: tuple[str, ...]
    normal_words: tuple[str, ...]
    procedures: dict[str, Code]


def bundled_templates() -> Path:
    """The folder of the templates that come with the extension, beside the library."""
    return Path(__file__).resolve().parents[2] / "Resources" / "report_templates"


def list_templates(folder: Path) -> tuple[Path, ...]:
    """The template files in ``folder``, by name."""
    return tuple(sorted(folder.glob("*.json")))


def read_template(path: Path) -> Template:
    """The template in ``path``.

    Raises:
        TemplateError: one sentence that names the field that is wrong.
    """
    try:
        return _read(parse(read_limited(path)))
    except FieldError as error:
        raise TemplateError(f"The report template {path.name} cannot be used: {error}") from error


def _read(fields: Fields) -> Template:
    fields.constant("format", FORMAT)
    fields.constant("version", VERSION)
    structures = []
    systems = []
    for system in fields.objects("systems"):
        found, title = _read_structures(system), system.text("title", longest=_SHORT)
        system.finish()
        structures.append(found)
        systems.append(OrganSystem(found.system, title))
    template = Template(
        _read_layout(fields, tuple(systems)),
        tuple(structures),
        _read_phrases(fields.inner("phrases")),
        fields.texts("lesion_words"),
        fields.texts("normal_words"),
        {modality: read_code(code) for modality, code in fields.named("procedures")},
    )
    fields.finish()
    return template


def _read_layout(fields: Fields, systems: tuple[OrganSystem, ...]) -> Layout:
    sections = tuple(read_section(section) for section in fields.objects("sections"))
    if len({section.key for section in sections}) != len(sections):
        raise FieldError("sections names a section twice.")
    if len({system.key for system in systems}) != len(systems):
        raise FieldError("systems names a key twice.")
    other = OrganSystem("other", fields.text("other", longest=_SHORT))
    names = fields.text("study_type", longest=_SHORT), fields.text("title", longest=_SHORT)
    silence = fields.text("not_assessed", longest=_SHORT), fields.text("not_found", "Not found", longest=_SHORT)
    return Layout(*names, sections, systems, other, *silence)


def _read_structures(system: Fields) -> Structures:
    window = system.text("window", default="soft tissue")
    if window not in CT_WINDOWS:
        raise FieldError(f"the window {window} of a system is not one of {', '.join(CT_WINDOWS)}.")
    return Structures(system.text("key", longest=_SHORT), system.texts("structures"), window)


def _read_phrases(fields: Fields) -> Phrases:
    known = _NAME_WORDS | {SIDE} | set(Quantity)
    measured = {name: _read_sentences(fields, name, known) for name in _MEASURED_PHRASES}
    phrases = Phrases(**measured, technique=_read_sentences(fields, "technique", HEADER_KEYWORDS))
    fields.finish()
    return phrases


def _read_sentences(fields: Fields, name: str, known: frozenset[str] | set[str]) -> tuple[Alternatives, ...]:
    sentences = []
    for sentence in fields.objects(name):
        sentences.append(sentence.texts("say"))
        sentence.finish()
    for text in (text for alternatives in sentences for text in alternatives):
        for blank in blanks(text):
            if blank not in known:
                raise FieldError(f"phrases.{name} has the blank {{{blank}}}, which is not one of {_listed(known)}.")
    return tuple(sentences)


def blanks(text: str) -> tuple[str, ...]:
    """The names of the blanks in a phrase.

    Raises:
        FieldError: its braces do not pair.
    """
    try:
        return tuple(name for _, name, _, _ in Formatter().parse(text) if name is not None)
    except ValueError as error:
        raise FieldError(f"the phrase {text!r} has braces that do not pair.") from error


def _listed(known: frozenset[str] | set[str]) -> str:
    return ", ".join(sorted(known))
