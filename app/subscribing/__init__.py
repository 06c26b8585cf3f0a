"""Keeps the webhook subscription at the marketplace, where it may (docs/webhooks.md)."""
