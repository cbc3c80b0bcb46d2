"""`python -m app` is `pattern-store`."""

import gc


def main() -> None:
    """Run the command line.

    Nothing that is imported is garbage, and to look for some among it took a fifteenth of a start.
    """
    gc.disable()
    from app.cli import app  # noqa: PLC0415 - not before

    gc.freeze()
    gc.enable()
    app()


if __name__ == "__main__":
    main()
