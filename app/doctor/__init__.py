"""Finds what is wrong with a set-up before an order does: each finding with its cure."""

from app.doctor.diagnosis import Diagnosis, Severity
from app.doctor.examine import examine
from app.doctor.report import report_json, report_text

__all__ = ["Diagnosis", "Severity", "examine", "report_json", "report_text"]
