"""
Keeps secrets in the database unreadable to whoever has the database alone.

The first key encrypts, all decrypt: so the key itself can be changed while the service runs.
"""

from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet


class Sealer:
    """Encrypts and decrypts by `ENCRYPTION_KEY`; without a key it opens and seals nothing."""

    def __init__(self, keys: Sequence[str]) -> None:
        """Take 32 bytes each in base64, of either alphabet; the newest first."""
        fernets = [Fernet(key.translate(str.maketrans("+/", "-_"))) for key in keys]
        self._newest = fernets[0] if fernets else None
        self._all = MultiFernet(fernets) if fernets else None

    @property
    def has_key(self) -> bool:
        """Whether anything can be sealed."""
        return self._all is not None

    def seal(self, text: str) -> str:
        """Return *text* encrypted by the newest key; there must be one."""
        assert self._all is not None, "only what has a key is asked to seal"
        return self._all.encrypt(text.encode()).decode()

    def open(self, sealed: str) -> str | None:
        """Return what was sealed; None where no key of ours opens it."""
        return _decrypt(self._all, sealed)

    def is_newest(self, sealed: str) -> bool:
        """Tell whether the newest key opens it, so that the older ones may go."""
        return _decrypt(self._newest, sealed) is not None


def _decrypt(cipher: Fernet | MultiFernet | None, sealed: str) -> str | None:
    if cipher is None:
        return None
    try:
        return cipher.decrypt(sealed.encode()).decode()
    except InvalidToken:
        return None
