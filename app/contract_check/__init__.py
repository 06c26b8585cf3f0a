"""
Compares Ankorstore's published OpenAPI file with what this version relies on.

Pure: a file in, findings out. What is relied on is declared in `ankorstore.toml`, and a test
records what the client really sends and reads and holds the declaration to it.
"""

from app.contract_check.compare import Change, find_changes
from app.contract_check.published import NotPublished, Published, load_published
from app.contract_check.reliance import Reliance, load_reliance

__all__ = [
    "Change",
    "NotPublished",
    "Published",
    "Reliance",
    "find_changes",
    "load_published",
    "load_reliance",
]
