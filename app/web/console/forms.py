"""What a form sent: read within bounds, as texts by name."""

from urllib.parse import parse_qsl

from starlette.requests import Request

from app.web.console.refusals import Refused

MAX_FORM_BYTES = 64 * 1024
MAX_FIELDS = 100

Form = dict[str, str]


async def read_form(request: Request) -> Form:
    """
    Return the fields of an urlencoded form, without the white space around them.

    Raises:
        Refused: It is too large, or no form.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise Refused(415, "Not a form", "Send what the form of the page holds.")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_FORM_BYTES:
            raise Refused(413, "Too much", f"A form holds at most {MAX_FORM_BYTES} bytes.")
    try:
        fields = parse_qsl(
            body.decode(), keep_blank_values=True, max_num_fields=MAX_FIELDS, errors="strict"
        )
    except ValueError:
        raise Refused(400, "Not a form", "What was sent cannot be read as a form.") from None
    if any("\x00" in text for field in fields for text in field):
        raise Refused(400, "Not a form", "What was sent holds a character that no text may hold.")
    return {name: value.strip() for name, value in fields}
