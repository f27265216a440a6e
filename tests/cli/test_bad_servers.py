"""Bad servers: what the user sees of each, what the journal keeps, and that the next run goes on."""

from __future__ import annotations

import json
import random
import re
import shutil
import socket
import ssl
import subprocess
import threading
import time
import urllib.request
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from adf_core.testing import OpenAIServer, Reply, openai_error
from adf_core.testing.openai_server import default_answer

from .conftest import SHORT_WAITS, faults, openai, rows, sentence, status, wait_for, went_well


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    return port


def key_of(body: dict[str, Any]) -> str:
    """What is asked for: prompt and seed."""
    return f"{body['messages'][-1]['content']}|{body['seed']}"


def number_of(body: dict[str, Any]) -> int:
    """Which of the flat project's seeds a request is for."""
    found = re.search(r"word (\d+)", body["messages"][-1]["content"])
    assert found
    return int(found[1])


def asked(*servers: OpenAIServer) -> Counter[str]:
    """How often each was asked for."""
    return Counter(key_of(body) for server in servers for body in server.requests)


# --- away ------------------------------------------------------------------------------------------------------------


def test_a_server_that_is_down_is_told_soon_with_its_address_and_the_next_run_goes_on(adf, project) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}/v1"
    told = sentence(adf("run", project, *openai(url)), 1)
    assert f"127.0.0.1:{port}" in told
    before = status(project)
    assert (before["accepted"], before["failed"], before["answers"]) == (0, 0, 0)
    assert set(faults(project / "out")) == {"Unreachable"}
    with OpenAIServer(port=port):
        went_well(adf("run", project, *openai(url)))
    assert status(project)["accepted"] == status(project)["planned"]


def test_a_server_that_is_a_moment_late_is_waited_for(start, flat) -> None:
    folder = flat(8)
    with socket.create_server(("127.0.0.1", 0)) as early:
        port = early.getsockname()[1]
        process = start("run", folder, *openai(f"http://127.0.0.1:{port}/v1"))
        early.settimeout(60)
        early.accept()[0].close()
    with OpenAIServer(port=port) as server:
        assert process.wait(60) == 0
        assert set(asked(server).values()) == {1}
    assert status(folder)["accepted"] == 8
    assert set(faults(folder / "out")) == {"Unreachable"}


def test_a_server_that_goes_away_for_seconds_costs_nothing_but_tries(start, flat) -> None:
    folder = flat(120)
    with OpenAIServer(latency=0.1) as server:
        process = start("run", folder, *openai(server, "--concurrency", "8"))
        wait_for(lambda: server.answered >= 24, process)
    lost = server.count - server.answered
    with socket.create_server(("127.0.0.1", server._port)) as nobody:
        nobody.settimeout(60)
        for _ in range(16):
            nobody.accept()[0].close()
    with OpenAIServer(port=server._port, latency=0.1) as back:
        assert process.wait(60) == 0
    numbers = status(folder)
    assert (numbers["accepted"], numbers["failed"]) == (120, 0)
    again = asked(server, back)
    assert len(again) == 120
    assert again.total() - 120 <= lost
    assert set(faults(folder / "out")) == {"Unreachable"}
    assert faults(folder / "out").total() >= 16


def test_a_server_that_goes_away_for_good_ends_the_run_and_the_next_one_goes_on(adf, start, flat) -> None:
    folder = flat(400)
    with OpenAIServer(latency=0.05) as server:
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        options = openai(server, "--concurrency", "4")
        process = start("run", folder, *options, constants=SHORT_WAITS, **pipes)
        wait_for(lambda: server.answered >= 24, process)
    out, err = process.communicate(timeout=60)
    done = subprocess.CompletedProcess([], process.returncode, out, err)
    assert f"127.0.0.1:{server._port}" in sentence(done, 1)
    assert f"to go on: adf run {folder}" in out
    numbers = status(folder)
    assert numbers["answers"] == numbers["accepted"] >= 24
    assert numbers["unspent"] == 400 - numbers["accepted"]
    with OpenAIServer(port=server._port) as back:
        went_well(adf("run", folder, *options))
        assert back.count == 400 - numbers["answers"]
    assert status(folder)["accepted"] == 400


def test_a_host_that_nobody_knows_is_told_soon_with_its_name(adf, project) -> None:
    told = sentence(adf("run", project, *openai("http://model.invalid/v1"), constants=SHORT_WAITS), 1)
    assert "model.invalid" in told
    assert status(project)["answers"] == 0
    assert set(faults(project / "out")) == {"Unreachable"}
    with OpenAIServer() as server:
        went_well(adf("run", project, *openai(server)))


# --- TLS -------------------------------------------------------------------------------------------------------------


@contextmanager
def tls_in_front_of(server: OpenAIServer, certificate: Path) -> Iterator[int]:
    """Passes what comes over TLS on to a server; gives the port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_suffix(".key"))

    class Passing(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            self.request = context.wrap_socket(self.request, server_side=True)
            super().setup()

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            asked = urllib.request.Request(server.url.removesuffix("/v1") + self.path, body, dict(self.headers))
            with urllib.request.urlopen(asked) as answer:
                content = answer.read()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            return

    class Front(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: Any) -> None:
            return  # who does not trust the certificate leaves

    with Front(("127.0.0.1", 0), Passing) as front:
        thread = threading.Thread(target=front.serve_forever, daemon=True)
        thread.start()
        yield front.server_port
        front.shutdown()
        thread.join()


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for 127.0.0.1 that signs itself; its key is beside it."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl, which makes the certificate, is not installed")
    path = tmp_path / "server.pem"
    names = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-keyout", str(path.with_suffix(".key")), "-out", str(path)]
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *names, *files]
    subprocess.run(made, check=True, capture_output=True)
    return path


def test_a_certificate_nobody_vouches_for_is_refused_until_it_is_trusted(adf, project, certificate) -> None:
    with OpenAIServer() as server, tls_in_front_of(server, certificate) as port:
        url = f"https://127.0.0.1:{port}/v1"
        told = sentence(adf("run", project, *openai(url), constants=SHORT_WAITS), 1)
        assert f"127.0.0.1:{port}" in told
        assert "certificate" in told
        assert server.count == 0
        assert set(faults(project / "out")) == {"Unreachable"}
        went_well(adf("run", project, *openai(url), env={"SSL_CERT_FILE": str(certificate)}))
    assert status(project)["accepted"] == status(project)["planned"]


# --- answers that are none -------------------------------------------------------------------------------------------

PAGE = "<!doctype html><html><body><h1>Please log in</h1></body></html>"
FINISHED = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": ""}}

NO_ANSWERS = (
    (Reply(body=PAGE, headers={"Content-Type": "text/html"}), "a web page"),
    (Reply(body=openai_error("The backend fell over.")), "The backend fell over."),
    (Reply(body={"object": "chat.completion", "choices": []}), "without a choice"),
    (Reply(body='{"object": "chat.completion", "choi'), "no JSON"),
    (Reply(body=""), "no JSON"),
    (Reply(status=502, body=PAGE), "HTTP 502"),
)


def test_what_is_no_answer_is_asked_for_again_and_never_taken_for_one(adf, flat) -> None:
    """A web page, an error behind a 200, no choices, half an answer, nothing, a proxy's page."""
    folder = flat(len(NO_ANSWERS))

    with OpenAIServer(lambda body, nth: NO_ANSWERS[number_of(body)][0]) as server:
        done = adf("run", folder, *openai(server), constants=SHORT_WAITS)
        assert (done.returncode, "Traceback" in done.stderr) == (1, False), done.stderr
        assert "nothing was accepted, so no dataset was written" in done.stdout
        assert f"to go on: adf run {folder}" in done.stdout
        numbers = status(folder)
        assert (numbers["failed"], numbers["answers"]) == (len(NO_ANSWERS), 0)
        assert faults(folder / "out") == {"Overloaded": server.count}
        reasons = [reason for (reason,) in rows(folder / "out", "SELECT reason FROM slots ORDER BY place")]
        assert [words in reason for reason, (_, words) in zip(reasons, NO_ANSWERS, strict=True)] == [True] * 6
        assert all(words in done.stdout for _, words in NO_ANSWERS[:3])

    with OpenAIServer(
        lambda body, nth: NO_ANSWERS[number_of(body)][0] if nth < 3 else default_answer(body, 1)
    ) as server:
        went_well(adf("run", folder, *openai(server), constants=SHORT_WAITS))
        assert set(asked(server).values()) == {3}
    assert status(folder)["accepted"] == len(NO_ANSWERS)


USELESS = (
    (Reply(finish_reason="content_filter"), "failed", "content filter"),
    (Reply(status=400, body=openai_error("No.", code="content_filter")), "failed", "blocked the content"),
    (Reply(text='{"conversations": [', finish_reason="content_filter"), "rejected", "content filter"),
    (Reply(text='{"conversations": [{"user": "a"', finish_reason="length"), "rejected", "token limit"),
    (Reply(text="I would rather not."), "rejected", "no JSON object"),
)


def test_an_answer_without_a_conversation_costs_an_attempt(adf, flat) -> None:
    """Filtered as a whole, refused, filtered midway, cut off by the token limit, chatter."""
    folder = flat(len(USELESS), generation={"attempts": 2})
    with OpenAIServer(lambda body, nth: USELESS[number_of(body)][0]) as server:
        done = adf("run", folder, *openai(server))
        assert (done.returncode, "Traceback" in done.stderr) == (1, False), done.stderr
        assert all(words in done.stdout for _, _, words in USELESS)
        assert server.count == 10
    numbers = status(folder)
    assert (numbers["failed"], numbers["rejected"], numbers["answers"], numbers["accepted"]) == (2, 3, 10, 0)
    ends = rows(folder / "out", "SELECT state, reason FROM slots ORDER BY place")
    for (ended, reason), (_, expected, words) in zip(ends, USELESS, strict=True):
        assert ended == expected
        assert words in reason
    assert not faults(folder / "out")
    with OpenAIServer() as server:
        went_well(adf("run", folder, *openai(server), "--retry-rejected"))
        assert server.count == 5
    assert status(folder)["accepted"] == 5


def test_one_blocked_content_is_asked_for_again_and_the_rest_goes_on(adf, flat) -> None:
    def filter_some(body: dict[str, Any], nth: int) -> str | Reply:
        blocked = int(body["seed"]) % 3 == 0
        return Reply(finish_reason="content_filter") if blocked else default_answer(body, nth)

    folder = flat(20)
    with OpenAIServer(filter_some) as server:
        went_well(adf("run", folder, *openai(server)))
        blocked = sum(int(body["seed"]) % 3 == 0 for body in server.requests)
    numbers = status(folder)
    assert (numbers["accepted"], numbers["answers"]) == (20, 20 + blocked)
    assert rows(folder / "out", "SELECT count(*) FROM answers WHERE error = 'ContentBlocked'") == [(blocked,)]


MEGABYTE = 2**20

GIANTS = (
    "word " * (10 * MEGABYTE),
    json.dumps({"conversations": [{"user": "u" * 50 * MEGABYTE, "assistant": "a"}]}),
)
BEYOND_ALL = "x" * (70 * MEGABYTE)


def test_an_answer_of_50_megabytes_costs_an_attempt(adf, flat) -> None:
    """Chatter and a conversation without end; an answer that is larger still is not even read."""
    folder = flat(3)
    first = dict(enumerate([*GIANTS, BEYOND_ALL]))

    def huge(body: dict[str, Any], nth: int) -> str:
        return first.pop(number_of(body), None) or default_answer(body, nth)

    with OpenAIServer(huge) as server:
        went_well(adf("run", folder, *openai(server), constants=SHORT_WAITS))
        assert server.count == 6
    numbers = status(folder)
    assert (numbers["accepted"], numbers["answers"]) == (3, 5)
    reasons = rows(folder / "out", "SELECT reason FROM verdicts WHERE decision = 'reject'")
    assert ["too long" in reason for (reason,) in reasons] == [True] * 2
    [(message,)] = rows(folder / "out", "SELECT message FROM faults")
    assert "more than 64 MiB" in message


# --- all of it at once -----------------------------------------------------------------------------------------------

SLOTS = 300
LATENCY = 0.1
CONCURRENCY = 20
NOISE_SECONDS = 0.3
"""How late this machine may be with anything."""

LOST_SECONDS = 0.1
"""What had arrived so shortly before a kill may be asked for again."""

FAULTS = {
    "RateLimited": (0.05, Reply(status=429, headers={"Retry-After": "1"}, text="Slow down.")),
    "Overloaded": (0.05, Reply(status=503, text="The model is overloaded.")),
    "Unreachable": (0.01, Reply(hang_up=True)),
    "Timeout": (0.01, Reply(delay=1000)),
}
"""Share and reply of each fault, by what the journal calls it."""

MALFORMED = 0.03


class BadModel:
    """Chooses faults by a request's content and how often it has come, and answers by its content alone."""

    def __init__(self) -> None:
        self.arrivals: defaultdict[str, list[tuple[float, str]]] = defaultdict(list)

    def __call__(self, body: dict[str, Any], nth: int) -> str | Reply:
        key = key_of(body)
        fault = self._fault(random.Random(f"{key} {nth}").random())
        malformed = random.Random(key).random() < MALFORMED
        self.arrivals[key].append((time.monotonic(), fault or ("malformed" if malformed else "good")))
        if fault:
            return FAULTS[fault][1]
        return "There is no JSON in this." if malformed else default_answer(body, 1)

    def _fault(self, point: float) -> str:
        for name, (share, _) in FAULTS.items():
            if point < share:
                return name
            point -= share
        return ""

    def count(self) -> Counter[str]:
        """How often each fate was met."""
        return Counter(fate for met in self.arrivals.values() for _, fate in met)


@pytest.fixture
def faulty(flat, tmp_path: Path):
    """A bad model's server, and the arguments that have it asked; ``--out`` is to follow."""
    model = BadModel()
    with OpenAIServer(model, latency=LATENCY) as server:
        options = openai(server, "-o", "timeout=2", "--concurrency", str(CONCURRENCY))
        yield model, server, ("run", str(flat(SLOTS)), *options, "--out")


def test_amid_all_faults_everything_is_accepted_and_every_failed_try_is_kept(
    adf, start, faulty, tmp_path: Path
) -> None:
    model, server, run = faulty
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    went_well(adf(*run, whole))
    met = model.count()
    assert set(met) == {*FAULTS, "malformed", "good"}
    assert status(whole)["accepted"] == met["good"] == SLOTS
    assert faults(whole) == {name: met[name] for name in FAULTS}
    assert rows(whole, "SELECT count(*) FROM verdicts WHERE decision = 'reject'") == [(met["malformed"],)]
    assert rows(whole, "SELECT sum(tries) FROM answers") == [(met.total(),)]

    wanted = set(model.arrivals)
    model.arrivals.clear()
    kills = []
    before = server.answered
    for share in (0.1, 0.5, 0.9):
        process = start(*run, killed)
        wait_for(lambda: server.answered - before >= share * met.total(), process)  # noqa: B023  it is over at once
        process.kill()
        kills.append(time.monotonic())
        process.wait()
    went_well(adf(*run, killed))

    for name in ("dataset.jsonl", "outputs.json"):
        assert (killed / name).read_bytes() == (whole / name).read_bytes()
    assert set(model.arrivals) == wanted
    for arrivals in model.arrivals.values():
        for arrived, fate in arrivals[:-1]:
            earliest, latest = arrived - NOISE_SECONDS, arrived + LATENCY + LOST_SECONDS + NOISE_SECONDS
            assert fate in FAULTS or any(earliest <= kill < latest for kill in kills)


def test_a_date_to_wait_for_is_read_by_the_servers_own_clock(adf, flat) -> None:
    """Its clock is three hours ahead, and it asks to wait for a second."""
    now = time.time() + 3 * 3600
    dates = {"Date": formatdate(now, usegmt=True), "Retry-After": formatdate(now + 1, usegmt=True)}

    def answer(body: dict[str, Any], nth: int) -> str | Reply:
        return Reply(status=429, headers=dates, text="Slow down.") if nth == 1 else default_answer(body, nth)

    with OpenAIServer(answer) as server:
        went_well(adf("run", flat(4), *openai(server)))
        assert server.count == 8


def test_no_more_requests_a_minute_are_sent_than_the_user_allows(adf, flat) -> None:
    arrived: list[float] = []

    def answer(body: dict[str, Any], nth: int) -> str:
        arrived.append(time.monotonic())
        return default_answer(body, nth)

    with OpenAIServer(answer) as server:
        went_well(adf("run", flat(16), *openai(server, "-o", "rpm=300")))
    assert len(arrived) == 16
    assert arrived[-1] - arrived[0] > 15 / 5 / 2, "that is twice as fast as allowed"
    most = max(sum(at <= other < at + 1 for other in arrived) for at in arrived)
    assert most <= 8, "more than 5 a second, and more than what waits while the machine is busy"
