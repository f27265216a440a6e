"""The command line: ``adf``. One file a command; what all of them share is in ``shared``."""

from adf_core.cli.main import main

__all__ = ["main"]
