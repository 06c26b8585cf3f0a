"""
Operators' passwords: how they are hashed and compared, and what one must be.

Argon2id with the costs that argon2-cffi takes from RFC 9106 (64 MiB, three passes): about a
twentieth of a second a time. Each hash carries its costs, so they can be raised later.
"""

import secrets
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

MIN_CHARACTERS = 12
MAX_CHARACTERS = 500
_hasher = PasswordHasher()


def check_password(password: str) -> str:
    """
    Return *password* if it can be one.

    Raises:
        ValueError: It is too short to keep anybody out, too long, or begins or ends with white
            space, which a form would lose.
    """
    if password != password.strip():
        raise ValueError("a password does not begin or end with white space")
    if not MIN_CHARACTERS <= len(password) <= MAX_CHARACTERS:
        raise ValueError(f"a password has {MIN_CHARACTERS} to {MAX_CHARACTERS} characters")
    return password


def hash_password(password: str) -> str:
    """Return the hash to keep; takes long on purpose."""
    return _hasher.hash(password)


def is_password(password: str, password_hash: str | None) -> bool:
    """
    Tell whether *password* is the one of *password_hash*; takes long on purpose.

    With no hash it takes as long and is false, so that time does not tell which names exist.
    """
    try:
        _hasher.verify(password_hash or _nobodys_hash(), password)
    except (VerificationError, InvalidHashError):
        return False
    return password_hash is not None


@lru_cache
def _nobodys_hash() -> str:
    return _hasher.hash(secrets.token_urlsafe())
