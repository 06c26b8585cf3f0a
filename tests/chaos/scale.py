"""How much is done: little in every test run, more with `make chaos`."""

import os
import secrets

import pytest

ORDERS = int(os.environ.get("CHAOS_ORDERS", "6"))
KILLS = int(os.environ.get("CHAOS_KILLS", "3"))
IS_LONG = KILLS > 10
"""Whether everything is done, not what tells most alone."""
PATIENCE_SECONDS = float(os.environ.get("CHAOS_PATIENCE_SECONDS", "300" if IS_LONG else "120"))
SEED = int(os.environ.get("CHAOS_SEED", secrets.randbelow(10**6)))
"""What draws the orders and the moments; the processes' own timing is not repeatable."""
long_form = pytest.mark.skipif(not IS_LONG, reason="part of `make chaos` only")
