"""X, its rules: windows of 15 minutes, media that go into one message, refusals."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from starlette.background import BackgroundTask
from starlette.responses import JSONResponse, Response

WINDOW_S = 15 * 60  # documented
MEDIA_S = 86_400  # documented: the life of a medium that no message used
LOOKS = 2  # chosen: how often a video is asked for until it is ready


class Janela:
    """How many calls of one kind are allowed in 15 minutes, as the headers tell it."""

    def __init__(self, most: int, now: Callable[[], float]) -> None:
        self._most = most
        self._now = now
        self._used = 0
        self._reset = 0.0

    def refuse(self) -> Response | None:
        """Count one call; return a refusal when it is one too many."""
        if self._now() >= self._reset:
            self._used, self._reset = 0, self._now() + WINDOW_S
        self._used += 1
        if self._used > self._most:
            return refusal(429, "Too Many Requests", headers=self.headers())
        return None

    def headers(self) -> dict[str, str]:
        """Return what X tells of the window; the instant is one of the real clock."""
        left = time.time() + self._reset - self._now()
        return {
            "x-rate-limit-limit": str(self._most),
            "x-rate-limit-remaining": str(max(0, self._most - self._used)),
            "x-rate-limit-reset": str(int(left)),
        }


class Midias:
    """What was uploaded; each goes into one message, and a video is looked at first.

    `falham` are kinds of file that X refuses after it has looked at them.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self.falham: set[str] = set()
        self.guardadas: dict[str, bytes] = {}
        self._begun: dict[str, dict[str, Any]] = {}
        self._parts: dict[str, dict[int, bytes]] = {}
        self._left: dict[str, int] = {}
        self._until: dict[str, float] = {}

    def whole(self, media_id: str, corpo: bytes) -> dict[str, Any]:
        """Keep a picture that came in one piece."""
        self.guardadas[media_id] = corpo
        self._until[media_id] = self._now() + MEDIA_S
        return self._told(media_id)

    def begin(self, media_id: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Begin an upload in segments."""
        self._begun[media_id], self._parts[media_id] = dict(body), {}
        return self._told(media_id)

    def append(self, media_id: str, index: int, corpo: bytes) -> bool:
        """Keep one segment; False when there is no such upload."""
        parts = self._parts.get(media_id)
        if parts is None:
            return False
        parts[index] = corpo
        return True

    def finish(self, media_id: str) -> dict[str, Any] | None:
        """End an upload; None when bytes are missing."""
        parts, body = self._parts.get(media_id, {}), self._begun.get(media_id, {})
        corpo = b"".join(parts[k] for k in sorted(parts))
        if len(corpo) != body.get("total_bytes"):
            return None
        self._left[media_id] = LOOKS
        return {**self.whole(media_id, corpo), "processing_info": self._info(media_id)}

    def look(self, media_id: str) -> dict[str, Any] | None:
        """Tell how far X is with a medium; None when there is no such one."""
        if media_id not in self.guardadas:
            return None
        self._left[media_id] = max(0, self._left.get(media_id, 0) - 1)
        return {**self._told(media_id), "processing_info": self._info(media_id)}

    def take(self, media_id: str) -> bool:
        """Use a medium in a message; False when it is not ready, over or used."""
        ready = media_id in self.guardadas and not self._left.get(media_id)
        return ready and self._now() < self._until.pop(media_id, 0.0)

    def _info(self, media_id: str) -> dict[str, Any]:
        if self._left[media_id]:
            return {"state": "in_progress", "check_after_secs": 5, "progress_percent": 50}
        if self._begun[media_id].get("media_type") in self.falham:
            error = {"code": 3, "name": "UnsupportedMedia", "message": "Unsupported file"}
            return {"state": "failed", "error": error}
        return {"state": "succeeded", "progress_percent": 100}

    def _told(self, media_id: str) -> dict[str, Any]:
        return {"id": media_id, "media_key": f"13_{media_id}", "expires_after_secs": MEDIA_S}


def accepted(
    data: Mapping[str, Any],
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    background: BackgroundTask | None = None,
) -> Response:
    """Return an answer that says yes."""
    return JSONResponse({"data": data}, status, headers=headers, background=background)


def refusal(status: int, detail: str, *, headers: Mapping[str, str] | None = None) -> Response:
    """Return a refusal in X's form."""
    body = {"title": detail, "detail": detail, "type": "about:blank", "status": status}
    return JSONResponse(body, status, headers=headers, media_type="application/problem+json")
