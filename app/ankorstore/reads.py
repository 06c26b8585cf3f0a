"""Which calls surely change nothing at Ankorstore; shadow mode lets no other out."""

from app.ankorstore.wire import TOKEN_PATH


def is_read(method: str, path: str) -> bool:
    """
    Tell whether a call only reads.

    Asking for shipping quotes is a POST that leaves quotes behind, so it is none; the one POST
    that is, is the login.
    """
    return method == "GET" or (method == "POST" and path == TOKEN_PATH)
