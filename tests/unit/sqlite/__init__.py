"""What only the SQLite backend promises."""
