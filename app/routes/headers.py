"""Looking request headers up as they came, which spares a mapping made for each request."""

from starlette.requests import Request


def header(request: Request, name: bytes) -> str | None:
    """The first value of a header, whose name is given in lower case; None where it is missing."""
    for key, value in request.scope["headers"]:
        if key == name:
            text: str = value.decode("latin-1")
            return text
    return None
