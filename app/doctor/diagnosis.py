"""What the doctor finds."""

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How bad a finding is."""

    ERROR = "error"
    """Orders are not carried, or wrongly, until it is cured."""
    WARNING = "warning"
    """All works at present; somebody should decide or look."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One thing that is wrong: `check` names it for programs, the sentences are for people."""

    check: str
    severity: Severity
    problem: str
    cure: str


def error(check: str, problem: str, cure: str) -> Diagnosis:
    """Return a finding that keeps orders from being carried."""
    return Diagnosis(check, Severity.ERROR, problem, cure)


def warning(check: str, problem: str, cure: str) -> Diagnosis:
    """Return a finding that somebody should look at."""
    return Diagnosis(check, Severity.WARNING, problem, cure)
