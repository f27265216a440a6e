"""A limit of requests a second that is enforced, and the headers that tell of it."""

from __future__ import annotations


class Bucket:
    """``per_second`` requests in the long run, and at most ``burst`` at once."""

    def __init__(self, per_second: float, burst: int) -> None:
        self._per_second = per_second
        self._burst = burst
        self._level = float(burst)
        self._filled = 0.0

    def take(self, now: float) -> bool:
        """Whether a request may pass at ``now``, in seconds of a clock that never goes back."""
        self._level = min(self._burst, self._level + (now - self._filled) * self._per_second)
        self._filled = now
        if self._level < 1:
            return False
        self._level -= 1
        return True

    def headers(self) -> dict[str, str]:
        """The level after the last request, in OpenAI's words; the reset is when the bucket is full again."""
        return {
            "x-ratelimit-limit-requests": str(self._burst),
            "x-ratelimit-remaining-requests": str(int(self._level)),
            "x-ratelimit-reset-requests": f"{(self._burst - self._level) / self._per_second:.3f}s",
        }
