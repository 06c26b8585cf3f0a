"""Who decided something, and why, as it is kept: one line of text that can be printed."""

LONGEST_NAME = 100
LONGEST_REASON = 1000


def one_line(text: str) -> str:
    """Return *text* in one line; what cannot be printed becomes a blank."""
    return " ".join("".join(one if one.isprintable() else " " for one in text).split())


def check_name(text: str) -> str:
    """
    Return the name of who decides.

    Raises:
        ValueError: It cannot be one; the text says why.
    """
    return _check("by", text, LONGEST_NAME)


def check_reason(text: str) -> str:
    """
    Return why something is decided that must not be decided without saying so.

    Raises:
        ValueError: It says nothing, or too much.
    """
    return _check("reason", text, LONGEST_REASON)


def _check(name: str, text: str, longest: int) -> str:
    line = one_line(text)
    if not line:
        raise ValueError(f"{name}: is empty; write it in words")
    if len(line) > longest:
        raise ValueError(f"{name}: has {len(line)} characters; at most {longest} are kept")
    return line
