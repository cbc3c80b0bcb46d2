"""`python -m tests.endurance SUBJECT …`: try it long, and print what was found."""

import argparse
import importlib
import sys

SUBJECTS = {
    "overload": "more is asked for than can be served",
    "kill": "the service is killed at random moments under writers",
    "replay": "the power fails at any moment of a history",
    "fuzz": "broken requests, as raw bytes",
    "soak": "mixed load for a long time, and whether anything grows",
    "corruption": "files are damaged at random places",
}
"""A further one is a module of this name, whose `main` takes the other words and returns a
status."""


def main() -> int:
    """Run the subject that the command line names; the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.endurance",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="\n".join(f"{name:12}{what}" for name, what in SUBJECTS.items()),
    )
    parser.add_argument("subject", choices=SUBJECTS)
    arguments, words = parser.parse_known_args(sys.argv[1:2])
    module = importlib.import_module(f"tests.endurance.{arguments.subject}")
    status: int = module.main([*words, *sys.argv[2:]])
    return status


if __name__ == "__main__":
    sys.exit(main())
