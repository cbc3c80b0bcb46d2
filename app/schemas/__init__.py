"""The vocabulary: what a pattern is, how it is checked, and what can be asked of it."""
