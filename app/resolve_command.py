"""`pattern-store resolve`: a stack trace on stdin, asked of a running service."""

import json
import re
import sys
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any, NoReturn
from urllib.parse import urlsplit

import typer

from app.learning.trace import parse_trace

_SECONDS = 30.0
_PRINTED = re.compile(r"([^\W\d][\w.$\\:]{0,200}?)(?:: ?(.*))?$")
_MOST_READ = 1 << 20
"""Characters of a trace that are sent; the service reads fewer."""


class NotAnswered(Exception):
    """The service gave no answer; the text says why."""


def resolve(
    url: str,
    key: str | None,
    *,
    error_type: str | None,
    error_message: str | None,
    project: str | None,
    limit: int,
    min_confidence: str,
    as_json: bool,
) -> None:
    """Print what fixed an error like that on stdin.

    Exits with status 1 where nothing is known, 2 where nothing could be asked.
    """
    text = sys.stdin.buffer.read(4 * _MOST_READ).decode("utf-8", "replace")[:_MOST_READ]
    read = _read_error(text)
    question: dict[str, Any] = {
        "error_type": error_type or read[0],
        "error_message": read[1] if error_message is None else error_message,
        "stack_trace": text,
        "limit": limit,
        "min_confidence": min_confidence,
    }
    if project is not None:
        question["context"] = {"project_name": project}
    if not question["error_type"]:
        _fail("the trace does not tell what kind of error it is: add --error-type.")
    try:
        answer = _ask(url, key, question)
    except NotAnswered as error:
        _fail(str(error))
    if as_json:
        print(json.dumps(answer, ensure_ascii=False))
    else:
        _show(answer)
    raise typer.Exit(0 if answer["candidates"] else 1)


def _read_error(text: str) -> tuple[str, str]:
    """Type and message of an error as its trace has them; of one of no known language, as its
    last line has them."""
    raised = parse_trace(text).raised
    if raised:
        return raised[0].type, raised[0].message
    *_, last = ["", *(line for line in text.splitlines() if line.strip())]
    printed = _PRINTED.match(last.strip())
    return (printed[1], printed[2] or "") if printed else ("", last)


def _ask(url: str, key: str | None, question: dict[str, Any]) -> Any:
    """The service's answer. Raises NotAnswered."""
    try:
        place = urlsplit(url)
        scheme, host, port = place.scheme, place.hostname, place.port
    except ValueError:
        scheme = ""
    if scheme not in ("http", "https") or not host:
        raise NotAnswered(f"--url: {url!r} is no http:// or https:// URL.")
    kind = HTTPSConnection if scheme == "https" else HTTPConnection
    headers = {"Content-Type": "application/json"}
    if key:
        headers["Authorization"] = f"Bearer {key}"
    path = f"{place.path.rstrip('/')}/v1/errors/resolve"
    try:
        connection = kind(host, port, timeout=_SECONDS)
        connection.request("POST", path, json.dumps(question).encode(), headers)
        response = connection.getresponse()
        body = response.read()
        connection.close()
    except (OSError, HTTPException, ValueError) as error:
        raise NotAnswered(f"{url} does not answer: {error}.") from None
    return _answer(url, response.status, body)


def _answer(url: str, status: int, body: bytes) -> Any:
    try:
        answer = json.loads(body)
        if status == 200 and "candidates" in answer:
            return answer
        detail = answer["detail"]
    except (ValueError, TypeError, KeyError):
        detail = "it is not a Pattern Store."
    raise NotAnswered(f"{url} answers {status}: {detail}")


def _show(answer: Any) -> None:
    if answer["group"] is not None:
        print(_plain(f"{answer['group']['title']}  [{answer['group']['group_id']}]"))
    if not answer["candidates"]:
        print("Nothing is known that is likely enough.")
    for each in answer["candidates"]:
        told = each["outcomes"]
        outcomes = f"worked {told['worked']}, failed {told['failed']}"
        print(f"\n{each['confidence']}, {each['score']}; {outcomes}  [{each['resolution_id']}]")
        print("\n".join(f"  {_plain(line)}" for line in each["resolution"].splitlines()))


def _plain(text: str) -> str:
    """A text without what a terminal would take for a command."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def _fail(message: str) -> NoReturn:
    print(f"pattern-store: {message}", file=sys.stderr)
    raise typer.Exit(2)
