"""`python -m shinso` is `shinso`."""

from shinso.cli import main

main()
