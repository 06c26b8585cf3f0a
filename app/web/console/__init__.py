"""The operators' console: pages made on the server, for people who are signed in."""

from app.web.console.pages import ConsoleParts, add_console

__all__ = ["ConsoleParts", "add_console"]
