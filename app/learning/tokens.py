"""Names and messages cut into the words that errors of one cause have in common."""

import re

_NAME_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_A-Za-z]+")
_MESSAGE_WORDS = re.compile(r"\w+|[^\w\s]")


def name_words(name: str) -> list[str]:
    """The words of a name, in lower case: camelCase and snake_case are taken apart."""
    return [word.lower() for word in _NAME_WORDS.findall(name)]


def message_words(message: str) -> list[str]:
    """The words and signs of a message, in lower case and in order.

    Values stay: that two tests expected the same number tells more than that both compared some.
    """
    return [word.lower() for word in _MESSAGE_WORDS.findall(message)]
