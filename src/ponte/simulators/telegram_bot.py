"""Telegram's bot: what its methods do to the chats it is in, and what they refuse.

It keeps what was sent, buttons that were pressed, and what was shown as being typed. It
knows nothing of HTTP.
"""

import json
from collections.abc import Callable, Collection, Mapping, MutableSequence
from dataclasses import dataclass, field
from typing import Any

from ponte.domain.notificacao import units
from ponte.simulators.telegram_marcas import Recusa, visible

BOT = {"id": 123456789, "is_bot": True, "first_name": "Ponte", "username": "ponte_simulador_bot"}
MAX_TEXT, MAX_CAPTION = 4096, 1024  # documented: after the markup is read
MAX_CALLBACK = 64  # documented: bytes
MAX_BYTES = {"photo": 10 * 2**20}  # documented: an upload, other files 50 MB
# Documented: the methods that send something else than text, by the field that holds it.
FIELDS = {
    "sendPhoto": "photo", "sendVideo": "video", "sendAudio": "audio", "sendVoice": "voice",
    "sendDocument": "document", "sendAnimation": "animation", "sendSticker": "sticker",
}  # fmt: skip
NEEDED = {
    "sendLocation": ("latitude", "longitude"),
    "sendVenue": ("latitude", "longitude", "title", "address"),
    "sendContact": ("phone_number", "first_name"),
}
Values = Mapping[str, Any]


@dataclass
class Bot:
    """One bot in its chats.

    Args:
        now: Epoch seconds.
        mensagens: Where what was sent is kept, newest last.
        chats: Chats that exist; None means any.
        moved: Old chat -> the supergroup it became.
        bloqueados: People who blocked the bot.
        toques: Each pressed button, by its query: how often it was answered.
        acoes: What was shown of the bot, as (chat, action).
    """

    now: Callable[[], float]
    mensagens: MutableSequence[dict[str, Any]]
    chats: Collection[str] | None = None
    moved: dict[str, str] = field(default_factory=dict)
    bloqueados: set[str] = field(default_factory=set)
    toques: dict[str, int] = field(default_factory=dict)
    acoes: list[tuple[str, str]] = field(default_factory=list)
    last_id: int = 0

    def result(self, method: str, values: Values, files: Mapping[str, bytes]) -> object:
        """Return what a method answers; raises `Recusa`."""
        if method == "sendMessage" or method in FIELDS or method in NEEDED:
            return self._send(method, values, files)
        match method:
            case "getMe":
                return BOT
            case "sendChatAction":
                self.acoes.append((self._chat(values), str(values.get("action"))))
                return True
            case "answerCallbackQuery":
                return self._answer(str(values.get("callback_query_id", "")))
            case "editMessageText":
                return self._edit(values)
            case "deleteMessage":
                self.mensagens.remove(self._sent(values, "message to delete not found"))
                return True
        raise Recusa(404, "Not Found: method not found")

    def next_id(self) -> int:
        """Return the id of the next message."""
        self.last_id += 1
        return self.last_id

    def find(self, chat_id: str, message_id: int) -> dict[str, Any] | None:
        """Return a message that was sent to a chat."""
        for sent in self.mensagens:
            if (sent["chat_id"], sent["message_id"]) == (chat_id, message_id):
                return sent
        return None

    def view(self, sent: Mapping[str, Any]) -> dict[str, Any]:
        """Return a message of the bot as the Bot API shows it."""
        chat_id = str(sent["chat_id"])
        out = {
            "message_id": sent["message_id"],
            "from": BOT,
            "chat": chat_of(chat_id),
            "date": int(sent["em"]),
        }
        for key in ("text", "caption", "reply_markup"):
            if sent.get(key):
                out[key] = sent[key]
        if isinstance(sent.get("text"), str):
            out["text"] = visible(sent["text"], sent.get("parse_mode"))
        return out

    def _send(self, method: str, values: Values, files: Mapping[str, bytes]) -> dict[str, Any]:
        chat_id = self._chat(values)
        _check_keyboard(values.get("reply_markup"))
        if method == "sendMessage":
            _check_text(values)
        elif method in FIELDS:
            _check_file(FIELDS[method], values, files)
        elif missing := [name for name in NEEDED[method] if values.get(name) in {None, ""}]:
            raise Recusa(400, f"Bad Request: {missing[0]} is empty")
        sent = {**values, "chat_id": chat_id, "message_id": self.next_id(), "em": self.now()}
        if method != "sendMessage":
            sent["metodo"] = method
        if files:
            sent["arquivos"] = {name: len(body) for name, body in files.items()}
        self.mensagens.append(sent)
        return self.view(sent)

    def _edit(self, values: Values) -> dict[str, Any]:
        sent = self._sent(values, "message to edit not found")
        _check_text(values)
        if sent.get("text") == values.get("text"):
            raise Recusa(400, "Bad Request: message is not modified")
        sent["text"] = values["text"]
        return self.view(sent)

    def _sent(self, values: Values, gone: str) -> dict[str, Any]:
        found = self.find(self._chat(values), int(values.get("message_id") or 0))
        if found is None:
            raise Recusa(400, f"Bad Request: {gone}")
        return found

    def _answer(self, query: str) -> bool:
        if query not in self.toques:
            raise Recusa(
                400,
                "Bad Request: query is too old and response timeout expired or query ID is invalid",
            )
        self.toques[query] += 1
        return True

    def _chat(self, values: Values) -> str:
        chat_id = str(values.get("chat_id", ""))
        if not chat_id:
            raise Recusa(400, "Bad Request: chat_id is empty")
        if chat_id in self.moved:
            raise Recusa(
                400,
                "Bad Request: group chat was upgraded to a supergroup chat",
                migrate_to_chat_id=int(self.moved[chat_id]),
            )
        if chat_id in self.bloqueados:
            raise Recusa(403, "Forbidden: bot was blocked by the user")
        if self.chats is not None and chat_id not in self.chats:
            raise Recusa(400, "Bad Request: chat not found")
        return chat_id


def number(chat_id: str) -> int | str:
    """Return the number of a chat, or its name."""
    return int(chat_id) if chat_id.removeprefix("-").isdecimal() else chat_id


def chat_of(chat_id: str) -> dict[str, Any]:
    """Return a chat as the Bot API shows it; groups are negative."""
    if chat_id.startswith("-"):
        kind = "supergroup" if chat_id.startswith("-100") else "group"
        return {"id": number(chat_id), "type": kind, "title": f"Grupo {chat_id[-4:]}"}
    return {"id": number(chat_id), "type": "private", "first_name": f"Cliente {chat_id[-4:]}"}


def _check_text(values: Values) -> None:
    text = values.get("text")
    shown = visible(text if isinstance(text, str) else "", values.get("parse_mode"))
    if not shown.strip():
        raise Recusa(400, "Bad Request: message text is empty")
    if units(shown) > MAX_TEXT:
        raise Recusa(400, "Bad Request: message is too long")


def _check_file(name: str, values: Values, files: Mapping[str, bytes]) -> None:
    if units(visible(str(values.get("caption") or ""), values.get("parse_mode"))) > MAX_CAPTION:
        raise Recusa(400, "Bad Request: message caption is too long")
    given = values.get(name)
    if name in files:
        if len(files[name]) > MAX_BYTES.get(name, 50 * 2**20):
            raise Recusa(413, "Request Entity Too Large")
    elif not isinstance(given, str) or not given:
        raise Recusa(400, f"Bad Request: there is no {name} in the request")
    elif ":" in given and not given.startswith(("https://", "http://")):
        raise Recusa(400, "Bad Request: wrong file identifier/HTTP URL specified")


def _check_keyboard(markup: object) -> None:
    if isinstance(markup, str):  # in a form it is JSON in a field
        markup = json.loads(markup)
    rows = markup.get("inline_keyboard") if isinstance(markup, dict) else None
    for button in (button for row in rows or [] for button in row):
        if not button.get("text"):
            raise Recusa(400, "Bad Request: inline keyboard button text is empty")
        data = button.get("callback_data")
        if data is not None and not 1 <= len(str(data).encode()) <= MAX_CALLBACK:
            raise Recusa(400, "Bad Request: BUTTON_DATA_INVALID")
