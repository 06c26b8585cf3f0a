"""What the doctor finds."""

from dataclasses import dataclass
from enum import StrEnum

from app.errors import BridgeError, Rejected, Unauthorized


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


def explain(company: str, names: str, trouble: BridgeError) -> Diagnosis:
    """Return what a failed first call to *company* means."""
    if isinstance(trouble, Unauthorized) or (
        isinstance(trouble, Rejected) and trouble.status in (401, 403)
    ):
        problem = f"{company} refuses the login"
        return error(f"{company}_login", problem, f"check {names}, and that they are of this shop")
    base = "ANKORSTORE_BASE_URL" if company == "ankorstore" else "ACTIVE_ANTS_BASE_URL"
    problem = f"{company} does not answer as it should: {trouble}"
    return error(f"{company}_unreachable", problem, f"check {base} and the way out of this machine")
