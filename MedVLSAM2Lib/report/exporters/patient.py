"""Who the report is about: in no text, page or JSON unless it is handed over for that."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PatientDetails:
    """What may be printed on a report, each part empty by default."""

    name: str = ""
    patient_id: str = ""
    study_date: str = ""

    def lines(self) -> tuple[tuple[str, str], ...]:
        """Titles and values of what is given."""
        pairs = (("Patient", self.name), ("Patient ID", self.patient_id), ("Study date", self.study_date))
        return tuple((title, value) for title, value in pairs if value)
