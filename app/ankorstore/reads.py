"""Which calls surely change no order at Ankorstore; shadow mode lets no other out."""

from app.ankorstore.wire import SUBSCRIPTIONS_PATH, TOKEN_PATH


def leaves_orders_alone(method: str, path: str) -> bool:
    """
    Tell whether a call only reads, or is about our own webhook subscription.

    Asking for shipping quotes is a POST that leaves quotes behind, so it is none. Who tries the
    service beside another connector needs its events, and subscriptions change nothing else.
    """
    if method == "GET" or (method == "POST" and path == TOKEN_PATH):
        return True
    is_subscription = f"{path}/".startswith(f"{SUBSCRIPTIONS_PATH}/")
    return is_subscription and ".." not in path and "%" not in path
