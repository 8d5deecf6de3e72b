"""``python -m casepack``."""

from casepack.cli.main import main

main()
