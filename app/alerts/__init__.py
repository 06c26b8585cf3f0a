"""Tells people of what they must know at once, and a watchman that all is well (docs/alerts.md)."""
