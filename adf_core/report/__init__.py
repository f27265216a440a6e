"""Numbers and pictures about a project and its runs."""

from adf_core.report.picture import draw, photograph, size_of
from adf_core.report.programs import find_browser, find_mermaid

__all__ = ["draw", "find_browser", "find_mermaid", "photograph", "size_of"]
