"""What takes long to prove, asked for by name: `python -m tests.endurance SUBJECT`."""
