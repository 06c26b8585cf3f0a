"""What is sealed is opened by any of the keys, and by nobody else."""

from app.sealing import Sealer

OLD = "4sVv5uQJb0mZ0e3cTq7yH1kXn8wR2aLd6fGp9iUoB5E="
NEW = "+/ECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="


def test_the_newest_key_seals_and_all_open() -> None:
    """So the key can be changed while the service runs; either alphabet of base64 will do."""
    before, between, after = Sealer([OLD]), Sealer([NEW, OLD]), Sealer([NEW])
    sealed = before.seal("secret")
    assert "secret" not in sealed
    assert (between.open(sealed), between.is_newest(sealed), after.open(sealed)) == (
        "secret",
        False,
        None,
    )
    again = between.seal("secret")
    assert (after.open(again), between.is_newest(again), before.open(again)) == (
        "secret",
        True,
        None,
    )


def test_without_a_key_nothing_opens() -> None:
    """And it says so, for whoever would seal something."""
    none = Sealer([])
    assert (none.has_key, none.open(Sealer([OLD]).seal("x")), none.is_newest("x")) == (
        False,
        None,
        False,
    )


def test_what_was_never_sealed_does_not_open() -> None:
    """Whatever stands there."""
    assert [Sealer([OLD]).open(text) for text in ("", "x", "é", "gAAAA")] == [None] * 4
