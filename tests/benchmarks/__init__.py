"""Measurements, each printed as a table: `python -m tests.benchmarks NAME`."""
