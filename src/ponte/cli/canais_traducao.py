"""Canais, traducao: what a connector makes of a body or of an answer; no database, no server."""

import difflib
import io
import json
from collections.abc import Sequence
from typing import Any

import segno
from pydantic import BaseModel, ValidationError

from ponte.cli.saida import USO, Parada
from ponte.domain.leitura import inteiro, loads, objeto, texto
from ponte.errors import ConfiguracaoInvalida
from ponte.ports import Connector
from ponte.resilience.exchange import Answer
from ponte.runtime.build import connector_names, load_connector
from ponte.settings import connector_values, environment, validated


def events(canal: str, corpo: bytes) -> list[dict[str, Any]]:
    """Return the normalised view of a body, or of several: `{"deliveries": [body, …]}`.

    What a delivery brings that one before it brought is left out, as the reception does.

    Raises:
        Parada: there is no such canal, or nobody writes on it.
    """
    connector = _connector(canal)
    if connector.parse is None:
        raise Parada(f"{canal} não recebe mensagens", tente=_nearest("", "parse"), codigo=USO)
    settings = _settings(connector)
    seen: set[tuple[str, ...]] = set()
    found: list[dict[str, Any]] = []
    for entrega in _deliveries(corpo):
        read = connector.parse(entrega, settings)
        found += [evento.view() for evento in read if evento.identity not in seen]
        seen |= {evento.identity for evento in read}
    return found


def verdict(canal: str, conteudo: bytes) -> dict[str, Any]:
    """Return the class of an answer that a file holds: `{"status", "headers", "body"}`.

    Raises:
        Parada: there is no such canal, or the file holds no answer.
    """
    connector = _connector(canal)
    if connector.classify is None:
        raise Parada(f"{canal} não julga respostas", tente=_nearest("", "classify"), codigo=USO)
    found = connector.classify(_answer(conteudo))
    further = {
        "detalhe": found.detail or None,
        "retry_after_s": found.retry_after_s,
        "reset_epoch_s": found.reset_epoch_s,
        "resultado_desconhecido": found.unknown_outcome or None,
    }
    return {"classe": found.classe.value} | {k: v for k, v in further.items() if v is not None}


def drawn(codigo: str) -> str:
    """Return a QR code drawn in text, two rows a line."""
    out = io.StringIO()
    segno.make(codigo, micro=False, error="l").terminal(out, compact=True)
    return out.getvalue()


def _connector(canal: str) -> Connector:
    if canal not in connector_names():
        raise Parada(f"Não há o canal {canal}", tente=_nearest(canal, "parse"), codigo=USO)
    try:
        return load_connector(canal)
    except ConfiguracaoInvalida as error:
        raise Parada(f"Não há o canal {canal}", causa=str(error), codigo=USO) from error


def _nearest(canal: str, porta: str) -> str | None:
    known = [n for n in connector_names() if getattr(load_connector(n), porta) is not None]
    near = difflib.get_close_matches(canal, known, n=1) or known
    return f"--canal {near[0]}" if near else None


def _settings(connector: Connector) -> BaseModel:
    """Return the connector's settings as the environment has them; all have a default."""
    try:
        return validated(connector.settings, connector_values(connector.name, environment()))
    except ValidationError as error:
        wrong = "; ".join(
            f"PONTE_{connector.name.upper()}__{'__'.join(map(str, e['loc'])).upper()}: {e['msg']}"
            for e in error.errors(include_input=False, include_url=False)
        )
        raise Parada("Configuração inválida", causa=wrong, codigo=USO) from error


def _deliveries(corpo: bytes) -> Sequence[bytes]:
    try:
        documento = json.loads(corpo)
    except (ValueError, RecursionError):  # the connector says what it makes of it
        return [corpo]
    entregas = documento.get("deliveries") if isinstance(documento, dict) else None
    if not isinstance(entregas, list):
        return [corpo]
    return [e.encode() if isinstance(e, str) else json.dumps(e).encode() for e in entregas]


def _answer(conteudo: bytes) -> Answer:
    try:
        documento = objeto(loads(conteudo))
        body = json.loads(conteudo).get("body") if documento else None
    except (ValueError, RecursionError) as error:
        raise Parada("O arquivo não é JSON", causa=str(error), codigo=USO) from error
    status = inteiro(documento.get("status"))
    if status is None:
        raise Parada(
            "O arquivo não é uma resposta",
            causa="falta o número em status",
            tente='{"status": 200, "headers": {}, "body": {}}',
            codigo=USO,
        )
    headers = {nome.lower(): texto(v) or "" for nome, v in objeto(documento.get("headers")).items()}
    return Answer(status, headers, _bytes(body))


def _bytes(body: object) -> bytes:
    if body is None:
        return b""
    return body.encode("utf-8", "replace") if isinstance(body, str) else json.dumps(body).encode()
