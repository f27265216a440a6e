"""Compressed files, by the ending of their names."""

from __future__ import annotations

import gzip
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import IO, Any, Final

ENDINGS: Final = (".gz", ".zst")


def split_name(path: Path) -> tuple[str, str]:
    """The name of a file without its ending, and the ending with that of its compression.

    >>> split_name(Path("chat.v1.jsonl.gz"))
    ('chat.v1', '.jsonl.gz')
    """
    if path.suffix not in ENDINGS:
        return path.stem, path.suffix
    inner = Path(path.stem)
    return inner.stem, inner.suffix + path.suffix


def compressed(file: IO[bytes], ending: str) -> AbstractContextManager[Any]:
    """A file to write to, whose bytes go to ``file`` as the ending asks; it leaves ``file`` open.

    The same bytes are always compressed to the same bytes: neither a name nor a time goes with them.
    """
    if ending.endswith(".gz"):
        return gzip.GzipFile(filename="", mode="wb", fileobj=file, compresslevel=6, mtime=0)
    if ending.endswith(".zst"):
        import zstandard  # here, because most datasets are not compressed

        return zstandard.ZstdCompressor(write_checksum=True).stream_writer(file, closefd=False)
    return nullcontext(file)
