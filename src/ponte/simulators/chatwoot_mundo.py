"""Mundo: what stands in the stand-in of Chatwoot: contacts, conversations and messages.

Its events have the bodies that Chatwoot's have; a copy is told, since what stands here goes
on changing.
"""

import copy
import hashlib
import hmac
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

CONTA, INBOX = 1, 5
AGENTE = {"id": 3, "name": "Ana Atendente", "email": "ana@loja.example", "type": "user"}
_NAMES = {0: "incoming", 1: "outgoing", 2: "activity", 3: "template"}


class Recusa(Exception):
    """A refusal of the application API."""

    def __init__(self, status: int, corpo: Mapping[str, Any]) -> None:
        super().__init__(status)
        self.status, self.corpo = status, corpo

    @classmethod
    def gone(cls) -> "Recusa":
        """Return the refusal of what is not there."""
        return cls(404, {"error": "Resource could not be found"})

    @classmethod
    def invalid(cls, message: str, *attributes: str) -> "Recusa":
        """Return the refusal of what breaks a rule."""
        return cls(422, {"message": message, "attributes": list(attributes)})


class Mundo:
    """One account, whose only inbox is an API channel."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._next = {"contact": 40, "conversation": 15, "message": 1000}
        self.contatos: dict[int, dict[str, Any]] = {}
        self.conversas: dict[int, dict[str, Any]] = {}

    def signed(self, corpo: bytes, segredo: str) -> dict[str, str]:
        """Return the headers by which an event is known as Chatwoot's."""
        at = str(int(self._now()))
        signature = hmac.new(segredo.encode(), f"{at}.".encode() + corpo, hashlib.sha256)
        return {
            "X-Chatwoot-Timestamp": at,
            "X-Chatwoot-Signature": f"sha256={signature.hexdigest()}",
            "X-Chatwoot-Delivery": str(self._number("message")),
        }

    def _number(self, kind: str) -> int:
        self._next[kind] += 1
        return self._next[kind]

    # ------------------------------------------------------------ contacts

    def make_contact(self, corpo: Mapping[str, Any]) -> Any:
        """Make a contact with an entry in the inbox, unless another one has its words."""
        for campo, nome in (("identifier", "Identifier"), ("phone_number", "Phone number")):
            if corpo.get(campo) and any(c[campo] == corpo[campo] for c in self.contatos.values()):
                raise Recusa.invalid(f"{nome} has already been taken", campo)
        number = self._number("contact")
        contact: dict[str, Any] = {
            "id": number,
            "name": corpo.get("name"),
            "phone_number": corpo.get("phone_number"),
            "identifier": corpo.get("identifier"),
            "type": "contact",
            "contact_inboxes": [],
        }
        self.contatos[number] = contact
        entry = self.add_entry(number, str(corpo.get("source_id") or f"made-up-{number}"))
        return {"payload": {"contact": contact, "contact_inbox": entry}}

    def contact(self, number: object) -> dict[str, Any]:
        """Return a contact."""
        found = self.contatos.get(int(str(number)))
        if found is None:
            raise Recusa.gone()
        return found

    def search(self, q: str) -> list[dict[str, Any]]:
        """Return the contacts in which a text stands."""
        fields = ("name", "phone_number", "identifier")
        return [c for c in self.contatos.values() if any(q in str(c[f]) for f in fields if c[f])]

    def add_entry(self, number: object, source_id: str) -> dict[str, Any]:
        """Let a contact be written to under a source_id."""
        contact = self.contact(number)
        for other in self.contatos.values():
            taken = any(e["source_id"] == source_id for e in other["contact_inboxes"])
            if taken and other is not contact:
                raise Recusa.invalid("Source has already been taken", "source_id")
        entry = {"source_id": source_id, "inbox": {"id": INBOX, "channel_type": "Channel::Api"}}
        if entry not in contact["contact_inboxes"]:
            contact["contact_inboxes"].append(entry)
        return entry

    def of_contact(self, number: object) -> list[dict[str, Any]]:
        """Return a contact's conversations."""
        contact = self.contact(number)
        found = [t for t in self.conversas.values() if t["contact_id"] == contact["id"]]
        return [self.shown(t) for t in found]

    # ------------------------------------------------------------ conversations

    def open(self, corpo: Mapping[str, Any]) -> dict[str, Any]:
        """Make a conversation."""
        contact = self.contact(corpo.get("contact_id"))
        if corpo.get("inbox_id") != INBOX:
            raise Recusa.gone()
        talk: dict[str, Any] = {
            "id": self._number("conversation"),
            "contact_id": contact["id"],
            "source_id": str(corpo.get("source_id")),
            "status": corpo.get("status") or "open",
            "assignee": None,
            "messages": [],
        }
        self.conversas[talk["id"]] = talk
        shown: dict[str, Any] = self.shown(talk)
        return shown

    def talk(self, number: object) -> dict[str, Any]:
        """Return a conversation."""
        found = self.conversas.get(int(str(number)))
        if found is None:
            raise Recusa.gone()
        return found

    def change(self, number: int, campo: str, valor: Any) -> list[tuple[str, dict[str, Any]]]:
        """Change a conversation; return the events that tell of it."""
        talk = self.talk(number)
        before = talk[campo]
        if before == valor:
            return []
        talk[campo] = valor
        if campo == "assignee":
            change = {"assignee_id": {"previous_value": before and before["id"],
                                      "current_value": valor and valor["id"]}}  # fmt: skip
            return [("conversation_updated", {**self.shown(talk), "changed_attributes": [change]})]
        change = {"status": {"previous_value": before, "current_value": valor}}
        body = {**self.shown(talk), "changed_attributes": [change]}
        return [("conversation_status_changed", body), ("conversation_updated", body)]

    def shown(self, talk: Mapping[str, Any], last: Mapping[str, Any] | None = None) -> Any:
        """Return a conversation as events and lists show it."""
        epoch = int(self._now())
        return copy.deepcopy(
            {
                "id": talk["id"],
                "inbox_id": INBOX,
                "channel": "Channel::Api",
                "status": talk["status"],
                "contact_inbox": {"source_id": talk["source_id"], "inbox_id": INBOX},
                "messages": [last] if last is not None else [],
                "meta": {
                    "sender": self.contatos[talk["contact_id"]] | {"account": {"id": CONTA}},
                    "assignee": talk["assignee"],
                },
                "last_activity_at": epoch,
                "timestamp": epoch,
            }
        )

    # ------------------------------------------------------------ messages

    def messages(self, number: object) -> list[dict[str, Any]]:
        """Return the messages of a conversation, oldest first."""
        found: list[dict[str, Any]] = self.talk(number)["messages"]
        return found

    def write(self, number: int, corpo: Mapping[str, Any]) -> dict[str, Any]:
        """Keep a message."""
        message = {
            "content_type": "text",
            "content_attributes": {},
            "source_id": None,
            "private": False,
            "attachments": [],
            "status": "sent",
            **corpo,
            "id": self._number("message"),
            "account_id": CONTA,
            "inbox_id": INBOX,
            "conversation_id": number,
            "created_at": int(self._now()),
        }
        self.messages(number).append(message)
        return message

    def find(self, number: object, mensagem: int) -> dict[str, Any]:
        """Return a message."""
        for message in self.messages(number):
            if message["id"] == mensagem:
                return message
        raise Recusa.gone()

    def report(self, number: int, mensagem: int, corpo: Mapping[str, Any]) -> dict[str, Any]:
        """Change how far a message came."""
        message = self.find(number, mensagem)
        message["status"] = corpo.get("status")
        message["external_error"] = corpo.get("external_error")
        message["updated_at"] = self._iso()
        return message

    def erase(self, number: int, mensagem: int) -> dict[str, Any]:
        """Delete a message, of which a note remains."""
        message = self.find(number, mensagem)
        message["content"] = "This message was deleted"
        message["content_attributes"] = {**message["content_attributes"], "deleted": True}
        message["updated_at"] = self._iso()
        return message

    def lost(self, mensagem: int) -> None:
        """Show a message as failed, since its event was not taken."""
        for talk in self.conversas.values():
            for message in talk["messages"]:
                if message["id"] == mensagem:
                    message["status"] = "failed"

    def told(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """Return a message as its event tells it."""
        body = copy.deepcopy(dict(message))
        talk = self.talk(message["conversation_id"])
        at = datetime.fromtimestamp(message["created_at"], UTC).isoformat()
        for anexo in body["attachments"]:
            anexo.pop("dados", None)
        return {
            **body,
            "message_type": _NAMES[message["message_type"]],
            "created_at": at,
            "account": {"id": CONTA, "name": "Loja"},
            "inbox": {"id": INBOX, "name": "Ponte API"},
            "conversation": self.shown(talk, {k: v for k, v in body.items() if k != "sender"}),
        }

    def _iso(self) -> str:
        return datetime.fromtimestamp(self._now(), UTC).isoformat()
