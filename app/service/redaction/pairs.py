"""Credentials that are known by their name: `password=…`, `"api_key": "…"`, `--token …`.

Much code reads like that and holds no secret: `token = next(tokens)`, `password: str`,
`secret=${SECRET}`. So a value counts only where it can hardly be anything but a literal.
"""

import re

_CHOSEN = r"(?:(?:pass(?:word|wd|phrase|code)|_pass|pwd|secret)(?:_?(?:confirmation|value|[0-9]))?)"
NAME = (
    rf"(?:{_CHOSEN}|token|credentials?"
    r"|(?:api|access|account|shared[_-]?access|secret|private|signing|encryption|auth|master|app"
    r"|client|subscription|consumer)[_ -]?key)"
)
"""The end of a name that promises a secret, in whatever case."""

_QUOTE = r"""\\{0,3}["'`]"""
_BARE = r"""[^\s"'`,;&<>(){}\[\]|\\=]"""
PAIR = re.compile(
    rf"(?P<name>(?i:{NAME}))"
    rf"(?P<sign>(?:{_QUOTE})?\]?[ \t]{{0,4}}(?:=>|:=|[:=(,>])[ \t]{{0,4}}|[ \t])"
    rf"(?:(?P<quote>{_QUOTE})(?P<quoted>[^\s\"'`\\]{{4,}}+){_QUOTE}"
    rf"|(?P<bare>{_BARE}{{4,}}+={{0,2}})(?P<after>[(\[{{<;&]?))",
    re.ASCII,
)
"""A name, a sign, and what may be a secret, which a match consumes: no text is read twice."""

_TELLING = r"""[^\s"'`\\]*[0-9!@#$^~%*?+]"""
SUSPICION = (
    rf"""(?i:{NAME})["'`\\]{{0,4}}\]?[\s:=>]{{1,9}}["'`\\]{{0,4}}{_TELLING}"""
    rf"""|(?i:{NAME})["'`\\]{{0,4}}[\s]{{0,4}}[(,][\s]{{0,4}}["'`\\]{{1,4}}{_TELLING}"""
    rf"""|(?i:{_CHOSEN})["'`\\]{{0,4}}\]?[\s]{{0,4}}:?=[\s]{{0,4}}["'`\\]{{0,4}}[A-Za-z]"""
    rf"""|--[\w-]*(?i:{_CHOSEN})[ =]"""
)
"""Matches in each text that holds a pair with a secret, and in few others. A member's name and
its value, with only a line's end between them, count too."""

_HARMLESS_TOKEN = re.compile(
    r"(?i:next|page|continuation|sync|cancel|cancellation|client|change|lock|request|unexpected"
    r"|got|found|public[_ -]?key)[_ -]?$"
)
"""Before `token`: what makes it a place in a list, an idempotency key, or a parser's."""

_PLACEHOLDER = re.compile(
    r"^\$[A-Za-z_({]|^%[sdv(]|^%\w+%$|^@\w+@$|\$\{|\{\{|\}\}|^[<{\[]|^:\w+$|example(?:$|[_-])|[_-]example|\*\*\*|\.\.\."
    r"|(?i:your|placeholder|change.?me|redacted|masked|dummy|x{4}|todo|^insert|^replace|[_-]here$)"
)
"""What stands for a secret where there is none."""

_DOTTED = re.compile(r"^[A-Za-z_$][\w$]*(?:\.[\w$]+)+$")
_CODE = re.compile(
    r"^[\w.$]+@[0-9a-f]{4,16}$|->|::"
    r"|^[A-Z]+(?:_[A-Z0-9]+)+$|^0x[0-9a-fA-F]+$|^[!-]"
)
"""Expressions and no literals, where no quotes tell: `self.token2`, `Token@1f2e3d`, `MAX_2`."""

_VARIABLE = re.compile(r"^[A-Za-z_]+[0-9]{0,2}$")

_PLACE = re.compile(r"://|^(?:\.{0,2}|~)/|^[A-Za-z]:/|^arn:|^[\w.-]+:\d{1,5}$")
"""A path or an address."""

_OPTION = re.compile(r"(?:--[a-z-]*|(?:^|\s)(?:ENV|setx)[ \t]+\w*)$")
"""Before the name: an option of a command or the like, whose value follows a blank."""

_MARKS = frozenset("!@#$^~%*?+")
"""What people put into passwords, and hardly anything else into a word."""

_NAMED = re.compile(rf"^[#.]?[a-z_-]*(?i:{NAME}|pass|pw|key|user)[a-z_-]*[0-9]?$")
"""A value that is itself such a name."""

_READ = 256
"""Characters of a value that are looked at."""

# fmt: off
_WORDS = frozenset((
    "required", "incorrect", "invalid", "expired", "missing", "wrong", "empty", "mismatch",
    "failed", "failure", "changed", "unset", "undefined", "optional", "string", "none", "null",
    "true", "false", "default", "unknown", "text", "hidden", "input", "field", "value", "type",
    "name", "enabled", "disabled", "prompt", "system", "self", "bearer", "basic", "number",
    "boolean", "integer", "object", "array", "unauthorized", "forbidden", "revoked", "rejected",
    "accepted", "generated", "include", "omit", "origin",
))
# fmt: on
"""What is said of passwords, and no password."""


def kind_of(name: str) -> str:
    """`password` for what people choose, `secret` for what programs make."""
    return "password" if "pass" in name.lower() or "pwd" in name.lower() else "secret"


def is_placeholder(value: str) -> bool:
    """Whether a value only stands for a secret."""
    return len(set(value)) < 3 or _PLACEHOLDER.search(value[:_READ]) is not None


def is_secret(name: str, value: str, *, quoted: bool = True, word: bool = False) -> bool:
    """Whether the value that a name is given is a secret.

    A `quoted` value is a literal, another may be code; a mere `word` counts only if told so.
    """
    value = value[:_READ]
    if is_placeholder(value) or value.lower() in _WORDS or _NAMED.match(value):
        return False
    digits = sum(map("0123456789".__contains__, value))
    if _PLACE.search(value) or (not quoted and _CODE.search(value)):
        return False
    if not quoted and digits < 4 and _DOTTED.match(value):
        return False
    letters = sum(map(str.isalpha, value))
    if not re.fullmatch(_CHOSEN, name, re.IGNORECASE):
        if letters == 0 or _VARIABLE.match(value):
            return False
        return digits > (not quoted and len(value) < 24) and len(value) >= (12 if quoted else 16)
    if letters == 0:
        return len(value) >= 6 and value.isdecimal() and kind_of(name) == "password"
    if len(value) < 6:
        return False
    return digits > 0 or any(mark in _MARKS for mark in value) or (word and value.isalpha())


def secret_in(found: re.Match[str]) -> tuple[int, int] | None:
    """Where the secret stands in a match of PAIR, None where there is none."""
    name, sign, after = found["name"], found["sign"], found["after"]
    before = found.string[max(0, found.start() - 24) : found.start()]
    if name.lower() == "token" and _HARMLESS_TOKEN.search(before):
        return None
    if before.endswith("::") or (before.endswith(":") and sign == ":"):  # a type, an ARN
        return None
    option = _OPTION.search(before) is not None
    if found["quoted"] is not None:
        pair = "," not in sign or sign[0] in "\"'`\\"
        literal = is_secret(name, found["quoted"], word="=" in sign and ">" not in sign)
        return found.span("quoted") if pair and literal else None
    match sign.strip():
        case "" if not option:
            return None
        case ">" if after != "<":
            return None
        case "(" | ",":
            return None
    if after and after in "([{":
        return None
    tight = sign == "=" and (
        name.isupper() or before[-1:] in ("?", "&", ";") or after in (";", "&")
    )
    literal = is_secret(name, found["bare"], quoted=False, word=tight or option)
    return found.span("bare") if literal else None
