"""Conteudo: what a message of WhatsApp carries, out of the protobuf that it travels in.

`message` is an object with one key that matters, among others that don't, perhaps
wrapped several times. The one rule: the first key is not the type.
Source: https://github.com/WhiskeySockets/Baileys, WAProto.proto, and evolution-api,
whatsapp.baileys.service.ts (prepareMessage).
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from ponte.connectors.whatsapp.jid import jid
from ponte.domain.evento import Midia
from ponte.domain.leitura import (
    Objeto,
    booleano,
    clean,
    decimal,
    form_of,
    inteiro,
    objeto,
    objetos,
    texto,
    textos,
)

Campos = dict[str, Any]

IGNORED = frozenset({
    "messageContextInfo", "senderKeyDistributionMessage", "base64", "mediaUrl", "speechToText",
})  # fmt: skip
WRAPPERS = (
    "ephemeralMessage", "viewOnceMessage", "viewOnceMessageV2", "viewOnceMessageV2Extension",
    "documentWithCaptionMessage", "deviceSentMessage", "lottieStickerMessage",
    "associatedChildMessage", "groupMentionedMessage", "botInvokeMessage",
)  # fmt: skip
_DEEPEST = 10  # chosen: WhatsApp wraps three times at most
_WAID = re.compile(r"waid=(\d+)", re.ASCII | re.IGNORECASE)
_HASH = re.compile(r"[A-Za-z0-9+/]{43}=\Z")  # 32 bytes in base64: a vote nobody opened


def unwrap(message: Objeto) -> Objeto:
    """Return the message inside all wrappers."""
    for _ in range(_DEEPEST):
        inner = next((x for x in (_inner(message, w) for w in WRAPPERS) if x), None)
        if inner is None:
            return message
        message = inner
    return message


def _inner(message: Objeto, wrapper: str) -> Objeto:
    return objeto(objeto(message.get(wrapper)).get("message"))


def content_key(message: Objeto) -> str | None:
    """Return the key that tells what an unwrapped message is, None where there is none."""
    keys = [key for key, valor in message.items() if key not in IGNORED and valor is not None]
    # An empty text, as protobuf writes a field that is not set, is not what was sent.
    filled = [key for key in keys if message[key] != ""] or keys
    return next((key for key in filled if key in READERS), filled[0] if filled else None)


def read(message: Objeto, key: str, *, outer: Objeto, message_id: str | None) -> Campos:
    """Return what the content says, as fields of an evento.

    Args:
        message: The unwrapped message.
        key: Its content key.
        outer: The message as it came, beside which the bytes of a medium stand.
        message_id: By which the bytes are asked for later.
    """
    if key in MEDIA:
        return _media(message, key, outer=outer, message_id=message_id)
    reader = READERS.get(key)
    if reader is None:
        return _unreadable(message[key], key)
    return reader(message[key])


def _unreadable(content: object, key: str) -> Campos:
    """Return what is known of a content that has no name in the view: its words, if any."""
    found = objeto(content)
    inner = unwrap(objeto(found.get("message")) or objeto(found.get("editedMessage")))
    places = (found.get("text"), found.get("caption"), found.get("contentText"),
              objeto(found.get("body")).get("text"), found.get("description"))  # fmt: skip
    text = text_of(inner) or next((x for x in map(words, places) if x), None)
    return {"type": "unsupported", "text": text, "further": {"content": clean(key)}}


def words(valor: object) -> str | None:
    """Return text as it was written, None when blank."""
    return clean(valor) if isinstance(valor, str) and valor.strip() else None


def text_of(message: Objeto) -> str | None:
    """Return the text or caption of an unwrapped message."""
    simple = words(message.get("conversation"))
    extended = words(objeto(message.get("extendedTextMessage")).get("text"))
    captions = (words(objeto(message.get(key)).get("caption")) for key in MEDIA)
    return simple or extended or next((x for x in captions if x), None)


MEDIA = {
    "imageMessage": "image", "videoMessage": "video", "ptvMessage": "video",
    "audioMessage": "audio", "documentMessage": "document", "stickerMessage": "sticker",
}  # fmt: skip


def _media(message: Objeto, key: str, *, outer: Objeto, message_id: str | None) -> Campos:
    content, kind = objeto(message[key]), MEDIA[key]
    beside = [message, outer]
    midia = Midia(
        kind=kind,
        url=next((x for x in (texto(m.get("mediaUrl")) for m in beside) if x), None),
        id=message_id,
        mime=texto(content.get("mimetype")),
        filename=texto(content.get("fileName")),
        voice=booleano(content.get("ptt")) is True,
        inline_base64=next((x for x in (words(m.get("base64")) for m in beside) if x), None),
    )
    return {"type": kind, "text": words(content.get("caption")), "media": (midia,)}


def _conversation(content: object) -> Campos:
    return {"type": "text", "text": words(content)}


def _extended(content: object) -> Campos:
    return {"type": "text", "text": words(objeto(content).get("text"))}


def _location(content: object) -> Campos:
    lugar = objeto(content)
    onde = {
        "latitude": _float(lugar.get("degreesLatitude")),
        "longitude": _float(lugar.get("degreesLongitude")),
        "name": texto(lugar.get("name")),
        "address": texto(lugar.get("address")),
    }
    return {
        "type": "location",
        "text": words(lugar.get("caption")) or words(lugar.get("comment")),
        "further": {"location": onde},
    }


def _float(valor: object) -> float | None:
    numero = decimal(valor)
    return None if numero is None else float(numero)


def _contact(content: object) -> Campos:
    return {"type": "contact", "further": {"contacts": [_card(objeto(content))]}}


def _contacts(content: object) -> Campos:
    cards = [_card(card) for card in objetos(objeto(content).get("contacts"))]
    return {"type": "contact", "further": {"contacts": cards}}


def _card(card: Objeto) -> Campos:
    phones, full_name = [], None
    for line in (words(card.get("vcard")) or "").splitlines():
        label, _, valor = line.partition(":")
        parts = label.upper().replace(".", ";").split(";")
        if "FN" in parts:
            full_name = texto(valor.replace("\\", ""))
        elif "TEL" in parts:
            waid = _WAID.search(label)
            digits = waid[1] if waid else re.sub(r"\D", "", valor, flags=re.ASCII)
            phones += [digits] if digits else []
    name = texto(card.get("displayName")) or full_name
    return {"name": name, "phones": list(dict.fromkeys(phones))}


def _reaction(content: object) -> Campos:
    reacao = objeto(content)
    emoji = reacao.get("text")
    return {
        "kind": "reaction",
        "target_id": texto(objeto(reacao.get("key")).get("id")),
        "reaction": clean(emoji) if isinstance(emoji, str) else "",
    }


def _choice(choice_id: object, label: object) -> Campos:
    return {"type": "interactive", "text": words(label), "choice_id": texto(choice_id)}


def _button(content: object) -> Campos:
    resposta = objeto(content)
    return _choice(resposta.get("selectedButtonId"), resposta.get("selectedDisplayText"))


def _template_button(content: object) -> Campos:
    resposta = objeto(content)
    return _choice(resposta.get("selectedId"), resposta.get("selectedDisplayText"))


def _list(content: object) -> Campos:
    resposta = objeto(content)
    row = objeto(resposta.get("singleSelectReply")).get("selectedRowId")
    return _choice(row, resposta.get("title"))


def _interactive(content: object) -> Campos:
    resposta = objeto(content)
    params = form_of(objeto(resposta.get("nativeFlowResponseMessage")).get("paramsJson")) or {}
    campos = _choice(params.get("id"), objeto(resposta.get("body")).get("text"))
    if params and campos["choice_id"] is None:
        campos["further"] = {"form": params}
    return campos


def _poll(content: object) -> Campos:
    enquete = objeto(content)
    names = [texto(option.get("optionName")) for option in objetos(enquete.get("options"))]
    return {
        "type": "poll",
        "text": words(enquete.get("name")),
        "further": {"options": [name for name in names if name is not None]},
    }


def _vote(content: object) -> Campos:
    voto = objeto(content)
    chosen = textos(objeto(voto.get("vote")).get("selectedOptions"))
    return {
        "type": "poll_vote",
        "target_id": texto(objeto(voto.get("pollCreationMessageKey")).get("id")),
        "further": {"options": [name for name in chosen if not _HASH.match(name)]},
    }


def _order(content: object) -> Campos:
    compra = objeto(content)
    order: Campos = {
        "id": texto(compra.get("orderId")),
        "catalog_id": texto(compra.get("catalogId")),
        "items": [],  # told by another call, which Evolution does not offer
        "item_count": inteiro(compra.get("itemCount")),
    }
    return {"type": "order", "text": words(compra.get("message")), "further": {"order": order}}


def _product(content: object) -> Campos:
    produto = objeto(objeto(content).get("product"))
    produto_id = texto(produto.get("productId"))
    return {
        "type": "share",
        "text": words(objeto(content).get("body")) or words(produto.get("title")),
        "referral": None if produto_id is None else {"product_id": produto_id},
    }


READERS: Mapping[str, Callable[[Any], Campos]] = {
    **dict.fromkeys(MEDIA, _conversation),  # known keys; read by `_media`
    "conversation": _conversation,
    "extendedTextMessage": _extended,
    "locationMessage": _location,
    "liveLocationMessage": _location,
    "contactMessage": _contact,
    "contactsArrayMessage": _contacts,
    "reactionMessage": _reaction,
    "buttonsResponseMessage": _button,
    "templateButtonReplyMessage": _template_button,
    "listResponseMessage": _list,
    "interactiveResponseMessage": _interactive,
    "pollCreationMessage": _poll,
    "pollCreationMessageV2": _poll,
    "pollCreationMessageV3": _poll,
    "pollUpdateMessage": _vote,
    "orderMessage": _order,
    "productMessage": _product,
}


def context(data: Objeto, content: object) -> Campos:
    """Return what a message says about others: quoted, mentioned, forwarded, an ad."""
    near, hoisted = objeto(objeto(content).get("contextInfo")), objeto(data.get("contextInfo"))
    both = {**near, **{key: valor for key, valor in hoisted.items() if valor is not None}}
    campos: Campos = {"reply_to": texto(both.get("stanzaId")), "further": {}}
    mentions = [x for x in map(jid, textos(both.get("mentionedJid"))) if x]
    if mentions:
        campos["further"]["mentions"] = mentions
    if booleano(both.get("isForwarded")) is True:
        campos["further"]["forwarded"] = True
    ad = objeto(both.get("externalAdReply"))
    if ad:
        said = {
            "source": texto(ad.get("sourceType")),
            "ad_id": texto(ad.get("sourceId")),
            "ref": texto(ad.get("ctwaClid")),
        }
        campos["referral"] = {key: valor for key, valor in said.items() if valor} or None
    return campos
