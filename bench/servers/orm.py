"""The ORM ingest: FastAPI and SQLAlchemy's async session on asyncpg, one commit a request.

This is how such a service is usually written: a session a request, the order with its
lines and an outbox row as objects, committed before the answer.
"""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal

from fastapi import FastAPI
from sqlalchemy import ForeignKey, Text  # type: ignore[import-not-found,unused-ignore]
from sqlalchemy.ext.asyncio import (  # type: ignore[import-not-found,unused-ignore]
    AsyncAttrs,
    async_sessionmaker,
    create_async_engine,
)
from sqlalchemy.orm import (  # type: ignore[import-not-found,unused-ignore]
    DeclarativeBase,
    Mapped,
    mapped_column,
    relationship,
)

from bench.servers.order import Pedido
from bench.servers.ready import run_asgi

POOL = 16  # Chosen: what the library opens at most by default, but kept open.


class Base(AsyncAttrs, DeclarativeBase):  # type: ignore[misc]
    """The tables."""


class Ordem(Base):
    """An order."""

    __tablename__ = "pedidos"

    id: Mapped[int] = mapped_column(primary_key=True)
    canal: Mapped[str]
    pedido_externo: Mapped[str | None] = mapped_column(unique=True)
    filial_id: Mapped[str]
    nome: Mapped[str | None]
    documento: Mapped[str | None]
    telefone: Mapped[str | None]
    linhas: Mapped[list["Linha"]] = relationship()


class Linha(Base):
    """One line of an order."""

    __tablename__ = "itens"

    id: Mapped[int] = mapped_column(primary_key=True)
    pedido_id: Mapped[int] = mapped_column(ForeignKey("pedidos.id"))
    produto_id: Mapped[str]
    quantidade: Mapped[int]
    preco_unitario: Mapped[Decimal | None]


class Saida(Base):
    """What is to be published."""

    __tablename__ = "outbox"

    id: Mapped[int] = mapped_column(primary_key=True)
    pedido_id: Mapped[int]
    corpo: Mapped[str] = mapped_column(Text)


def build(url: str) -> FastAPI:
    """Return the app over the database at `url`."""
    address = url.replace("postgresql://", "postgresql+asyncpg://", 1)
    engine = create_async_engine(address, pool_size=POOL, max_overflow=0)
    sessions = async_sessionmaker(engine, expire_on_commit=False)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with engine.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)
        yield
        await engine.dispose()

    app = FastAPI(lifespan=lifespan)

    @app.post("/pedido", status_code=202)
    async def receive(pedido: Pedido) -> dict[str, str]:
        async with sessions() as session:
            ordem = _ordem(pedido)
            session.add(ordem)
            await session.flush()
            session.add(Saida(pedido_id=ordem.id, corpo=pedido.model_dump_json()))
            await session.commit()
        return {"id": str(ordem.id), "status": "recebido"}

    return app


def _ordem(pedido: Pedido) -> Ordem:
    cliente = pedido.cliente
    return Ordem(
        canal=pedido.canal,
        pedido_externo=pedido.pedido_externo,
        filial_id=pedido.filial_id,
        nome=cliente.nome if cliente else None,
        documento=cliente.documento if cliente else None,
        telefone=cliente.telefone if cliente else None,
        linhas=[Linha(**item.model_dump()) for item in pedido.itens],
    )


if __name__ == "__main__":
    run_asgi(build(sys.argv[1]), lifespan=True)
