"""Repasse: what `ponte listen --forward-to` hands on, one fact a POST, in their order.

A tool for whoever writes a receiver on this machine, so it promises no more than a
few tries: what must arrive goes by the outgoing webhooks, which never forget.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx2

from ponte.cli import saida

TIMEOUT_S = 10.0
PAUSES_S = (0.0, 0.5, 2.0)  # chosen: a receiver that restarts is back within them


class Repasse:
    """Hands facts on to one address and counts those that it did not take."""

    def __init__(self, http: httpx2.AsyncClient, url: str) -> None:
        self._http = http
        self._url = url
        self.perdidos = 0

    @classmethod
    @contextlib.asynccontextmanager
    async def to(cls, url: str) -> AsyncIterator["Repasse"]:
        """Open one.

        Raises:
            Parada: the address is none that a POST can go to.
        """
        if not url.startswith(("http://", "https://")):
            saida.stop(
                f"--forward-to não aceita {url}", tente="http://127.0.0.1:3000/", codigo=saida.USO
            )
        async with httpx2.AsyncClient(timeout=TIMEOUT_S, trust_env=False) as http:
            yield cls(http, url)

    async def send(self, frame: Mapping[str, Any]) -> None:
        """Hand one fact on; the next waits for it, so that their order stays."""
        began = time.monotonic()
        motivo = ""
        for pause in PAUSES_S:
            await asyncio.sleep(pause)
            try:
                resposta = await self._http.post(self._url, json=frame)
            except httpx2.TransportError as error:
                motivo = str(error) or type(error).__name__
                continue
            if resposta.is_success:
                saida.talk(f"  → {resposta.status_code} em {_ms(began)} ms")
                return
            motivo = f"HTTP {resposta.status_code}"
            if resposta.is_client_error:
                break  # it would refuse the same again
        self.perdidos += 1
        saida.talk(f"  → NÃO repassado: {saida.said(motivo)}")


def _ms(began: float) -> int:
    return round((time.monotonic() - began) * 1000)
