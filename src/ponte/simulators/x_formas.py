"""X, its forms: an event as a webhook tells it, as the older product does, and as a list."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

CONTA = "1111111111111111111"
_OLDER = {"dm.received", "dm.sent", "dm.read", "dm.indicate_typing"}


def conversation(pessoa: str) -> str:
    """Return the id of the account's conversation with somebody."""
    return "-".join(sorted((CONTA, pessoa), key=int))


def person(pessoa: str) -> dict[str, Any]:
    """Return how X tells of somebody."""
    nome = "Loja" if pessoa == CONTA else f"Cliente {pessoa[-4:]}"
    return {"data": {"id": pessoa, "name": nome, "username": f"u{pessoa[-4:]}"}}


def medium_in(medium: Mapping[str, Any]) -> dict[str, Any]:
    """Return the attachment that a medium is."""
    return {"type": "media", "media": dict(medium)}


def people(event: Mapping[str, Any]) -> tuple[str, str]:
    """Return who wrote, and to whom."""
    created = event["message_create"]
    return created["sender_id"], created["target"]["recipient_id"]


def listed_form(event: Mapping[str, Any]) -> dict[str, Any]:
    """Return an event as the list shows it, which is another form than a webhook's."""
    de, para = people(event)
    data = event["message_create"]["message_data"]
    listed = {
        "id": event["id"],
        "event_type": "MessageCreate",
        "text": data["text"],
        "sender_id": de,
        "dm_conversation_id": conversation(para if de == CONTA else de),
        "created_at": written(int(event["created_timestamp"])),
    }
    medium = listed_medium(event)
    if medium is not None:
        url = data["attachment"]["media"]["url"]
        link = {"url": url, "expanded_url": f"https://x.com/messages/media/{event['id']}"}
        listed |= {"attachments": {"media_keys": [medium["media_key"]]}}
        listed |= {"entities": {"urls": [link]}}
    return listed


def listed_medium(event: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return an event's medium as the list shows it; None when it has none."""
    attachment = event["message_create"]["message_data"].get("attachment")
    if attachment is None:
        return None
    medium = attachment["media"]
    key = f"3_{medium['id_str']}"
    return {"media_key": key, "type": medium["type"], "url": medium["media_url_https"]}


def written(ms: int) -> str:
    """Return an instant as X writes it."""
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds")


def older_form(conta: str, kind: str, payload: Mapping[str, Any]) -> dict[str, Any]:
    """Return an event as the Account Activity API tells it."""
    if kind == "oauth.revoke":
        return {"user_event": {"revoke": {"source": {"user_id": payload["user_id"]}}}}
    if kind in _OLDER:
        users = {k: user["data"] for k, user in payload.get("users", {}).items()}
        return {"for_user_id": conta, **payload, "users": users}
    user = {"id_str": payload["author_id"]}
    return {
        "for_user_id": conta,
        "tweet_create_events": [{"id_str": payload["id"], "text": payload["text"], "user": user}],
    }
