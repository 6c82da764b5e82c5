"""Pairing: instances of Evolution, each a telephone that pairs by a QR code.

Evolution makes a code while one waits and may be late with it; a code lives 45 seconds
and thirty are made. Some of its failures come as HTTP 200.
Source: evolution-api, src/api/controllers/instance.controller.ts.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from ponte.connectors.whatsapp import respostas
from ponte.connectors.whatsapp.build import call
from ponte.connectors.whatsapp.classify import classify, classify_logout
from ponte.connectors.whatsapp.settings import WhatsAppSettings
from ponte.connectors.whatsapp.verify import bare
from ponte.domain.leitura import objeto
from ponte.errors import ConfiguracaoInvalida
from ponte.ports import Deps, EstadoInstancia, Instancia, Pareamento
from ponte.resilience.exchange import Request

DESTINO = "whatsapp"
# Presence and history are of high volume and are not asked for.
EVENTS = (
    "QRCODE_UPDATED", "CONNECTION_UPDATE", "MESSAGES_UPSERT", "MESSAGES_UPDATE",
    "MESSAGES_EDITED", "MESSAGES_DELETE", "SEND_MESSAGE", "CALL",
)  # fmt: skip
CREATE_TIMEOUT_S = 20.0  # documented: a create waits 5 s for a code, a connect 2 s
ASKED = 3  # chosen: how often a late code is asked for; the page asks again after that
WAIT_S = 1.5  # chosen: a code is late by a second or two


class WhatsAppPairing:
    """Make, pair and remove the instances of one server."""

    def __init__(self, settings: WhatsAppSettings, deps: Deps, *, wait_s: float = WAIT_S) -> None:
        self._settings = settings
        self._http = deps.http(DESTINO)
        self._wait_s = wait_s

    async def instances(self) -> Sequence[Instancia]:
        """Return every instance that the key may see."""
        request = call(self._settings, "instance/fetchInstances")
        return respostas.instances(await self._http.send(request, classify))

    async def create(self, nome: str, *, numero: str | None, webhook: str | None) -> Pareamento:
        """Make an instance, its webhook set, and return its first code where there is one.

        Raises:
            ConfiguracaoInvalida: No secret is set by which its events could be believed.
            OutsideError: It was not made; `invalid_request` where the name is taken.
        """
        body: dict[str, Any] = {
            "instanceName": nome,
            "integration": "WHATSAPP-BAILEYS",
            "qrcode": True,
            "groupsIgnore": False,
        }
        if numero:
            body["number"] = numero
        if webhook:
            body["webhook"] = self._webhook(webhook)
        request = call(self._settings, "instance/create", json=body, timeout_s=CREATE_TIMEOUT_S)
        made = respostas.pairing(await self._http.send(request, classify), nome)
        for _ in range(ASKED):
            if made.codigo or made.codigo_pareamento or made.instancia.estado == "aberta":
                break
            await asyncio.sleep(self._wait_s)
            made = await self._connect(nome, numero)
        return made

    async def pair(self, nome: str, *, numero: str | None) -> Pareamento:
        """Return a fresh code; one to type is given only from closed, so it is closed first."""
        if numero and await self._estado(nome) == "conectando":
            await self.logout(nome)
        return await self._connect(nome, numero)

    async def state(self, nome: str) -> Instancia:
        """Return how an instance is now, and what the server knows of its telephone."""
        estado = await self._estado(nome)
        request = call(self._settings, "instance/fetchInstances")
        request = replace(request, url=f"{request.url}?instanceName={quote(nome, safe='')}")
        rows = respostas.instances(await self._http.send(request, classify))
        row = next((x for x in rows if x.nome == nome), Instancia(nome, estado))
        return replace(row, estado=estado, motivo=None if estado == "aberta" else row.motivo)

    async def logout(self, nome: str) -> None:
        """Unpair the telephone; harmless when it is unpaired."""
        await self._http.send(self._delete("instance/logout", nome), classify_logout)

    async def delete(self, nome: str) -> None:
        """Remove the instance."""
        await self._http.send(self._delete("instance/delete", nome), classify)

    async def set_webhook(self, nome: str, url: str) -> None:
        """Make its events come to an address, with the secret by which they are believed."""
        body = {"webhook": self._webhook(url)}
        request = call(self._settings, "webhook/set", instancia=nome, json=body)
        await self._http.send(request, classify)

    async def set_chatwoot(self, nome: str, ajustes: Mapping[str, Any]) -> Mapping[str, Any]:
        """Let Evolution mirror an instance to Chatwoot; return what it stored, but its token."""
        request = call(self._settings, "chatwoot/set", instancia=nome, json=dict(ajustes))
        answer = await self._http.send(request, classify)
        return {k: v for k, v in objeto(answer.json()).items() if k != "token"}

    async def _connect(self, nome: str, numero: str | None) -> Pareamento:
        request = call(
            self._settings, "instance/connect", instancia=nome, timeout_s=CREATE_TIMEOUT_S
        )
        if numero:
            request = replace(request, url=f"{request.url}?number={quote(numero, safe='')}")
        return respostas.pairing(await self._http.send(request, classify), nome)

    async def _estado(self, nome: str) -> EstadoInstancia:
        request = call(self._settings, "instance/connectionState", instancia=nome)
        return respostas.state(await self._http.send(request, classify))

    def _delete(self, route: str, nome: str) -> Request:
        return replace(call(self._settings, route, instancia=nome), method="DELETE")

    def _webhook(self, url: str) -> dict[str, Any]:
        return {
            "enabled": True,
            "url": url,
            "headers": self._proof(),
            "byEvents": False,
            "base64": False,
            "events": list(EVENTS),
        }

    def _proof(self) -> dict[str, str]:
        """Return the header by which deliveries will be believed, the newest secret first."""
        if self._settings.webhook_secrets:
            secret = self._settings.webhook_secrets[0].get_secret_value()
            return {"authorization": f"Bearer {bare(secret)}"}
        if self._settings.jwt_key:
            return {"jwt_key": self._settings.jwt_key[0].get_secret_value()}
        raise ConfiguracaoInvalida("PONTE_WHATSAPP__WEBHOOK_SECRETS or JWT_KEY must be set")
