"""The languages whose traces are read: a further one is a further module and a further line."""

from app.learning.languages.java import JAVA
from app.learning.languages.language import Language

LANGUAGES: tuple[Language, ...] = (JAVA,)
"""All of them; where two read the same number of frames out of a text, the first is right."""

__all__ = ["LANGUAGES", "Language"]
