"""`python -m flowctl` is `flowctl`."""

from flowctl.cli import main

main()
