"""Traducao: a platform's message becomes a Mensagem.

Nothing that a customer wrote is left out: what Ponte has no tipo for is an `evento` that
says what it was.
"""

from typing import Any

from ponte.domain.evento import EventoDeCanal, Midia
from ponte.domain.mensagem import (
    Canal,
    Conteudo,
    Direcao,
    Entrega,
    Mensagem,
    StatusMensagem,
    TipoMensagem,
)

_CANAIS = {"messenger": Canal.FACEBOOK} | {str(canal): canal for canal in Canal}
_TIPOS = {
    "text": TipoMensagem.TEXTO,
    "image": TipoMensagem.IMAGEM,
    "sticker": TipoMensagem.IMAGEM,
    "video": TipoMensagem.VIDEO,
    "audio": TipoMensagem.AUDIO,
    "document": TipoMensagem.DOCUMENTO,
    "location": TipoMensagem.LOCALIZACAO,
    "interactive": TipoMensagem.RESPOSTA_RAPIDA,
}
_MIDIA = {TipoMensagem.IMAGEM, TipoMensagem.VIDEO, TipoMensagem.AUDIO, TipoMensagem.DOCUMENTO}
MAX_TEXTO = 20_000  # chosen: above what any platform lets a person write


def canal_of(evento: EventoDeCanal) -> Canal | None:
    """Return where people write who caused this; None where nobody does (a helpdesk)."""
    return _CANAIS.get(evento.channel)


def to_mensagem(evento: EventoDeCanal, canal: Canal) -> Mensagem:
    """Return a message of a customer, or one that somebody of the shop wrote elsewhere.

    In a group the other side is the group; its `conteudo` says who wrote.
    """
    outro = evento.chat_id or evento.sender_id or ""
    loja = evento.account or ""
    direcao = Direcao.SAIDA if evento.from_me else Direcao.ENTRADA
    return Mensagem(
        tipo=_tipo(evento),
        canal=canal,
        direcao=direcao,
        remetente=loja if evento.from_me else outro,
        destinatario=outro if evento.from_me else loja,
        conteudo=_conteudo(evento),
        instancia=evento.account,
        status=StatusMensagem.CONCLUIDA,
        entrega=Entrega.ENVIADA if evento.from_me else Entrega.NENHUMA,
        id_externo=evento.message_id,
    )


def _tipo(evento: EventoDeCanal) -> TipoMensagem:
    if evento.kind == "postback":
        return TipoMensagem.RESPOSTA_RAPIDA
    return _TIPOS.get(evento.type or "", TipoMensagem.EVENTO)


def _conteudo(evento: EventoDeCanal) -> Conteudo:
    tipo = _tipo(evento)
    texto = (evento.text or "")[:MAX_TEXTO]
    more = _more(evento)
    if tipo is TipoMensagem.TEXTO:
        return texto if not more else {"texto": texto, **more}
    if tipo is TipoMensagem.RESPOSTA_RAPIDA:
        return {"texto": texto, "escolha": evento.choice_id, **more}
    if tipo is TipoMensagem.LOCALIZACAO:
        return {"texto": texto or None, **_place(evento), **more}
    if tipo in _MIDIA:
        return {"legenda": texto or None, **_media(evento), **more}
    said = {"texto": texto} if texto else {}
    return {"evento": evento.type or evento.kind, **said, **_media(evento), **more,
            **evento.further}  # fmt: skip


def _more(evento: EventoDeCanal) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if evento.reply_to is not None:
        found["em_resposta_a"] = evento.reply_to
    if evento.referral is not None:
        found["indicacao"] = dict(evento.referral)
    if evento.is_group and not evento.from_me:
        found["autor"] = {"id": evento.sender_id, "nome": evento.sender_name}
    if evento.type == "sticker":
        found["figurinha"] = True
    return found


def _place(evento: EventoDeCanal) -> dict[str, Any]:
    place = evento.further.get("location")
    place = place if isinstance(place, dict) else {}
    return {
        "latitude": place.get("latitude"),
        "longitude": place.get("longitude"),
        "nome": place.get("name"),
        "endereco": place.get("address"),
    }


def _media(evento: EventoDeCanal) -> dict[str, Any]:
    """Tell where the bytes are; bytes that came along are not kept in the row."""
    if not evento.media:
        return {}
    first, *others = (_midia(midia) for midia in evento.media)
    return {**first, **({"outras": others} if others else {})}


def _midia(midia: Midia) -> dict[str, Any]:
    return {
        "url": midia.url,
        "id": midia.id,
        "mime": midia.mime,
        "nome": midia.filename,
        **({"voz": True} if midia.voice else {}),
    }
