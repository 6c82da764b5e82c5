"""Conteudo: what a message of the Bot API carries, in the words of the normalised view.

An `animation` comes with the same file as `document`, so it is looked for first.
Source: https://core.telegram.org/bots/api#message.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ponte.domain.evento import Midia, Tipo
from ponte.domain.leitura import Objeto, clean, decimal, objeto, objetos, texto

# Documented as service messages: they tell what happened to the chat, nobody wrote them.
SERVICE = frozenset({
    "boost_added", "channel_chat_created", "chat_background_set", "chat_owner_changed",
    "chat_owner_left", "chat_shared", "checklist_tasks_added", "checklist_tasks_done",
    "community_chat_added", "community_chat_removed", "connected_website", "delete_chat_photo",
    "direct_message_price_changed", "forum_topic_closed", "forum_topic_created",
    "forum_topic_edited", "forum_topic_reopened", "general_forum_topic_hidden",
    "general_forum_topic_unhidden", "giveaway_completed", "giveaway_created",
    "group_chat_created", "left_chat_member", "left_chat_participant", "managed_bot_created",
    "message_auto_delete_timer_changed", "migrate_from_chat_id", "new_chat_member",
    "new_chat_members", "new_chat_participant", "new_chat_photo", "new_chat_title",
    "paid_message_price_changed", "passport_data", "pinned_message", "poll_option_added",
    "poll_option_deleted", "proximity_alert_triggered", "refunded_payment",
    "successful_payment", "suggested_post_approval_failed", "suggested_post_approved",
    "suggested_post_declined", "suggested_post_paid", "suggested_post_refunded",
    "supergroup_chat_created", "user_shared", "users_shared", "video_chat_ended",
    "video_chat_participants_invited", "video_chat_scheduled", "video_chat_started",
    "voice_chat_ended", "voice_chat_participants_invited", "voice_chat_scheduled",
    "voice_chat_started", "write_access_allowed",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Conteudo:
    """What one message carries."""

    type: Tipo
    text: str | None = None
    media: tuple[Midia, ...] = ()
    choice_id: str | None = None
    further: Mapping[str, Any] = field(default_factory=dict)


def words(valor: object) -> str | None:
    """Return what somebody wrote, as it was written; None when there is nothing to see."""
    return clean(valor) if isinstance(valor, str) and valor.strip() else None


def is_service(mensagem: Objeto) -> bool:
    """Tell whether nobody wrote it."""
    return any(mensagem.get(key) is not None for key in SERVICE)


def read(mensagem: Objeto) -> Conteudo | None:
    """Return what a message carries; None for what has no name in the view."""
    if words(mensagem.get("text")):
        return Conteudo("text", words(mensagem.get("text")))
    for key, reader in _READERS.items():
        if mensagem.get(key):
            return reader(mensagem)
    return None


def _photo(mensagem: Objeto) -> Conteudo:
    sizes = objetos(mensagem.get("photo"))
    # The sizes come in growing order: where none is told, the last is the largest.
    best = max(reversed(sizes), key=_size, default={})
    return _media(mensagem, best, "image")


def _size(foto: Objeto) -> tuple[float, float]:
    return _number(foto.get("width")) * _number(foto.get("height")), _number(foto.get("file_size"))


def _file(key: str, tipo: Tipo, *, voice: bool = False) -> Callable[[Objeto], Conteudo]:
    return lambda mensagem: _media(mensagem, objeto(mensagem.get(key)), tipo, voice=voice)


def _media(mensagem: Objeto, arquivo: Objeto, tipo: Tipo, *, voice: bool = False) -> Conteudo:
    midia = Midia(
        kind=tipo,
        id=texto(arquivo.get("file_id")),
        mime=texto(arquivo.get("mime_type")),
        filename=texto(arquivo.get("file_name")),
        voice=voice,
    )
    legenda = arquivo.get("emoji") if tipo == "sticker" else mensagem.get("caption")
    return Conteudo(tipo, words(legenda), (midia,) if midia.id else ())


def _place(mensagem: Objeto) -> Conteudo:
    venue = objeto(mensagem.get("venue"))
    lugar = objeto(venue.get("location")) or objeto(mensagem.get("location"))
    location = {
        "latitude": _degrees(lugar.get("latitude")),
        "longitude": _degrees(lugar.get("longitude")),
        "name": texto(venue.get("title")),
        "address": texto(venue.get("address")),
    }
    return Conteudo("location", further={"location": location})


def _contact(mensagem: Objeto) -> Conteudo:
    contato = objeto(mensagem.get("contact"))
    nomes = (texto(contato.get(x)) for x in ("first_name", "last_name"))
    digits = "".join(x for x in texto(contato.get("phone_number")) or "" if x.isdecimal())
    card = {"name": " ".join(x for x in nomes if x) or None, "phones": [digits] if digits else []}
    return Conteudo("contact", further={"contacts": [card]})


def _poll(mensagem: Objeto) -> Conteudo:
    poll = objeto(mensagem.get("poll"))
    options = [words(x.get("text")) for x in objetos(poll.get("options"))]
    return Conteudo(
        "poll", words(poll.get("question")), further={"options": [x for x in options if x]}
    )


def _web_app(mensagem: Objeto) -> Conteudo:
    dados = objeto(mensagem.get("web_app_data"))
    label, data = words(dados.get("button_text")), words(dados.get("data"))
    return Conteudo("interactive", label, choice_id=data)


def _degrees(valor: object) -> float | None:
    numero = decimal(valor)
    return None if numero is None else float(numero)


def _number(valor: object) -> float:
    return _degrees(valor) or 0.0


_READERS: dict[str, Callable[[Objeto], Conteudo]] = {
    "photo": _photo,
    "animation": _file("animation", "video"),
    "video": _file("video", "video"),
    "video_note": _file("video_note", "video"),
    "voice": _file("voice", "audio", voice=True),
    "audio": _file("audio", "audio"),
    "document": _file("document", "document"),
    "sticker": _file("sticker", "sticker"),
    "venue": _place,
    "location": _place,
    "contact": _contact,
    "poll": _poll,
    "web_app_data": _web_app,
}
