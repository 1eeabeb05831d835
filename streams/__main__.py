"""`python -m streams` is `truceline`."""

from streams.cli import main

main()
