"""
The demo: the real service against both simulated companies, with a few orders that go wrong.

It runs `antbridge serve` as its own process on an embedded database, plays the companies, tells
each order's story, and ends with a table; its exit status says whether every ending was right.
"""

from app.demo.run import run_demo

__all__ = ["run_demo"]
