"""What each platform takes at most, checked on the body of a request."""

import json
import re
from collections.abc import Callable
from typing import Any

from ponte.domain.notificacao import units
from ponte.resilience.exchange import Request
from ponte.simulators.telegram_marcas import visible

Check = Callable[[Request], None]


def telegram(request: Request) -> None:
    shown = visible(request.json["text"], request.json.get("parse_mode"))
    assert 1 <= units(shown) <= 4096
    assert shown.strip()


def slack(request: Request) -> None:
    body = request.json
    assert 1 <= units(body["text"]) <= 4000
    for text in strings(body):
        assert not re.search(r"[<>]|&(?!amp;|lt;|gt;)", text), "an entity was cut or not escaped"
    assert len(body["blocks"]) <= 50
    for block in body["blocks"]:
        match block["type"]:
            case "header":
                assert 1 <= units(block["text"]["text"]) <= 150
            case "section":
                assert 1 <= units(block["text"]["text"]) <= 3000
            case "context":
                assert len(block["elements"]) <= 10
                assert all(1 <= units(x["text"]) <= 3000 for x in block["elements"])


def discord(request: Request) -> None:
    body = request.json
    assert body["allowed_mentions"] == {"parse": []}
    assert "wait=true" in request.url
    [embed] = body["embeds"]
    parts = (embed["title"], embed.get("description", "x"), embed["footer"]["text"])
    for part, most in zip(parts, (256, 4096, 2048), strict=True):
        assert 1 <= units(part) <= most
    assert sum(map(units, parts)) <= 6000


def webhook(request: Request) -> None:
    assert request.content is not None
    assert json.loads(request.content)["type"].startswith("alerta.")


def strings(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for key, part in value.items() if key != "url" for text in strings(part)]
    if isinstance(value, list):
        return [text for part in value for text in strings(part)]
    return [value] if isinstance(value, str) else []


CHECKS: dict[str, Check] = {
    "telegram": telegram,
    "slack": slack,
    "discord": discord,
    "webhook": webhook,
}
