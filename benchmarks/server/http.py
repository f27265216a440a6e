"""HTTP/1.1 as far as clients of an API speak it: requests read from bytes as they come, responses as bytes."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

MOST_HEAD = 64 * 1024
MOST_BODY = 64 * 1024 * 1024

_REQUEST_LINE = re.compile(rb"([A-Z]+) (/[!-~]*) HTTP/1\.([01])")
_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_DECIMAL = re.compile(rb"\d{1,12}")
_HEXADECIMAL = re.compile(rb"[0-9A-Fa-f]{1,8}")
_SINGLE = (b"content-length", b"transfer-encoding", b"host")
"""Headers that must not come twice: what they say decides where a request ends."""


class BadRequest(Exception):
    """Bytes that are no request; the connection cannot go on, since nobody knows where the next one begins."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class Request:
    """A whole request; ``path`` is without its query."""

    method: str
    path: str
    body: bytes
    keep_alive: bool


@dataclass(frozen=True, slots=True)
class _Head:
    """A request's first part. ``length`` is that of the body in bytes; None where it comes in chunks."""

    method: str
    path: str
    keep_alive: bool
    length: int | None
    waits: bool


class Parser:
    """Takes the bytes of one connection and gives out its requests, one by one."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._head: _Head | None = None
        self._chunks = bytearray()
        self._waits = False

    def feed(self, data: bytes) -> None:
        """More bytes. BadRequest where more wait than any request may have."""
        self._buffer += data
        if len(self._buffer) > MOST_HEAD + MOST_BODY:
            raise BadRequest(413, "That is too much for one request.")

    def next(self) -> Request | None:
        """The next request that is here as a whole. BadRequest where there is none and never will be."""
        head = self._head = self._head or self._read_head()
        if head is None:
            return None
        body = self._read_chunks() if head.length is None else self._take(head.length)
        if body is None:
            return None
        self._head, self._waits = None, False
        return Request(head.method, head.path, body, head.keep_alive)

    def wants_word(self) -> bool:
        """Whether the client waits for ``100 Continue`` before it sends its body; true once for each request."""
        waits, self._waits = self._waits, False
        return waits

    def _read_head(self) -> _Head | None:
        end = self._buffer.find(b"\r\n\r\n")
        if end > MOST_HEAD or (end < 0 and len(self._buffer) > MOST_HEAD):
            raise BadRequest(431, "The headers are too long.")
        if end < 0:
            return None
        first, *lines = bytes(self._buffer[:end]).split(b"\r\n")
        del self._buffer[: end + 4]
        line = _REQUEST_LINE.fullmatch(first)
        if line is None:
            raise BadRequest(400, "The request line is none.")
        headers = _headers(lines)
        connection = headers.get(b"connection", b"").lower()
        head = _Head(
            method=line[1].decode(),
            path=line[2].partition(b"?")[0].decode(),
            keep_alive=line[3] == b"1" and connection != b"close",
            length=_length(headers),
            waits=headers.get(b"expect", b"").lower() == b"100-continue",
        )
        self._waits = head.waits
        return head

    def _take(self, length: int) -> bytes | None:
        if len(self._buffer) < length:
            return None
        taken = bytes(self._buffer[:length])
        del self._buffer[:length]
        return taken

    def _read_chunks(self) -> bytes | None:
        """Take the chunks that are here as a whole; the body, once the last one (which is empty) has come."""
        while (end := self._buffer.find(b"\r\n")) >= 0:
            size = bytes(self._buffer[:end]).partition(b";")[0].strip()
            if not _HEXADECIMAL.fullmatch(size):
                raise BadRequest(400, "The size of a chunk is no number.")
            length = int(size, 16)
            if len(self._chunks) + length > MOST_BODY:
                raise BadRequest(413, "The body is too long.")
            if length == 0:
                return self._end_chunks(end)
            if len(self._buffer) < end + 2 + length + 2:
                return None
            chunk = self._buffer[end + 2 : end + 2 + length + 2]
            if chunk[-2:] != b"\r\n":
                raise BadRequest(400, "A chunk is longer than its size.")
            self._chunks += chunk[:-2]
            del self._buffer[: end + 2 + length + 2]
        return None

    def _end_chunks(self, end: int) -> bytes | None:
        """After the last chunk: trailers, which nobody reads, and an empty line."""
        last = end if self._buffer.startswith(b"\r\n", end + 2) else self._buffer.find(b"\r\n\r\n", end + 2)
        if last < 0:
            return None
        del self._buffer[: last + 4]
        body, self._chunks = bytes(self._chunks), bytearray()
        return body


def _headers(lines: list[bytes]) -> dict[bytes, bytes]:
    """Header values by names in lower case."""
    headers: dict[bytes, bytes] = {}
    for line in lines:
        name, colon, value = line.partition(b":")
        if not colon or not _NAME.fullmatch(name):
            raise BadRequest(400, "A header line is none.")
        name = name.lower()
        if name in headers and name in _SINGLE:
            raise BadRequest(400, f"The header {name.decode()} comes twice.")
        headers[name] = value.strip(b" \t")
    return headers


def _length(headers: Mapping[bytes, bytes]) -> int | None:
    """The length of the body in bytes; None where it comes in chunks."""
    length, coding = headers.get(b"content-length"), headers.get(b"transfer-encoding")
    if coding is not None:
        if length is not None:
            raise BadRequest(400, "A body has a length or comes in chunks, not both.")
        if coding.lower() != b"chunked":
            raise BadRequest(501, "The only transfer coding known here is chunked.")
        return None
    if length is None:
        return 0
    if not _DECIMAL.fullmatch(length):
        raise BadRequest(400, "The content length is no number.")
    if int(length) > MOST_BODY:
        raise BadRequest(413, "The body is too long.")
    return int(length)


CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
JSON = b"application/json"


def response(status: int, body: bytes, headers: Mapping[str, str] | None = None, kind: bytes = JSON) -> bytes:
    """A whole response; ``kind`` is the type of its body."""
    more = "".join(f"{name}: {value}\r\n" for name, value in headers.items()).encode() if headers else b""
    return b"HTTP/1.1 %d %b\r\nContent-Type: %b\r\nContent-Length: %d\r\n%b\r\n%b" % (
        status,
        HTTPStatus(status).phrase.encode(),
        kind,
        len(body),
        more,
        body,
    )


def json_response(status: int, content: Any, headers: Mapping[str, str] | None = None) -> bytes:
    return response(status, json.dumps(content).encode(), headers)
