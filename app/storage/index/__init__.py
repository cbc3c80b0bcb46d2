"""The SQLite database behind both backends: what filters ask for, and how it is kept right."""
