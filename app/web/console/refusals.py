"""How a page says that something cannot be had or done."""


class Refused(Exception):
    """A page instead of the one asked for: a status, a heading, and what to do about it."""

    def __init__(
        self, status: int, title: str, text: str, back: tuple[str, str] | None = None
    ) -> None:
        """
        Carry what the page shows; *text* holds nothing a stranger may not read.

        *back* is where one came from: a path, and what is there.
        """
        super().__init__(title)
        self.status = status
        self.title = title
        self.text = text
        self.back = back
