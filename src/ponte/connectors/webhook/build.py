"""Build: an alerta as a signed post.

The id stays the same through every try of one notice, so a receiver that keeps ids
acts on it once; the time is that of the try, as the receiver checks its age.
"""

import json
from typing import Any

from ponte.connectors.webhook.sign import sign
from ponte.domain.alerta import Alerta
from ponte.domain.notificacao import clean
from ponte.domain.valores import format_time
from ponte.resilience.exchange import Request


def build(alerta: Alerta, url: str, *, secret: str, now_ms: int, fim: bool = False) -> Request:
    """Return the post that tells of an alerta, or with `fim` that it is over."""
    em_ms = (alerta.resolvido_em if fim else None) or alerta.ultimo_em or alerta.criado_em
    event = {
        "type": "alerta.resolvido" if fim else "alerta.criado",
        "timestamp": format_time(em_ms),
        "data": _view(alerta),
    }
    body = json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()
    message_id = f"{alerta.id}.{'fim' if fim else alerta.contagem}"
    headers = sign(body, secret, message_id=message_id, timestamp_s=now_ms // 1000)
    return Request(
        "POST",
        url,
        content=body,
        headers={"Content-Type": "application/json", **headers},
        operation="post",
    )


def _view(alerta: Alerta) -> dict[str, Any]:
    return {
        "id": alerta.id,
        "nome": clean(alerta.nome),
        "severidade": alerta.severidade.value,
        "titulo": clean(alerta.titulo),
        "texto": clean(alerta.texto),
        "origem": clean(alerta.origem),
        "labels": {clean(k): clean(v) for k, v in alerta.labels.items()},
        "impressao": alerta.impressao,
        "contagem": alerta.contagem,
        "criado_em": format_time(alerta.criado_em),
        "reconhecido_em": _time(alerta.reconhecido_em),
        "resolvido": alerta.resolvido,
        "resolvido_em": _time(alerta.resolvido_em),
    }


def _time(ms: int | None) -> str | None:
    return None if ms is None else format_time(ms)
