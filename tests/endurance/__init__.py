"""What takes long to prove: kills, power failures, damage. `python -m tests.endurance SUBJECT`."""
