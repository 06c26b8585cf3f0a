"""How findings are told."""

import json
from collections.abc import Sequence
from dataclasses import asdict

from app.doctor.diagnosis import Diagnosis, Severity


def report_text(found: Sequence[Diagnosis]) -> str:
    """Return the findings for people: the errors first, a cure under each."""
    if not found:
        return "Nothing is wrong."
    lines = []
    for one in found:
        lines += [f"{one.severity:<8} {one.problem}", f"{'':<8} {one.cure}"]
    errors = sum(one.severity is Severity.ERROR for one in found)
    lines.append(f"{errors} errors, {len(found) - errors} warnings.")
    return "\n".join(lines)


def report_json(found: Sequence[Diagnosis]) -> str:
    """Return the findings for programs."""
    return json.dumps({"is_sound": not found, "findings": [asdict(one) for one in found]}, indent=2)
