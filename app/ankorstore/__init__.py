"""Ankorstore: its calls, its forms, and what they mean in the bridge's own words."""
