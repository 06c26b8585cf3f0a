"""Measures the service on this machine: `make bench`. Nothing here is imported by it."""
