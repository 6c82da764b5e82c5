"""A Ponte that publishes videos, driven stretch by stretch against the stand-in."""

import contextlib
import hashlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ponte.canais import arquivos, publicacao, recepcao
from ponte.errors import Adiado
from ponte.events import FatoGravado
from ponte.resilience.classes import OutsideError
from ponte.simulators.tiktok import SimuladorTiktok
from ponte.simulators.tiktok_videos import Publicacao
from ponte.store.db import Tx
from ponte.testing import Embedded, FrozenClock, embedded

ONDE = "/hub/tiktok/videos"
MP4 = {"content-type": "video/mp4"}
POSTAGEM = {"titulo": "Chegou! #tênis", "privacidade": "so_eu"}
URL = "https://media.loja.example/v/1.mp4"
PEDACO = 5 * 1024 * 1024


def mp4(tamanho: int) -> bytes:
    """Return so many bytes that begin as a file of that kind, no two pieces alike."""
    head = b"\x00\x00\x00\x18ftypmp42"
    rest = hashlib.shake_128(b"video").digest(tamanho - len(head))
    return head + rest


CURTO = mp4(30_000)
LONGO = mp4(3 * PEDACO + 123)  # three pieces, the last one longer
LONGO_SHA = hashlib.sha256(LONGO).hexdigest()


@dataclass
class Casa:
    """A Ponte without a worker, the stand-in, and the clock of both."""

    ponte: Embedded
    tiktok: SimuladorTiktok
    clock: FrozenClock

    async def session(self, nome: str = "loja", **further: Any) -> None:
        corpo = {
            "nome": nome, "tipo": "oauth", "access_token": self.tiktok.videos.access,
            "refresh_token": self.tiktok.refresh_de_videos, "expires_in": 86_400,
            "open_id": "conta-1", **further,
        }  # fmt: skip
        answer = await self.ponte.http.post("/hub/tiktok/sessoes", json=corpo)
        assert answer.status_code == 201, answer.text

    async def post(self, dados: bytes = CURTO, **params: Any) -> Any:
        params = {**POSTAGEM, **params}
        return await self.ponte.http.post(ONDE, params=params, content=dados, headers=MP4)

    async def accepted(self, dados: bytes = CURTO, **params: Any) -> str:
        answer = await self.post(dados, **params)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])

    async def pulled(self, **corpo: Any) -> str:
        answer = await self.ponte.http.post(ONDE, json={"url": URL, **POSTAGEM, **corpo})
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])

    async def see(self, video_id: str) -> Any:
        return await self.ponte.get(f"{ONDE}/{video_id}")

    async def stretch(self, video_id: str) -> float | None:
        """Run one stretch as the worker would; return when it wants to go on."""
        fato = await self.ponte.ctx.db.read(_fact, video_id)
        try:
            await publicacao.publish(self.ponte.ctx, fato)
        except Adiado as adiado:
            return adiado.retry_after_s or 0.0
        except OutsideError as error:
            return max(error.retry_after_s or 0.0, 10.0)
        return None

    async def run(self, video_id: str, most: int = 60) -> Any:
        """Run it to its end; return how it stands then."""
        for _ in range(most):
            wait_s = await self.stretch(video_id)
            if wait_s is None:
                return await self.see(video_id)
            self.clock.advance(wait_s)
        return await self.see(video_id)

    async def hear(self, event: str, publish_id: str) -> None:
        """Act on a webhook of TikTok's, signed as it signs."""
        body = self.tiktok.body(event, {"publish_id": publish_id}, conta="conta-1")
        answer = await self.ponte.http.post(
            "/webhooks/tiktok", content=body, headers=dict(self.tiktok.headers(body))
        )
        assert answer.status_code == 200, answer.text
        ctx = self.ponte.ctx
        for fato in await ctx.db.read(_facts, "webhook.recebido"):
            await ctx.db.transact(_handle, ctx, fato)

    async def rewind(self, video_id: str, **colunas: Any) -> None:
        """Set a row back to what a process wrote down that died at an instant."""

        async def write(tx: Tx) -> None:
            for nome, valor in colunas.items():
                sql = f"UPDATE tiktok_videos SET {nome} = ? WHERE id = ?"  # noqa: S608
                await tx.execute(sql, (valor, video_id))

        await self.ponte.ctx.db.transact(write)

    @property
    def folder(self) -> Path:
        return self.ponte.ctx.settings.data_dir / arquivos.PASTA

    def bytes_of(self, video: Any) -> str:
        found = self.tiktok.videos.publicacoes[video["publish_id"]]
        return str(found.digest.hexdigest())

    def only(self) -> Publicacao:
        [found] = self.tiktok.videos.publicacoes.values()
        return found

    def files(self) -> list[str]:
        return [x.name for x in self.folder.iterdir()] if self.folder.exists() else []


@contextlib.asynccontextmanager
async def opened(data_dir: Path, *, sem: Sequence[str] = ()) -> AsyncIterator[Casa]:
    """Run a Ponte with one account that takes videos, without some of the settings."""
    clock = FrozenClock()
    tiktok = SimuladorTiktok(now=lambda: clock.ms / 1000)
    env = tiktok.env(await tiktok.start())
    for nome in sem:
        del env[f"PONTE_TIKTOK__{nome}"]
    async with embedded(data_dir, env=env, papeis=(), clock=clock) as ponte:
        found = Casa(ponte, tiktok, clock)
        await found.session()
        yield found
    await tiktok.stop()


async def _facts(tx: Tx, tipo: str) -> list[FatoGravado]:
    rows = await tx.fetch(
        "SELECT pos, id, tipo, lane, em, dados FROM fatos WHERE tipo = ? ORDER BY pos", (tipo,)
    )
    return [
        FatoGravado(pos=pos, id=fato_id, tipo=kind, lane=lane, em_ms=em_ms, dados=_raw(dados))
        for pos, fato_id, kind, lane, em_ms, dados in rows
    ]


def _raw(dados: bytes | str) -> bytes:
    return dados.encode() if isinstance(dados, str) else dados


async def _fact(tx: Tx, video_id: str) -> FatoGravado:
    return next(f for f in await _facts(tx, "video.pedido") if f.lane == video_id)


async def _handle(tx: Tx, ctx: Any, fato: FatoGravado) -> None:
    await recepcao.handle_webhook(ctx, tx, fato)


class Forgetful(dict[str, Publicacao]):
    """Publications whose bytes are lost: none is ever further than its beginning."""

    def get(self, key: str, default: Any = None) -> Any:
        found = super().get(key, default)
        if found is not None:
            found.begun_s = -1e9
        return found
