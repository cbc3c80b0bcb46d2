"""How fast the service is, beside what a team would pick instead, on the same machine."""
