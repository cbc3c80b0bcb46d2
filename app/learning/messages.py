"""An error's message without what differs from one occurrence to the next.

The kinds of variable parts are those that log parsers mask before they look for templates (see
Drain3's masking), with what assertions print of the values they compare.
"""

import re
from functools import cache

MOST_TEXT = 2048
"""Characters of a message that are read; those after them are left out."""

_BARE_KEY = re.compile(r"[^\W\d][\w.-]*+")
_UNIT = "(?:ns|[uµm]?s|secs?|m|mins?|h|hrs?|d|(?:milli|micro|nano)?seconds?|minutes?|hours?|days?)"
_CLOCK = r"\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?"
_MONTH = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]{0,6}+"
_DAY = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
_STEP = r"""[^\s/\\:"'`<>()\[\]{},;|*?=]"""
_HEX = "[0-9a-fA-F]"

_QUOTED = (
    r'"[^"\n]{0,2000}+"',
    r"'[^'\n]{0,2000}+'(?!\w)",
    r"`[^`\n]{0,2000}+`",
    r"“[^”\n]{0,2000}+”",
    r"‘[^’\n]{0,2000}+’",
    r"«[^»\n]{0,2000}+»",
)
_COMPARED = r"(?i:expected):?\s?<.*(?:>,? but (?:was|got):?\s?<.*)?"
"""What JUnit prints of two values, in which anything may stand; often it is cut off."""

_KINDS = {
    "url": r"[a-z][a-z0-9+.-]{1,15}+://[^\s\"'<>`]++",
    "email": r"[\w.+-]{1,64}+@[\w-]{1,63}+(?:\.[\w-]{1,63}+){1,8}+",
    "uuid": rf"{_HEX}{{8}}-(?:{_HEX}{{4}}-){{3}}{_HEX}{{12}}(?!\w)",
    "time": (
        rf"\d{{4}}-\d\d-\d\d(?:[T ]{_CLOCK}(?:Z\b| ?[+-]\d\d:?\d\d\b| (?:UTC|GMT)\b)?)?(?!\w)"
        rf"|\d{{4}}/\d\d?/\d\d?(?: {_CLOCK})?(?![\w/])|\d\d?/\d\d?/\d{{4}}(?: {_CLOCK})?(?![\w/])"
        rf"|\d\d?:\d\d:\d\d(?:[.,]\d{{1,9}})?(?!\w)"
        rf"|(?:{_DAY},? )?(?:\d\d? {_MONTH}(?: \d{{4}})?|{_MONTH} \d\d?(?:, \d{{4}})?)"
        rf"(?: {_CLOCK}(?: [A-Z]{{2,4}}\b)?(?: \d{{4}}\b)?)?(?!\w)"
    ),
    "ip": (
        r"(?:\d{1,3}\.){3}\d{1,3}(?:/\d\d?)?(?::\d{1,5})?(?![\w.]*\w)"
        rf"|\[?(?={_HEX}{{0,4}}+:{_HEX}{{0,4}}+:)(?=[a-fA-F:]{{0,40}}+\d)"
        rf"(?:{_HEX}{{1,4}}:){{1,7}}+(?::?{_HEX}{{1,4}}){{1,7}}+\]?(?::\d{{1,5}})?+(?![\w:])"
        r"|\[?::(?:1|[fF]{4}:[\d.]{7,15})\]?(?::\d{1,5})?(?![\w:])"
    ),
    "path": (
        rf"(?:~|\.\.?|[A-Za-z]:)[/\\]{_STEP}++(?:[/\\]++{_STEP}*+)*+"
        rf"|[/\\]{{1,2}}{_STEP}++[/\\]{_STEP}*+(?:[/\\]++{_STEP}*+)*+"
        r"|(?:[\w.@-]{1,100}[/\\]){1,30}[\w.@-]{1,100}\.[A-Za-z]\w{0,9}(?:[:#]\d+){0,2}+(?!\w)"
    ),
    "hex": (
        rf"0[xX]{_HEX}++(?!\w)|(?<=@)[0-9a-f]{{1,16}}+(?!\w)"
        rf"|(?=[0-9]*+[a-fA-F])(?=[a-fA-F]*+[0-9]){_HEX}{{6,128}}+(?![^\W_])"
    ),
    "id": (
        r"[A-Z]{1,5}(?:-\d++)++(?!\w)"
        r"|(?=[A-Za-z]{0,64}+\d++[A-Za-z]++\d)[A-Za-z\d]{8,128}+(?![^\W_])"
    ),
    "duration": (
        rf"[+-]?\d++(?:,\d++)*+(?:\.\d++)?+ ?{_UNIT}"
        rf"(?: ?\d++(?:\.\d+)?+{_UNIT}|(?!\w))+(?!\w)"
    ),
    "number": r"[+-]?\d++(?:,\d++)*+(?:\.\d++)*+(?:[eE][+-]?\d++)?+(?=\D|$)%?",
}


def with_key_quoted(error_type: str, message: str) -> str:
    """The message, with the quotes Python prints around the key of a `KeyError`.

    Some reports leave them out.
    """
    missing = error_type == "KeyError" and _BARE_KEY.fullmatch(message)
    return f"'{message}'" if missing else message


def normalised(message: str) -> str:
    """A message with a placeholder, such as `<number>`, for each variable part.

    One pass over at most `MOST_TEXT` characters; each is looked at a bounded number of times.
    """
    return _variable().sub(_placeholder, message[:MOST_TEXT]).strip()


@cache
def _variable() -> re.Pattern[str]:
    """Any variable part; it takes milliseconds to compile, so that it waits for a message."""
    return re.compile(
        rf"(?P<compared>{_COMPARED})|(?<=token )(?P<token>\S)(?= )"
        rf"|(?<!\w)(?P<text>{'|'.join(_QUOTED)})"
        rf"|(?<![^\W_])(?!(?!{_DAY}|{_MONTH})[A-Za-z]++(?:[ ,;)]|$))(?:"
        + "|".join(f"(?P<{kind}>{shapes})" for kind, shapes in _KINDS.items())
        + ")",
        re.DOTALL,
    )


def _placeholder(found: re.Match[str]) -> str:
    return f"<{found.lastgroup}>"
