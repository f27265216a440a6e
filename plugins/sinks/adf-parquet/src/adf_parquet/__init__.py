"""Columns: the sink ``parquet``."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

from adf_core import AdfError, Record, RunInfo, Sink, SinkResult, hookimpl, option
from adf_parquet.columns import row
from adf_parquet.places import part_path, put_in_place, temporary_folder


@dataclass(kw_only=True, eq=False)
class Parquet(Sink):
    """Chat messages and their lineage in typed columns, compressed, as `datasets`, polars and DuckDB read them."""

    name: ClassVar[str] = "parquet"
    path: str = option(
        "dataset.parquet", help="the file to write; a relative path starts at the run's output folder", minLength=1
    )
    shard: int | None = option(
        None, help="most records of one file: `dataset-00000-of-00003.parquet` and so on; one file if unset", minimum=1
    )
    row_group: int = option(
        10_000, help="most records of one row group; memory grows with it", minimum=1, maximum=1_000_000
    )
    split_files: bool = option(
        True, help="where the setup has a `split`, one file for each part: `dataset.train.parquet` for the part `train`"
    )
    lone_surrogates: Literal["refuse", "replace"] = option(
        "refuse", help="what to do about halves of characters, which UTF-8 has no form for: `replace` writes U+FFFD"
    )

    def write(self, records: Iterable[Record], run: RunInfo) -> SinkResult:
        import pyarrow

        from adf_parquet.writing import part_writer

        target = run.out / self.path
        names = run.parts if self.split_files and run.parts else (None,)
        count = 0
        try:
            with temporary_folder(target) as folder:
                with ExitStack() as stack:
                    parts = {
                        name: stack.enter_context(part_writer(Path(folder, str(number)), self.shard, self.row_group))
                        for number, name in enumerate(names)
                    }
                    for record in records:
                        parts[record.split if record.split in parts else None].add(row(record))
                        count += 1
                if self.lone_surrogates == "refuse":
                    _refuse([key for part in parts.values() for key in part.mended])
                paths = put_in_place(
                    {part_path(target, name): part.files for name, part in parts.items()},
                    sharded=self.shard is not None,
                )
        except pyarrow.ArrowException as error:
            raise AdfError(f"The sink `parquet` cannot write {target}: {error}") from error
        return SinkResult(count, paths)


def _refuse(keys: list[str]) -> None:
    """AdfError where there are records with these keys, whose text was mended."""
    if keys:
        many = f"{len(keys)} records hold" if len(keys) > 1 else "A record holds"
        raise AdfError(
            f"{many} halves of characters (lone surrogates), which the text of a Parquet file cannot hold; the first "
            f"is `{keys[0]}`. With the option `lone_surrogates: replace` the sink `parquet` writes U+FFFD instead."
        )


@hookimpl
def register_sinks(register: Callable[[type[Sink]], None]) -> None:
    register(Parquet)
