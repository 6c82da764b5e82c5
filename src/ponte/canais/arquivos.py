"""Arquivos: the files of videos that wait to be published, in the data folder.

A file is written aside and gets its name once it is whole and on disk, so that no row ever
names half of one. It goes once the platform has every byte; what a crash leaves behind is
found by the clock. Memory holds one buffer of it, whatever its size.
"""

import asyncio
import contextlib
import hashlib
import os
import shutil
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import structlog

from ponte.canais import videos
from ponte.context import Context
from ponte.corpo import TipoNaoSuportado
from ponte.errors import ArmazenamentoIndisponivel, DadosInvalidos, Problema

log = structlog.get_logger(__name__)
PASTA = "videos"
TIPOS = ("video/mp4", "video/quicktime", "video/webm")  # documented: what TikTok takes
BUFFER = 1024 * 1024  # chosen: bytes in memory for each upload
LIVRE = 1024**3  # chosen: what a disk keeps free for orders
VELHO_S = 3600.0  # chosen: a file that nobody wrote to for so long is no upload in hand
POR_VEZ = 200  # chosen: files looked up in one read
_BOXES = frozenset({b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"})  # ISO 14496-12, QTFF
_EBML = b"\x1a\x45\xdf\xa3"  # RFC 8794
_HEAD = 12


@dataclass(frozen=True, slots=True)
class Recebido:
    """A file that is whole and on disk."""

    tamanho: int
    digest: str


def path(ctx: Context, video_id: str) -> Path:
    """Return where the file of a video lies."""
    return ctx.settings.data_dir / PASTA / video_id


def mime_of(content_type: str) -> str:
    """Return the kind of video that a body says it is.

    Raises:
        TipoNaoSuportado: it is none that TikTok takes.
    """
    kind = content_type.partition(";")[0].strip().lower()
    if kind not in TIPOS:
        msg = f"application/json or one of {', '.join(TIPOS)} expected"
        raise TipoNaoSuportado(msg)
    return kind


async def receive(
    ctx: Context, video_id: str, stream: AsyncIterator[bytes], *, mime: str, anunciado: int
) -> Recebido:
    """Write a body to disk as it comes.

    Args:
        ctx: The inside.
        video_id: Whose file it is.
        stream: The body.
        mime: What it says it is.
        anunciado: How long it says it is, 0 where it does not.

    Raises:
        ArmazenamentoIndisponivel: the disk has no room for it.
        DadosInvalidos: it is no such video.
    """
    target = path(ctx, video_id)
    part = target.with_suffix(".parte")
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        await asyncio.to_thread(_must_have_room, target.parent, anunciado)
        received = await _write(part, stream, mime)
        await asyncio.to_thread(_name, part, target)
    except OSError as error:
        log.warning("video not stored", erro=type(error).__name__)
        raise ArmazenamentoIndisponivel("The disk can't take the video") from error
    finally:
        part.unlink(missing_ok=True)  # a caller who hangs up leaves nothing behind
    return received


async def drop(ctx: Context, video_id: str) -> None:
    """Remove the file of a video; harmless when there is none."""
    await asyncio.to_thread(path(ctx, video_id).unlink, missing_ok=True)


async def clean(ctx: Context) -> None:
    """Remove what no video needs: a crash came between a file and its row, or before its end."""
    found = await asyncio.to_thread(_old, ctx.settings.data_dir / PASTA)
    for i in range(0, len(found), POR_VEZ):
        some = found[i : i + POR_VEZ]
        needed = await ctx.db.read(videos.waiting, [file.name for file in some])
        for file in some:
            if file.name not in needed:
                await asyncio.to_thread(file.unlink, missing_ok=True)


def _old(folder: Path) -> list[Path]:
    before = time.time() - VELHO_S
    with contextlib.suppress(FileNotFoundError):
        return [file for file in folder.iterdir() if file.stat().st_mtime < before]
    return []


def _must_have_room(onde: Path | int, mais: int) -> None:
    """Refuse bytes that would leave orders without a disk; asked again as they come.

    Others may be writing at the same time, and a body need not say how long it is.
    """
    if shutil.disk_usage(onde).free - mais < LIVRE:
        msg = "The disk has no room for the video"
        raise ArmazenamentoIndisponivel(msg)


async def _write(part: Path, stream: AsyncIterator[bytes], mime: str) -> Recebido:
    digest, size, buffer, checked = hashlib.sha256(), 0, bytearray(), False
    file = await asyncio.to_thread(_create, part)
    try:
        async for chunk in stream:
            buffer += chunk
            if not checked and len(buffer) >= _HEAD:
                _check(bytes(buffer[:_HEAD]), mime)
                checked = True
            if len(buffer) >= BUFFER:
                size += await asyncio.to_thread(_append, file, bytes(buffer), digest)
                buffer.clear()
        _check(bytes(buffer[:_HEAD]) if not checked else None, mime)
        size += await asyncio.to_thread(_append, file, bytes(buffer), digest)
        await asyncio.to_thread(_sync, file)
    finally:
        await asyncio.to_thread(file.close)
    return Recebido(size, digest.hexdigest())


def _check(head: bytes | None, mime: str) -> None:
    if head is None:
        return
    good = head[:4] == _EBML if mime == "video/webm" else head[4:8] in _BOXES
    if len(head) < _HEAD or not good:
        raise DadosInvalidos(Problema("arquivo", f"not a file of {mime}"))


def _create(part: Path) -> BinaryIO:
    return os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")


def _append(file: BinaryIO, dados: bytes, digest: "hashlib._Hash") -> int:
    _must_have_room(file.fileno(), len(dados))
    digest.update(dados)
    return file.write(dados)


def _sync(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _name(part: Path, target: Path) -> None:
    part.replace(target)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # the name too must outlive a power cut
    finally:
        os.close(folder)
