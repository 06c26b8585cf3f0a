"""
The contract sentinel: what a company sends that its documentation does not name.

A field, an event or an enum value nobody here knows is never an error: it is kept in memory, now
and then written down, counted and shown, so that a person hears of a change before it matters.
"""

from app.sentinel.form import KnownForm, Shape, load_form
from app.sentinel.sightings import Kind, Seen, Sightings
from app.sentinel.watch import Watch

__all__ = ["Kind", "KnownForm", "Seen", "Shape", "Sightings", "Watch", "load_form"]
