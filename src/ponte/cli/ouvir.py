"""Ouvir: the live facts on a terminal, over the same WebSocket that browsers use.

It remembers the newest seq and comes back with it, so that a restart of the server
leaves no gap: the missed frames come in order, or `ressincronizar` says that they
can't.
"""

import asyncio
import random
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import orjson
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from ponte.cli import ajustes, saida
from ponte.cli.acesso import default_url, key, unreachable
from ponte.cli.repasse import Repasse
from ponte.runtime.narrador import phrase
from ponte.settings import ClienteSettings

MAX_BYTES = 16 * 1024 * 1024  # a snapshot of a large shop is one frame
WAIT_S = (0.5, 8.0)  # chosen: the first pause before coming back, and the longest
DENIED = {4401, 4403}
REF = "assinatura"


@dataclass
class Ouvinte:
    """One conversation, through any number of connections."""

    url: str
    chave: str | None
    salas: Sequence[str] = ()
    epoca: str | None = None
    seq: int | None = None

    async def frames(self) -> AsyncGenerator[dict[str, Any], None]:
        """Yield frames until the server refuses; come back whenever the connection falls."""
        attempts, heard = 0, False
        while True:
            try:
                async with aclosing(self._connection()) as frames:
                    async for frame in frames:
                        attempts, heard = 0, True
                        yield frame
            except ConnectionClosed as error:
                self._check(error)
            except (OSError, InvalidHandshake, TimeoutError) as error:
                if not heard:
                    raise unreachable(self.url, error) from error
            attempts += 1
            pause = min(WAIT_S[1], WAIT_S[0] * 2 ** (attempts - 1))
            saida.talk(f"Conexão caída; volto em até {pause:g} s.")
            await asyncio.sleep(pause * random.uniform(0.5, 1))  # noqa: S311 - spreads, hides nothing

    async def _connection(self) -> AsyncGenerator[dict[str, Any], None]:
        headers = {} if self.chave is None else {"Authorization": f"Bearer {self.chave}"}
        where = {} if self.seq is None else {"epoca": self.epoca or "", "desde": self.seq}
        url = f"{self.url}?{urlencode(where)}" if where else self.url
        async with connect(
            url, additional_headers=headers, proxy=None, max_size=MAX_BYTES, open_timeout=5
        ) as ws:
            if self.salas:
                acao = {"acao": "assinar", "salas": self.salas, "ref": REF}
                await ws.send(orjson.dumps(acao).decode())
            else:
                saida.talk("Ouvindo o que é público.")
            async for text in ws:
                frame = orjson.loads(text)
                self._note(frame)
                if frame.get("ref") == REF:
                    saida.talk(f"Ouvindo: {', '.join(self.salas)}.")
                else:
                    yield frame

    def _note(self, frame: dict[str, Any]) -> None:
        if frame.get("tipo") == "erro":
            dados = frame["dados"]
            denied = dados["code"] in {"sem_escopo", "nao_autenticado"}
            raise saida.Parada(
                "Ponte recusou",
                causa=dados["detail"],
                tente="PONTE_API_KEY com os escopos das salas" if denied else None,
                codigo=saida.NEGADO if denied else saida.FALHOU,
            )
        # The answer to `assinar` says where we stand, for a return before the first frame.
        where = frame
        if frame.get("ref") == REF:
            where = frame["dados"] if self.seq is None else {}
        if isinstance(where.get("seq"), int):
            self.epoca, self.seq = where.get("epoca"), where["seq"]

    def _check(self, error: ConnectionClosed) -> None:
        code = error.rcvd.code if error.rcvd else None
        if code in DENIED:
            raise saida.Parada(
                "Acesso negado", tente="PONTE_API_KEY=…", codigo=saida.NEGADO
            ) from error


def listen(
    path: str,
    *,
    salas: Sequence[str],
    limite: int | None = None,
    forward_to: str | None = None,
) -> None:
    """Print frames until Ctrl-C, or `limite` of them; hand each on where that is asked for."""
    settings = ajustes.read()
    base = saida.modo.url or ClienteSettings().url or default_url(settings)
    ouvinte = Ouvinte(
        base.rstrip("/").replace("http", "ws", 1) + path,
        key(settings) if salas else None,
        salas,
    )
    asyncio.run(_listen(ouvinte, ZoneInfo(settings.tz), limite, forward_to))


async def _listen(
    ouvinte: Ouvinte, fuso: tzinfo, limite: int | None, forward_to: str | None
) -> None:
    if forward_to is None:
        await _print(ouvinte, fuso, limite)
        return
    async with Repasse.to(forward_to) as repasse:
        await _print(ouvinte, fuso, limite, repasse)
    if repasse.perdidos:
        raise saida.Parada(f"{repasse.perdidos} fatos não foram repassados", codigo=saida.RESSALVAS)


async def _print(
    ouvinte: Ouvinte, fuso: tzinfo, limite: int | None, repasse: Repasse | None = None
) -> None:
    told = 0
    async with aclosing(ouvinte.frames()) as frames:
        async for frame in frames:
            saida.line(frame, text(frame, fuso))
            if repasse is not None:
                await repasse.send(frame)
            told += 1
            if told == limite:
                return


def text(frame: dict[str, Any], fuso: tzinfo) -> str:
    """Return a frame as one line for people, with the hour of their clock."""
    tipo, dados = str(frame.get("tipo")), frame.get("dados")
    return f"{_hour(frame.get('em'), fuso)}  {_sentence(tipo, dados)}"


def _hour(em: Any, fuso: tzinfo) -> str:
    try:
        return f"{datetime.fromisoformat(em).astimezone(fuso):%H:%M:%S}"
    except (TypeError, ValueError):  # a frame that says no time, as an answer or a notice
        return "--:--:--"


def _sentence(tipo: str, dados: Any) -> str:
    if not isinstance(dados, dict):
        return tipo
    if tipo == "instantaneo":
        return f"instantâneo: {len(dados.get('itens', ()))} itens"
    try:
        frase = phrase(tipo, dados)
    except (KeyError, TypeError):  # what anybody may see lacks fields
        frase = None
    if frase is None and tipo.startswith("estoque.") and "quantidade" in dados:
        baixo = " BAIXO" if dados.get("baixo") else ""
        frase = f"estoque {dados['produto_id']} filial {dados['filial_id']}: {dados['quantidade']}"
        frase += baixo
    if frase is None:
        campos = " ".join(f"{nome}={valor}" for nome, valor in dados.items() if nome != "em")
        frase = f"{tipo} {campos}"
    return "".join(c if c.isprintable() else "?" for c in frase)
