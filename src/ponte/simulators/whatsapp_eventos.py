"""Eventos of the Evolution stand-in: the bodies that Evolution 2.3.7 posts, field by field.

Source: captures of 2.3.6 and 2.3.7, and evolution-api, webhook.controller.ts.
"""

import json
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from ponte.simulators.plataforma import KEPT

TELEFONE = "@s.whatsapp.net"
# Not real: one pixel in PNG, as the picture of a QR code and as every medium.
PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk"
    "+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


@dataclass(slots=True)
class InstanciaSimulada:
    """One telephone of the server."""

    nome: str
    estado: str = "close"
    dono: str = ""
    perfil: str | None = None
    motivo: int | None = None
    numero: str | None = None
    codigos: int = 0
    webhook: dict[str, Any] = field(default_factory=dict)
    chatwoot: dict[str, Any] = field(default_factory=dict)
    registros: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=KEPT))

    @property
    def qrcode(self) -> dict[str, Any]:
        """What a telephone scans now; nothing before the first code is made."""
        if not self.codigos:
            return {"count": 0}
        digitar = f"SIMU{self.codigos:04d}" if self.numero else None
        return {
            "pairingCode": digitar,
            "code": f"2@SIMULADOR{self.codigos},FAKE,FAKE,FAKE",
            "base64": f"data:image/png;base64,{PIXEL}",
            "count": self.codigos,
        }

    @property
    def row(self) -> dict[str, Any]:
        """Its row in fetchInstances."""
        return {
            "id": f"00000000-{self.nome}",
            "name": self.nome,
            "connectionStatus": self.estado,
            "ownerJid": self.dono or None,
            "profileName": self.perfil,
            "integration": "WHATSAPP-BAILEYS",
            "number": self.numero,
            "token": "SIMULADOR-TOKEN",
            "disconnectionReasonCode": self.motivo,
            "Setting": {},
            "_count": {"Message": len(self.registros)},
        }


def envelope(instancia: InstanciaSimulada, evento: str, data: object, *, em_s: float) -> bytes:
    """Return the body of one delivery; its time is local, written with a Z, as the real one's."""
    local = datetime.fromtimestamp(em_s, UTC) - timedelta(hours=3)
    body = {
        "event": evento,
        "instance": instancia.nome,
        "data": data,
        "destination": instancia.webhook.get("url"),
        "date_time": local.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "sender": instancia.dono or None,
        "server_url": "http://evolution.simulador:8080",
        "apikey": None,
    }
    return json.dumps(body, ensure_ascii=False).encode()


def record(
    key: Mapping[str, Any], message: Mapping[str, Any], *, nome: str | None, em_s: float
) -> dict[str, Any]:
    """Return one message as Evolution stores it and posts it."""
    from_me = bool(key.get("fromMe"))
    kinds = (k for k in message if k not in {"base64", "mediaUrl", "messageContextInfo"})
    return {
        "key": {"participant": "", "addressingMode": "pn", **key},
        "pushName": nome,
        "status": "PENDING" if from_me else "DELIVERY_ACK",
        "message": dict(message),
        "contextInfo": None,
        "messageType": next(kinds, "unknown"),
        "messageTimestamp": int(em_s),
        "instanceId": "00000000-0000-4000-8000-000000000001",
        "source": "web" if from_me else "android",
    }
