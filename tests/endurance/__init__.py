"""Long runs, asked for by name: `python -m tests.endurance NAME`. No part of the tests."""
