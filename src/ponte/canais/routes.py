"""Canais over HTTP: SPEC §7. How each hub is, what its calls came to, and its breakers."""

from typing import Any

import orjson
from fastapi import APIRouter, Request, Response
from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric

from ponte.acesso import auditoria
from ponte.canais import consultas, hubs, numeros, saude
from ponte.canais.modelos import (
    Disjuntores,
    NumerosDosHubs,
    PausaDoHub,
    ReinicioDoHub,
    SaudeDoHub,
    SaudeDosHubs,
)
from ponte.canais.sonda import probe_hub
from ponte.deps import Ctx, Quem, idempotent, json_response, require
from ponte.errors import ConflitoDeEstado, NaoEncontrado
from ponte.events.canais import DisjuntorReiniciado
from ponte.mensagens import estado
from ponte.metricas import exposicao
from ponte.resilience.breaker import CLOSED
from ponte.resilience.numeros import worst
from ponte.store.db import Tx
from ponte.store.idempotency import Resposta

router = APIRouter(tags=["canais"])
LER, ESCREVER = "canais:ler", "canais:escrever"


@router.get("/hub/health", response_model=SaudeDosHubs, dependencies=[require(LER)])
async def health(ctx: Ctx) -> Any:
    """Tell how every hub is, judged by what it did; the worst is the status of all."""
    found = await consultas.facts(ctx, hubs.HUBS)
    status = saude.overall(saude.judge(fatos) for fatos in found.values())
    views = {hub: consultas.view(fatos) for hub, fatos in found.items()}
    return json_response({"status": status, "hubs": views})


@router.get("/hub/health/{hub}", response_model=SaudeDoHub, dependencies=[require(LER)])
async def health_of(ctx: Ctx, hub: str) -> Any:
    """Tell how one hub is, and why."""
    found = await consultas.facts(ctx, [_known(hub)])
    return json_response(consultas.view(found[hub]))


@router.get("/hub/metrics", response_model=NumerosDosHubs, dependencies=[require(LER)])
async def metrics(ctx: Ctx) -> Any:
    """Tell what calls to each destination came to since the living processes began."""
    processos = await numeros.by_process(ctx)
    found = numeros.summary(processos, ctx.telemetry.registry)
    states = numeros.breakers(processos)
    for hub, view in found.items():
        http = ctx.destinos.get(hub)
        here = CLOSED if http is None else worst(b.state for b in http.breakers())
        view["disjuntor"] = numeros.worst(states.get(hub, {}), here).value
    return json_response({"hubs": found})


class _Hubs:
    """The families of the registry that are about hubs."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry

    def collect(self) -> list[Metric]:
        return [f for f in self._registry.collect() if f.name.startswith(numeros.PREFIXO)]


@router.get(
    "/hub/metrics/prometheus",
    responses={200: {"content": {"text/plain": {}}}},
    response_class=Response,
    dependencies=[require(LER)],
)
async def exposition(request: Request, ctx: Ctx) -> Any:
    """Tell this process's numbers of hubs as Prometheus reads them."""
    registry: Any = _Hubs(ctx.telemetry.registry)
    accept = request.headers.get("accept", "")
    content, kind = exposicao.expose(registry, (), accept)
    return Response(content, headers={"content-type": kind})


@router.get("/hub/circuit-breaker/status", response_model=Disjuntores, dependencies=[require(LER)])
async def breakers(ctx: Ctx) -> Any:
    """Tell how the breaker of each destination, and of its parts, stands in all processes.

    How many processes have a part's breaker in which state nobody counts.
    """
    states = numeros.breakers(await numeros.by_process(ctx))
    found = {}
    for nome, http in sorted(ctx.destinos.items()):
        # What the numbers of other processes say of the whole is the worst of its parts.
        processos = {} if http.partes.all() else states.get(nome, {})
        for each in hubs.every([http]):
            here = numeros.state_of(ctx, each)
            found[each.name] = numeros.breaker_view(each.breaker.view(), processos, here=here)
    return json_response({"hubs": found})


@router.post(
    "/hub/circuit-breaker/{hub}/reset",
    response_model=ReinicioDoHub,
    dependencies=[require(ESCREVER)],
)
async def reset(request: Request, ctx: Ctx, quem: Quem, hub: str) -> Any:
    """Close a hub's breakers in every process, and send on it again if that was stopped."""
    nomes = tuple(http.name for http in hubs.every(hubs.destinations(ctx, hub)))
    return await idempotent(request, _reset, hub, nomes, quem.nome)


@router.post("/hub/{hub}/sondar", response_model=SaudeDoHub, dependencies=[require(ESCREVER)])
async def probe(ctx: Ctx, hub: str) -> Any:
    """Ask a hub now how it is, and tell how it is then."""
    _known(hub)
    await probe_hub(ctx, hub)
    found = await consultas.facts(ctx, [hub])
    return json_response(consultas.view(found[hub]))


@router.post("/hub/{hub}/pausar", response_model=PausaDoHub, dependencies=[require(ESCREVER)])
async def pause(request: Request, quem: Quem, hub: str) -> Any:
    """Send nothing more on a hub; its messages wait. What comes in is taken all the same."""
    return await idempotent(request, _pause, _known(hub), quem.nome)


@router.post("/hub/{hub}/retomar", response_model=PausaDoHub, dependencies=[require(ESCREVER)])
async def resume(request: Request, quem: Quem, hub: str) -> Any:
    """Send on a hub again."""
    return await idempotent(request, _resume, _known(hub), quem.nome)


def _known(hub: str) -> str:
    if hub not in hubs.CONHECIDOS:
        raise NaoEncontrado("Hub", hub)
    return hub


async def _pause(tx: Tx, hub: str, por: str) -> Resposta:
    if not await estado.stop(tx, hub, motivo=f"{estado.PAUSADO}{por}"):
        msg = f"{hub} is stopped already"
        raise ConflitoDeEstado(msg)
    await auditoria.record(tx, autor=por, acao="canal.pausado", alvo=hub)
    return Resposta(200, orjson.dumps({"hub": hub, "parado": await estado.stopped(tx, hub)}))


async def _resume(tx: Tx, hub: str, por: str) -> Resposta:
    if not await estado.resume(tx, hub):
        msg = f"{hub} is not stopped"
        raise ConflitoDeEstado(msg)
    await auditoria.record(tx, autor=por, acao="canal.retomado", alvo=hub)
    return Resposta(200, orjson.dumps({"hub": hub, "parado": None}))


async def _reset(tx: Tx, hub: str, nomes: tuple[str, ...], por: str) -> Resposta:
    for nome in nomes:
        tx.put(DisjuntorReiniciado(hub=nome, por=por))
    resumed = await estado.resume(tx, hub)
    dados = {"disjuntores": list(nomes), "retomado": resumed}
    await auditoria.record(tx, autor=por, acao="disjuntor.reiniciado", alvo=hub, dados=dados)
    return Resposta(200, orjson.dumps({"hub": hub, **dados}))
