"""`python -m quillgate`."""

from quillgate.cli import main

main()
