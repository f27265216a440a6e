"""Bad disks and folders: what the user sees of each, and that nothing that was paid for is lost."""

from __future__ import annotations

import resource
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from adf_core.journal import FILE_NAME
from adf_core.testing import OpenAIServer, make_project

from .conftest import openai, rows, sentence, status, wait_for, went_well


class SmallDisk:
    """A file system of so many kilobytes at ``path``."""

    def __init__(self, path: Path, kilobytes: int) -> None:
        path.mkdir()
        self.path = path
        self._size = f"size={kilobytes}k"

    def mount(self) -> None:
        """Raises CalledProcessError where this user may not, or cannot."""
        words = ["mount", "-t", "tmpfs", "-o", self._size, "tmpfs", str(self.path)]
        subprocess.run(words, check=True, capture_output=True)

    def grow(self) -> None:
        """Give it room for everything."""
        subprocess.run(["mount", "-o", "remount,size=64m", str(self.path)], check=True, capture_output=True)

    def fill(self) -> None:
        """Leave no room at all."""
        with (self.path / "ballast").open("wb", buffering=0) as ballast:
            try:
                while True:
                    ballast.write(b"x" * 4096)
            except OSError:
                return

    def unmount(self) -> None:
        subprocess.run(["umount", str(self.path)], check=True, capture_output=True)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[int], SmallDisk]]:
    """Mount a file system of so many kilobytes."""
    mounted: list[SmallDisk] = []

    def make(kilobytes: int) -> SmallDisk:
        disk = SmallDisk(tmp_path / "disk", kilobytes)
        try:
            disk.mount()
        except (OSError, subprocess.CalledProcessError) as error:
            pytest.skip(f"a small file system cannot be mounted here ({error})")
        mounted.append(disk)
        return disk

    yield make
    for disk in mounted:
        disk.unmount()


def paid_for(server: OpenAIServer, out: Path) -> int:
    """How many answers the journal has; none of them twice, and none that the server did not give."""
    [(answers, different)] = rows(out, "SELECT count(*), count(DISTINCT slot || request || attempt) FROM answers")
    assert answers == different <= server.answered
    return int(answers)


def all_arrived(server: OpenAIServer) -> int:
    """How many requests have come, once those that a process sent before it ended are among them."""
    before = -1
    while before != server.count:
        before = server.count
        time.sleep(0.3)
    return before


def test_a_disk_that_is_full_in_the_middle_loses_nothing_that_was_committed(adf, small_disk, tmp_path) -> None:
    disk = small_disk(300)
    folder, out = make_project(tmp_path / "p", generation={"d_factor": 20}), disk.path / "out"
    with OpenAIServer() as server:
        command = ("run", folder, *openai(server, "--concurrency", "4"), "--out", out)
        told = sentence(adf(*command), 1)
        assert f"The journal {out / FILE_NAME} cannot be written" in told
        assert "What was committed before is safe; make room and run again to go on." in told
        answers = paid_for(server, out)
        assert answers > 0
        assert status(out)["answers"] == answers

        assert "make room and run again" in sentence(adf(*command), 1)
        assert paid_for(server, out) == answers

        disk.grow()
        before = all_arrived(server)
        went_well(adf(*command))
        numbers = status(out)
        assert numbers["accepted"] == numbers["planned"] == paid_for(server, out)
        assert server.count - before == numbers["planned"] - answers
        whole = tmp_path / "whole"
        went_well(adf(*command[:-1], whole))
    assert (out / "dataset.jsonl").read_bytes() == (whole / "dataset.jsonl").read_bytes()


def test_files_that_may_not_grow_lose_nothing_that_was_committed(adf, tmp_path: Path) -> None:
    folder = make_project(tmp_path / "p", generation={"d_factor": 20})

    def small_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))

    with OpenAIServer() as server:
        done = adf("run", folder, *openai(server), preexec_fn=small_files)
        assert "What was committed before is safe" in sentence(done, 1)
        answers = paid_for(server, folder / "out")
        assert answers > 0
        before = all_arrived(server)
        went_well(adf("run", folder, *openai(server)))
        numbers = status(folder)
        assert numbers["accepted"] == numbers["planned"]
        assert server.count - before == numbers["planned"] - answers


def test_a_dataset_that_finds_no_room_is_written_by_the_next_run_without_a_request(adf, small_disk, flat) -> None:
    disk = small_disk(64)
    disk.fill()
    path = disk.path / "dataset.jsonl"
    folder = flat(30, sinks=[{"name": "jsonl", "path": str(path)}])
    with OpenAIServer() as server:
        told = sentence(adf("run", folder, *openai(server)), 1)
        assert "The sink `jsonl` cannot write" in told
        assert f"The records are safe in {folder / 'out' / FILE_NAME}; run again to write them." in told
        assert [file.name for file in disk.path.iterdir()] == ["ballast"]
        assert status(folder)["accepted"] == 30
        disk.grow()
        went_well(adf("run", folder, *openai(server)))
        assert server.count == 30
    assert len(path.read_text().splitlines()) == 30


def test_a_disk_that_is_full_from_the_start_is_told_before_anything_is_sent(adf, small_disk, flat) -> None:
    disk = small_disk(64)
    disk.fill()
    with OpenAIServer() as server:
        sentence(adf("run", flat(3), *openai(server), "--out", disk.path / "out"), 2)
        assert server.count == 0
        disk.grow()
        went_well(adf("run", flat(3), *openai(server), "--out", disk.path / "out"))


def test_an_output_folder_that_cannot_be_written_is_told_before_anything_is_sent(adf, project: Path) -> None:
    (project / "out").write_text("a file in the way")
    with OpenAIServer() as server:
        done = adf("run", project, *openai(server))
        assert server.count == 0
    assert "cannot be written" in sentence(done, 2)


def test_a_damaged_journal_is_left_alone_until_fresh(adf, project: Path) -> None:
    (project / "out").mkdir()
    journal = project / "out" / FILE_NAME
    journal.write_bytes(b"garbage" * 1000)
    with OpenAIServer() as server:
        assert "--fresh" in sentence(adf("run", project, *openai(server)), 2)
        assert journal.read_bytes() == b"garbage" * 1000
        went_well(adf("run", project, *openai(server), "--fresh"))
    [aside] = (project / "out").glob("journal-*.sqlite")
    assert aside.read_bytes() == b"garbage" * 1000


def test_fresh_without_a_key_leaves_the_journal_where_it_is(adf, project: Path) -> None:
    with OpenAIServer() as server:
        adf("run", project, *openai(server))
    assert "OPENAI_API_KEY" in sentence(adf("run", project, "--provider", "openai", "--fresh"), 2)
    assert not list((project / "out").glob("journal-*"))


def test_a_second_run_on_one_folder_leaves_and_the_first_is_undisturbed(adf, start, flat) -> None:
    folder = flat(16)
    with OpenAIServer(latency=1) as server:
        command = ("run", folder, *openai(server, "--concurrency", "4"))
        first = start(*command)
        wait_for(lambda: server.count >= 1, first)
        for again in (command, (*command, "--fresh")):
            told = sentence(adf(*again), 2)
            assert f"Another `adf run` is working on {folder / 'out'}. Wait for it, stop it, or choose another" in told
        assert first.poll() is None
        assert status(folder)["ended"] == "running"
        assert first.wait(60) == 0
        assert server.count == 16
    assert status(folder)["accepted"] == 16
    assert len((folder / "out" / "dataset.jsonl").read_text().splitlines()) == 16
    assert not list((folder / "out").glob("journal-*"))


def test_a_log_on_a_full_disk_does_not_stop_the_run(adf, small_disk, flat) -> None:
    disk = small_disk(64)
    disk.fill()
    folder = flat(5)
    with OpenAIServer() as server:
        done = adf("run", folder, *openai(server), "--log-json", disk.path / "log.jsonl")
        went_well(done)
    assert status(folder)["accepted"] == 5
