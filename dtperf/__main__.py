"""`python -m dtperf` is `dtperf`."""

from dtperf.cli import main

main()
