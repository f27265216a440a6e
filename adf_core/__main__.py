"""``python -m adf_core`` is ``adf``."""

from adf_core.cli import main

main()
