from __future__ import annotations

from pathlib import Path

import pytest

from adf_core import atomic_write


def test_a_file_changes_in_one_step(tmp_path: Path) -> None:
    path = tmp_path / "new" / "file.txt"
    with atomic_write(path) as file:
        file.write("one\n")
        assert not path.exists()
    with atomic_write(path) as file:
        file.write("two\n")
        assert path.read_bytes() == b"one\n"
    assert path.read_bytes() == b"two\n"
    assert path.stat().st_mode & 0o600 == 0o600


@pytest.mark.parametrize("error", [OSError("full"), KeyboardInterrupt()])
def test_on_an_error_the_old_file_stays_and_no_other_is_left(tmp_path: Path, error: BaseException) -> None:
    path = tmp_path / "file.bin"
    path.write_bytes(b"old")
    with pytest.raises(type(error)), atomic_write(path, binary=True) as file:
        file.write(b"half")
        raise error
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
