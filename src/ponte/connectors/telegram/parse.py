"""Parse: an update of the Bot API becomes events; nothing in it raises.

A message id is one chat's own, so `chave` names chat and message together. What the
platform does not tell (the bot's own name) comes from the settings.
Source: https://core.telegram.org/bots/api#update and #message.
"""

from collections.abc import Callable, Iterator
from typing import Any

from ponte.connectors.telegram.conteudo import Conteudo, is_service, read, words
from ponte.connectors.telegram.settings import TelegramSettings
from ponte.domain.evento import EventoDeCanal, Kind
from ponte.domain.leitura import Objeto, epoch_ms, inteiro, lista, loads, objeto, objetos, texto

_GROUPS = {"group", "supergroup"}
_GONE, _HERE = {"kicked", "left"}, {"member", "administrator", "creator", "restricted"}
_FORWARDED = ("forward_origin", "forward_from", "forward_from_chat", "forward_date")


def parse(corpo: bytes, settings: TelegramSettings) -> list[EventoDeCanal]:
    """Return every event of a body: one update, or an answer of getUpdates."""
    try:
        documento = loads(corpo)
    except ValueError:
        return []
    result = objeto(documento).get("result", documento)
    updates = objetos(result) if isinstance(result, list) else [objeto(result)]
    return [evento for update in updates for evento in _events(update, settings)]


def _events(update: Objeto, settings: TelegramSettings) -> Iterator[EventoDeCanal]:
    head: dict[str, Any] = {"channel": "telegram", "account": settings.bot_username}
    numero = texto(update.get("update_id"))
    for key, reader in _READERS.items():
        for fields in reader(objeto(update.get(key)), settings) if key in update else ():
            if "chave" not in fields and numero is not None:
                fields["chave"] = f"update:{numero}:{fields.get('target_id') or ''}"
            yield EventoDeCanal(**head, **fields)


Fields = dict[str, Any]


def _message(mensagem: Objeto, settings: TelegramSettings) -> Iterator[Fields]:
    base = _base(mensagem, settings)
    message_id = texto(mensagem.get("message_id"))
    new_id = texto(mensagem.get("migrate_to_chat_id"))
    if base["chat_id"] is None:
        return
    if new_id is not None:
        further = {"event": "chat_migrated", "new_id": new_id}
        yield {**base, "kind": "system", "further": further, "pessoa": (base["chat_id"], new_id)}
        return
    conteudo = read(mensagem)
    if conteudo is None and is_service(mensagem):
        return
    chave = {} if message_id is None else {"chave": f"{base['chat_id']}:{message_id}"}
    yield {**base, **_content(mensagem, settings, conteudo), **chave, "kind": "message",
           "message_id": message_id}  # fmt: skip


def _edited(mensagem: Objeto, settings: TelegramSettings) -> Iterator[Fields]:
    base, target = _base(mensagem, settings), texto(mensagem.get("message_id"))
    if base["chat_id"] is None or target is None:
        return
    when = _when(mensagem.get("edit_date"))
    if when is not None:
        base["timestamp_ms"] = when
    yield {**base, **_content(mensagem, settings, read(mensagem)), "kind": "edit",
           "target_id": target}  # fmt: skip


def _base(mensagem: Objeto, settings: TelegramSettings) -> Fields:
    """Return who wrote where and when."""
    chat, quem = objeto(mensagem.get("chat")), objeto(mensagem.get("from"))
    sender, nome = _author(mensagem.get("sender_chat"), quem)
    chat_id = texto(chat.get("id")) or texto(quem.get("id"))
    is_group = texto(chat.get("type")) in _GROUPS
    return {
        "chat_id": chat_id,
        "sender_id": sender,
        "sender_name": nome,
        "from_me": _is_own(mensagem, settings, chat_id=chat_id, sender_id=sender),
        "is_group": is_group,
        "timestamp_ms": _when(mensagem.get("date")),
        "pessoa": () if chat_id is None else (chat_id,),
    }


def _is_own(
    mensagem: Objeto, settings: TelegramSettings, *, chat_id: str | None, sender_id: str | None
) -> bool:
    """Tell whether the shop wrote it: the bot, or who owns the business account."""
    if sender_id is not None and sender_id == settings.bot_id:
        return True
    if mensagem.get("sender_business_bot") is not None:
        return True
    return "business_connection_id" in mensagem and sender_id != chat_id


def _author(chat: object, quem: Objeto) -> tuple[str | None, str | None]:
    own = objeto(chat)  # an anonymous admin, or a channel: `from` is a stand-in then
    if texto(own.get("id")) is not None:
        return texto(own.get("id")), texto(own.get("title"))
    nomes = [texto(quem.get(x)) for x in ("first_name", "last_name")]
    nome = " ".join(x for x in nomes if x) or texto(quem.get("username"))
    return texto(quem.get("id")), nome


def _content(mensagem: Objeto, settings: TelegramSettings, conteudo: Conteudo | None) -> Fields:
    found = conteudo or Conteudo("unsupported", words(mensagem.get("caption")))
    further = dict(found.further) | _command(mensagem, settings)
    if mensagem.get("is_topic_message") is True and texto(mensagem.get("message_thread_id")):
        further["thread_id"] = texto(mensagem.get("message_thread_id"))
    if any(mensagem.get(x) for x in _FORWARDED):
        further["forwarded"] = True
    if texto(mensagem.get("media_group_id")):
        further["album_id"] = texto(mensagem.get("media_group_id"))
    return {
        "type": found.type,
        "text": found.text,
        "choice_id": found.choice_id,
        "media": found.media,
        "reply_to": texto(objeto(mensagem.get("reply_to_message")).get("message_id")),
        "further": further,
    }


def _command(mensagem: Objeto, settings: TelegramSettings) -> Fields:
    """Return `/name@bot words` in parts; nothing where it is for another bot."""
    escrito = words(mensagem.get("text")) or ""
    for entity in objetos(mensagem.get("entities")):
        length = inteiro(entity.get("length")) or 0
        if entity.get("type") != "bot_command" or inteiro(entity.get("offset")) != 0:
            continue
        nome, _, bot = escrito[:length].removeprefix("/").partition("@")
        own = settings.bot_username
        if not nome or (bot and own is not None and bot.lower() != own.lower()):
            return {}
        return {"command": nome, "command_args": escrito[length:].strip() or None}
    return {}


def _callback(query: Objeto, settings: TelegramSettings) -> Iterator[Fields]:
    mensagem = objeto(query.get("message"))  # absent or inaccessible when it is old
    base = _base({**mensagem, "from": query.get("from"), "sender_chat": None}, settings)
    if base["chat_id"] is None:
        return
    data = words(query.get("data"))
    callback_id = texto(query.get("id"))
    chave = {} if callback_id is None else {"chave": f"callback:{callback_id}"}
    yield {**base, **chave, "kind": "postback", "choice_id": data,
           "from_me": False, "timestamp_ms": None, "text": _label(mensagem, data),
           "target_id": texto(mensagem.get("message_id")),
           "further": {"callback_id": callback_id}}  # fmt: skip


def _label(mensagem: Objeto, data: str | None) -> str | None:
    """Return the words on the button that was pressed."""
    rows = lista(objeto(mensagem.get("reply_markup")).get("inline_keyboard"))
    buttons = (button for row in rows for button in objetos(row))
    found = (
        words(x.get("text")) for x in buttons if data and words(x.get("callback_data")) == data
    )
    return next(found, None)


def _reaction(reacao: Objeto, settings: TelegramSettings) -> Iterator[Fields]:
    quem = {**reacao, "from": reacao.get("user"), "sender_chat": reacao.get("actor_chat")}
    base, target = _base(quem, settings), texto(reacao.get("message_id"))
    if base["chat_id"] is None or target is None:
        return
    new = objetos(reacao.get("new_reaction"))
    emoji = next((words(x.get("emoji")) for x in new if words(x.get("emoji"))), None)
    # One's own picture has no emoji: the reaction stands, but nobody can say which.
    yield {**base, "kind": "reaction", "target_id": target, "reaction": emoji if new else ""}


def _member(mudanca: Objeto, settings: TelegramSettings) -> Iterator[Fields]:
    base = _base(mudanca, settings)
    novo = objeto(mudanca.get("new_chat_member"))
    status = texto(novo.get("status"))
    if base["chat_id"] is None or status not in _GONE | _HERE:
        return
    gone = status in _GONE or (status == "restricted" and novo.get("is_member") is False)
    yield {**base, "kind": "subscription", "status": "blocked" if gone else "active"}


def _deleted(apagadas: Objeto, settings: TelegramSettings) -> Iterator[Fields]:
    base = _base(apagadas, settings)
    kind: Kind = "delete"
    for message_id in map(texto, lista(apagadas.get("message_ids"))):
        if base["chat_id"] is not None and message_id is not None:
            yield {**base, "kind": kind, "target_id": message_id}


def _when(valor: object) -> int | None:
    """Return an instant; a date of 0 stands for a message that can't be read any more."""
    return epoch_ms(valor) or None


_READERS: dict[str, Callable[[Objeto, TelegramSettings], Iterator[Fields]]] = {
    "message": _message,
    "business_message": _message,
    "edited_message": _edited,
    "edited_business_message": _edited,
    "callback_query": _callback,
    "message_reaction": _reaction,
    "my_chat_member": _member,
    "deleted_business_messages": _deleted,
}
