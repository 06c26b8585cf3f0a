"""A user's sandbox: both companies, a clock that can be moved, and a page to play all of them."""

from app.simulator.sandbox.breaking import is_web_address
from app.simulator.sandbox.environment import service_lines, write_new_file
from app.simulator.sandbox.pages import console_app
from app.simulator.sandbox.state import Sandbox, build_sandbox

__all__ = [
    "Sandbox",
    "build_sandbox",
    "console_app",
    "is_web_address",
    "service_lines",
    "write_new_file",
]
