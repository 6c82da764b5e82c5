"""Respostas: what the answers of Evolution say of instances, codes, media and the past."""

import base64
import binascii
import re
from collections.abc import Iterator, Mapping

from ponte.connectors.whatsapp.classify import classify
from ponte.connectors.whatsapp.jid import jid, phone_of
from ponte.domain.leitura import Objeto, inteiro, lower, objeto, objetos, texto
from ponte.ports import EstadoInstancia, Instancia, Pareamento
from ponte.resilience.classes import Classe, Verdict
from ponte.resilience.exchange import Answer

ESTADOS: Mapping[str, EstadoInstancia] = {
    "open": "aberta", "connecting": "conectando", "close": "fechada", "closed": "fechada",
    "refused": "recusada",
}  # fmt: skip
_DATA_HEAD = re.compile(r"data:[^,]*,")


def estado_of(valor: object) -> EstadoInstancia:
    """Return a state in Ponte's words."""
    return ESTADOS.get(lower(valor) or "", "desconhecida")


def instances(answer: Answer) -> list[Instancia]:
    """Return the rows of fetchInstances, in the form of either major version."""
    rows = (objeto(row.get("instance")) or row for row in objetos(answer.json()))
    return [found for found in map(_instance, rows) if found is not None]


def _instance(row: Objeto) -> Instancia | None:
    nome = texto(row.get("name")) or texto(row.get("instanceName"))
    if nome is None:
        return None
    estado = estado_of(row.get("connectionStatus") or row.get("status") or row.get("state"))
    owner = phone_of(jid(row.get("ownerJid")) or jid(row.get("owner")))
    motivo = None if estado == "aberta" else inteiro(row.get("disconnectionReasonCode"))
    return Instancia(
        nome,
        estado,
        numero=owner or phone_of(texto(row.get("number"))),
        perfil=texto(row.get("profileName")),
        motivo=None if motivo is None else str(motivo),
    )


def state(answer: Answer) -> EstadoInstancia:
    """Return what connectionState says."""
    return estado_of(objeto(objeto(answer.json()).get("instance")).get("state"))


def pairing(answer: Answer, nome: str) -> Pareamento:
    """Return the code of a create or a connect; the instance alone where it is open or late."""
    corpo = objeto(answer.json())
    own = objeto(corpo.get("instance"))
    qrcode = objeto(corpo.get("qrcode")) or corpo
    codigo, digitar = texto(qrcode.get("code")), texto(qrcode.get("pairingCode"))
    imagem = texto(qrcode.get("base64"))
    estado = estado_of(own.get("state") or own.get("status"))
    if codigo or digitar or estado == "desconhecida":
        estado = "conectando"
    return Pareamento(
        Instancia(nome, estado),
        codigo=codigo,
        imagem=_DATA_HEAD.sub("", imagem, count=1) if imagem else None,
        codigo_pareamento=digitar,
    )


def message_id(answer: Answer) -> str | None:
    """Return the platform's id of what was sent."""
    return texto(objeto(objeto(answer.json()).get("key")).get("id"))


def media(answer: Answer) -> tuple[bytes, str] | None:
    """Return the bytes of a medium and their type, None when they can't be read."""
    corpo = objeto(answer.json())
    escrito = corpo.get("base64")
    found = decoded(escrito) if isinstance(escrito, str) else None
    return None if found is None else (found, texto(corpo.get("mimetype")) or OCTETS)


OCTETS = "application/octet-stream"


def decoded(escrito: str) -> bytes | None:
    """Return the bytes of base64, None when it is none."""
    try:
        return base64.b64decode(_DATA_HEAD.sub("", escrito, count=1), validate=True)
    except (ValueError, binascii.Error):
        return None


def classify_media(answer: Answer) -> Verdict:
    """Return the verdict of a download: one without readable bytes is worth another try."""
    verdict = classify(answer)
    if verdict.classe is Classe.OK and media(answer) is None:
        return Verdict(Classe.RETRY, "answer without bytes")
    return verdict


def records(answer: Answer) -> list[Objeto]:
    """Return the messages of one page of the past, newest first."""
    corpo = answer.json()
    page = objeto(objeto(corpo).get("messages"))
    return objetos(page.get("records")) or objetos(corpo)


def pages(answer: Answer) -> int:
    """Return how many pages there are, 1 when that is not said."""
    return inteiro(objeto(objeto(answer.json()).get("messages")).get("pages")) or 1


def receipts(record: Objeto) -> Iterator[object]:
    """Yield what became of a message of the past."""
    for update in objetos(record.get("MessageUpdate")):
        yield update.get("status")
