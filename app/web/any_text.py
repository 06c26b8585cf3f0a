"""A path parameter that holds any text: slashes, and line ends too, which `path` does not match."""

from starlette.convertors import Convertor, register_url_convertor

ANY_TEXT = "any_text"


class AnyText(Convertor[str]):
    """Matches whatever stands there, so that the route itself refuses what is wrong with it."""

    regex = r"[\s\S]*"

    def convert(self, value: str) -> str:
        """Return the text as it is."""
        return value

    def to_string(self, value: str) -> str:
        """Return the text as it is."""
        return value


register_url_convertor(ANY_TEXT, AnyText())
