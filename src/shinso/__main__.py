"""`python -m shinso` is `shinso`."""

from typing import NoReturn

from shinso._interrupt import Interrupt


def main() -> NoReturn:
    """Run the command line, and end the process; Ctrl-C is heard while it is still being imported."""
    with Interrupt(at_once=True):
        from shinso.cli import main as run

        run()


if __name__ == "__main__":
    main()
