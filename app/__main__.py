"""`python -m app` is `pattern-store`."""

from app.cli import app

app()
