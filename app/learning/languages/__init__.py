"""The languages whose traces are read: a further one is a further module and a further line."""

from app.learning.languages.csharp import CSHARP
from app.learning.languages.go import GO
from app.learning.languages.java import JAVA
from app.learning.languages.javascript import JAVASCRIPT
from app.learning.languages.language import Language
from app.learning.languages.php import PHP
from app.learning.languages.python import PYTHON
from app.learning.languages.ruby import RUBY
from app.learning.languages.rust import RUST

LANGUAGES: tuple[Language, ...] = (JAVA, PYTHON, GO, RUST, PHP, RUBY, CSHARP, JAVASCRIPT)
"""All of them; where two read as many frames out of a text, the first of them is right."""

__all__ = ["LANGUAGES", "Language"]
