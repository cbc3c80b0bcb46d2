"""Pattern Store: what coding agents did, kept safely and found again in milliseconds."""

__version__ = "0.1.0"
