"""Routes of the WebSockets: let a client in, give its frames a way out, clean up after it."""

import asyncio
import contextlib

from fastapi import APIRouter
from starlette.responses import Response
from starlette.websockets import WebSocket, WebSocketDisconnect

from ponte.acesso.escopos import PUBLICO
from ponte.aovivo.asyncapi import documento
from ponte.aovivo.conversa import Conversa
from ponte.deps import context, public
from ponte.errors import PonteError
from ponte.problemas import encode
from ponte.problemas import headers as problem_headers
from ponte.ws import Saida, SaidaAsgi

PUSH = "ponte.push"  # the extension by which our server lends its transport
FECHA_LOTADO = 1013
DESPEDIDA_S = 1.0  # chosen

router = APIRouter(tags=["ao vivo"])


class Lotado(PonteError):
    """As many sockets are open as this process serves, or it is shutting down."""

    status = 503
    code = "muitas_conexoes"
    retry = True
    retry_after_s = 2.0


@router.get("/asyncapi.json", dependencies=[public()])
async def asyncapi() -> Response:
    """Describe the WebSockets and the stream of facts, as AsyncAPI 3.0."""
    return Response(documento(), media_type="application/json")


async def _ws(websocket: WebSocket) -> None:
    await _serve(websocket, so_estoque=False)


async def _ws_estoque(websocket: WebSocket) -> None:
    await _serve(websocket, so_estoque=True)


for _path, _endpoint in (("/ws", _ws), ("/ws/estoque", _ws_estoque)):
    # Anybody hears public facts; what needs a key asks for it in the conversation.
    _endpoint.escopo = PUBLICO  # type: ignore[attr-defined]
    router.add_websocket_route(_path, _endpoint)


async def _serve(websocket: WebSocket, *, so_estoque: bool) -> None:
    hub = context(websocket).hub
    if hub.lotado:
        await _deny(websocket)
        return
    push: Saida | None = websocket.scope.get("extensions", {}).get(PUSH)
    asgi = SaidaAsgi(websocket.send) if push is None else None
    saida = push or asgi
    if saida is None:
        raise RuntimeError("no way out")
    tudo = websocket.query_params.get("tudo") == "1"
    cliente = hub.connect(saida, estoque=so_estoque, tudo=tudo)
    try:
        await websocket.accept()
        await _converse(Conversa(websocket, cliente, so_estoque=so_estoque), asgi)
    except WebSocketDisconnect:
        pass  # gone before or while it was spoken to
    finally:
        hub.disconnect(cliente)


async def _converse(conversa: Conversa, asgi: SaidaAsgi | None) -> None:
    if asgi is None:
        await conversa.run()
        return
    escrita = asyncio.create_task(asgi.run())
    outras = [asyncio.create_task(conversa.run()), asyncio.create_task(asgi.ended())]
    try:
        await asyncio.wait({escrita, *outras}, return_when=asyncio.FIRST_COMPLETED)
        # The close code is the last thing written; who does not read it is not waited for.
        await asyncio.wait({escrita}, timeout=DESPEDIDA_S if outras[1].done() else 0)
    finally:
        asgi.gone()
        for tarefa in (escrita, *outras):
            tarefa.cancel()
            with contextlib.suppress(asyncio.CancelledError, WebSocketDisconnect):
                await tarefa


async def _deny(websocket: WebSocket) -> None:
    erro = Lotado("No further socket is served now")
    if "websocket.http.response" not in websocket.scope.get("extensions", {}):
        await websocket.close(FECHA_LOTADO)
        return
    corpo = encode(erro, id_="")
    cabecalhos = {k.decode(): v.decode() for k, v in problem_headers(erro, length=len(corpo))}
    await websocket.send_denial_response(Response(corpo, erro.status, cabecalhos))
