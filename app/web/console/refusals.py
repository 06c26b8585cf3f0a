"""How a page says that something cannot be had or done."""


class Refused(Exception):
    """A page instead of the one asked for: a status, a heading, and what to do about it."""

    def __init__(self, status: int, title: str, text: str) -> None:
        """Carry what the page shows; *text* holds nothing a stranger may not read."""
        super().__init__(title)
        self.status = status
        self.title = title
        self.text = text
