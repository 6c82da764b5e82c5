"""X: a local stand-in of direct messages and its webhooks, with people who write.

It refuses what the real one refuses (a token that is over, a refresh token used twice, one
message too many in 15 minutes, a person who takes none, a medium used twice), asks a webhook
for its proof before it tells it anything, and signs what it tells. Run it: `python -m
ponte.simulators.x --port 8090 --webhook-url http://127.0.0.1:8000/webhooks/x`.
"""

import base64
import json
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ponte.simulators.comportamento import Defeito
from ponte.simulators.plataforma import Caos, Plataforma, by_hand
from ponte.simulators.telegram_corpo import parameters
from ponte.simulators.x_assinaturas import CONSUMER_SECRET, Assinaturas, proof
from ponte.simulators.x_formas import (
    CONTA,
    conversation,
    listed_form,
    listed_medium,
    medium_in,
    older_form,
    people,
    person,
    written,
)
from ponte.simulators.x_regras import Janela, Midias, accepted, refusal

CLIENT_ID, CLIENT_SECRET = "SIMULADORcliente", "simulador-nao-e-um-segredo"
BEARER = "SIMULADORbearer"
ENDERECO = "https://loja.example/webhooks/x"  # what is registered; it posts to `webhook_url`
PER_WINDOW = 15  # documented: messages, and readings, in 15 minutes
MAX_TEXT = 10_000  # documented
MEDIUM = b"\xff\xd8\xff\xe0JFIF"  # what every address of a medium gives


class SimuladorX(Plataforma):
    """One account of one app.

    `fechados` are people who take no messages; `produto` tells in which of X's two forms it
    tells of events.

    Args:
        webhook_url: Where its events go.
        caos: How often it misbehaves by itself.
        now: Epoch seconds.
        validade_s: How long a token lives.
        por_janela: Messages, and readings, that are allowed in 15 minutes.
    """

    def __init__(
        self,
        *,
        webhook_url: str = "",
        caos: Caos | None = None,
        now: Callable[[], float] = time.time,
        validade_s: int = 7_200,
        por_janela: int = PER_WINDOW,
    ) -> None:
        super().__init__(webhook_url=webhook_url, caos=caos)
        self.validade_s = validade_s
        self.renovacoes = 0
        self.access, self.refresh = "SIMULADORaccess0", "SIMULADORrefresh0"
        self.produto = "activity"
        self.fechados: set[str] = set()
        self.eventos: list[dict[str, Any]] = []
        self.assinaturas = Assinaturas(lambda: self.webhook_url, self._id)
        self.midias = Midias(now)
        self.envios, self.leituras = Janela(por_janela, now), Janela(por_janela, now)
        self._until = now() + validade_s
        self._now = now
        self._next = 2_080_000_000_000_000_000

    def env(self, url: str) -> dict[str, str]:
        """Return the settings of a Ponte that talks to it at this address."""
        return {
            "PONTE_X__BASE_URL": url,
            "PONTE_X__CONSUMER_SECRET": CONSUMER_SECRET,
            "PONTE_X__USER_ID": CONTA,
            "PONTE_X__CLIENT_ID": CLIENT_ID,
            "PONTE_X__CLIENT_SECRET": CLIENT_SECRET,
            "PONTE_X__REFRESH_TOKEN": self.refresh,
            "PONTE_X__ACCESS_TOKEN": self.access,
            "PONTE_X__BEARER_TOKEN": BEARER,
            "PONTE_X__WEBHOOK": ENDERECO,
        }

    # ------------------------------------------------------------ what a platform adds

    def routes(self) -> Sequence[Route]:
        upload = "/2/media/upload"
        return (
            Route("/2/oauth2/token", self._on("renew", self._renew), methods=["POST"]),
            Route(
                "/2/dm_conversations/with/{pessoa}/messages",
                self._on("send", self._send),
                methods=["POST"],
            ),
            Route("/2/dm_events", self._on("events", self._events)),
            Route(upload, self._on("upload", self._upload), methods=["POST"]),
            Route(upload, self._on("status", self._status)),
            Route(f"{upload}/initialize", self._on("init", self._init), methods=["POST"]),
            Route(f"{upload}/{{id}}/append", self._on("append", self._append), methods=["POST"]),
            Route(f"{upload}/{{id}}/finalize", self._on("final", self._final), methods=["POST"]),
            Route("/2/webhooks", self._app("webhooks"), methods=["GET", "POST"]),
            Route("/2/webhooks/{id}", self._app("validate"), methods=["PUT"]),
            Route("/2/activity/subscriptions", self._app("subscriptions"), methods=["GET", "POST"]),
            Route("/midia/{nome}", self._on("medium", self._medium)),
        )

    def error(self, modo: str, defeito: Defeito) -> Response:
        if modo == "429":
            reset = int(time.time() + max(1, round(defeito.segundos)))
            headers = {"x-rate-limit-remaining": "0", "x-rate-limit-reset": str(reset)}
            return refusal(429, "Too Many Requests", headers=headers)
        if modo == "token":
            return refusal(401, "Unauthorized")
        return refusal(503, "Service Unavailable")

    def headers(self, corpo: bytes) -> Mapping[str, str]:
        return {"x-twitter-webhooks-signature": proof(corpo)}

    def _on(self, onde: str, answer: Callable[[Request], Any]) -> Callable[[Request], Any]:
        async def call(request: Request) -> Response:
            return await self.faulty(onde, lambda: answer(request))

        return call

    def _app(self, onde: str) -> Callable[[Request], Any]:
        """Answer what is about the app, which its own token may ask as well."""

        async def answer(request: Request) -> Response:
            assinaturas = self.assinaturas
            calls = {
                "webhooks": assinaturas.list_or_register,
                "validate": assinaturas.validate,
                "subscriptions": assinaturas.list_or_subscribe,
            }
            return self._refused(request, app=True) or await calls[onde](request)

        return self._on(onde, answer)

    # ------------------------------------------------------------ people

    async def write(self, pessoa: str, texto: str) -> str:
        """Let somebody write; return the event's id."""
        return await self._told(self._event(pessoa, CONTA, {"text": texto}), "dm.received")

    async def send_image(self, pessoa: str, legenda: str = "") -> str:
        """Let somebody send a picture."""
        medium = self._medium_of("photo")
        data = {"text": f"{legenda} {medium['url']}".strip(), "attachment": medium_in(medium)}
        return await self._told(self._event(pessoa, CONTA, data), "dm.received")

    async def press(self, pessoa: str, titulo: str, metadata: str) -> str:
        """Let somebody choose a quick reply that another app of the shop's had sent."""
        chosen = {"type": "options", "metadata": metadata}
        data = {"text": titulo, "quick_reply_response": chosen}
        return await self._told(self._event(pessoa, CONTA, data), "dm.received")

    async def write_by_hand(self, pessoa: str, texto: str) -> str:
        """Let the shop write in X's own application."""
        return await self._told(self._event(CONTA, pessoa, {"text": texto}), "dm.sent")

    async def read(self, pessoa: str, evento: str) -> None:
        """Let somebody read what the shop wrote, up to an event."""
        mark = {**self._sides(pessoa), "last_read_event_id": evento}
        await self._tell("dm.read", {"direct_message_mark_read_events": [mark]})

    async def type(self, pessoa: str) -> None:
        """Let somebody begin to write."""
        sign = self._sides(pessoa)
        await self._tell("dm.indicate_typing", {"direct_message_indicate_typing_events": [sign]})

    async def mention(self, pessoa: str, texto: str) -> str:
        """Let somebody name the shop in public."""
        post = {"id": self._id(), "text": texto, "author_id": pessoa, "created_at": self._iso()}
        await self._tell("post.mention.create", post)
        return str(post["id"])

    async def revoke(self) -> None:
        """Let the shop's account take its leave back."""
        self.access = self.refresh = ""
        await self._tell("oauth.revoke", {"user_id": CONTA, "date_time": self._iso()})

    def medium(self, tipo: str) -> str:
        """Return where a file of that kind lies, for the shop to send."""
        return f"{self.url}/midia/{tipo}"

    def _event(self, de: str, para: str, data: Mapping[str, Any]) -> dict[str, Any]:
        event = {
            "type": "message_create",
            "id": self._id(),
            "created_timestamp": str(self._ms()),
            "message_create": {
                "target": {"recipient_id": para},
                "sender_id": de,
                "message_data": {"entities": {"urls": []}, **data},
            },
        }
        self.eventos.append(event)
        return event

    def _sides(self, pessoa: str) -> dict[str, Any]:
        created = str(self._ms())
        return {
            "created_timestamp": created,
            "sender_id": pessoa,
            "target": {"recipient_id": CONTA},
        }

    def _medium_of(self, tipo: str) -> dict[str, Any]:
        medium_id = self._id()
        return {
            "id_str": medium_id,
            "type": tipo,
            "media_url_https": f"{self.url}/midia/{medium_id}.jpg",
            "url": f"https://t.co/{medium_id[-8:]}",
        }

    async def _told(self, event: dict[str, Any], kind: str) -> str:
        users = {k: person(k) for k in people(event)}
        payload = {"direct_message_events": [event], "users": users}
        await self._tell(kind, payload)
        return str(event["id"])

    async def _tell(self, kind: str, payload: Mapping[str, Any]) -> None:
        about = {"filter": {"user_id": CONTA}, "event_type": kind, "tag": "ponte"}
        body: Mapping[str, Any] = {
            "data": {"event_uuid": f"-{self._id()}", **about, "payload": payload}
        }
        if self.produto != "activity":
            body = older_form(CONTA, kind, payload)
        await self.post(json.dumps(body, ensure_ascii=False).encode(), onde=kind)

    def _id(self) -> str:
        self._next += 1
        return str(self._next)

    def _ms(self) -> int:
        return int(self._now() * 1000)

    def _iso(self) -> str:
        return written(self._ms())

    # ------------------------------------------------------------ the API: the account

    def _refused(self, request: Request, *, app: bool = False) -> Response | None:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if app and token == BEARER:
            return None
        if not token or token != self.access or self._now() >= self._until:
            return refusal(401, "Unauthorized")
        return None

    async def _renew(self, request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode()))
        pair = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        if request.headers.get("authorization") != f"Basic {pair}":
            error = {"error": "unauthorized_client", "error_description": "Missing valid header"}
            return JSONResponse(error, 401)
        if not self.refresh or form.get("refresh_token") != self.refresh:
            what = "Value passed for the token was invalid."
            return JSONResponse({"error": "invalid_request", "error_description": what}, 400)
        self.renovacoes += 1
        self.access = f"SIMULADORaccess{self.renovacoes}"
        self.refresh = f"SIMULADORrefresh{self.renovacoes}"
        self._until = self._now() + self.validade_s
        return JSONResponse(
            {
                "token_type": "bearer",
                "expires_in": self.validade_s,
                "access_token": self.access,
                "refresh_token": self.refresh,
                "scope": "dm.read dm.write tweet.read users.read media.write offline.access",
            }
        )

    async def _send(self, request: Request) -> Response:
        refused = self._refused(request) or self.envios.refuse()
        if refused is not None:
            return refused
        pessoa, body = request.path_params["pessoa"], json.loads(await request.body())
        text, media = body.get("text", ""), body.get("attachments") or []
        if not (text or media) or len(text) > MAX_TEXT or len(media) > 1:
            return refusal(400, "One or more parameters to your request was invalid.")
        if pessoa in self.fechados:
            what = "You do not have permission to DM one or more participants."
            return refusal(403, what)
        data: dict[str, Any] = {"text": text}
        for medium in media:
            if not self.midias.take(str(medium.get("media_id"))):
                return refusal(400, "The media id is invalid.")
            told = self._medium_of("photo")
            data = {"text": f"{text} {told['url']}".strip(), "attachment": medium_in(told)}
        event = self._event(CONTA, pessoa, data)
        self.mensagens.append({**body, "para": pessoa, "dm_event_id": event["id"]})
        answer = {"dm_conversation_id": conversation(pessoa), "dm_event_id": event["id"]}
        task = BackgroundTask(self._told, event, "dm.sent")
        return accepted(answer, status=201, headers=self.envios.headers(), background=task)

    async def _events(self, request: Request) -> Response:
        refused = self._refused(request) or self.leituras.refuse()
        if refused is not None:
            return refused
        query = request.query_params
        at, most = int(query.get("pagination_token", "0")), int(query.get("max_results", "100"))
        newest = list(reversed(self.eventos))
        page = newest[at : at + most]
        meta: dict[str, Any] = {"result_count": len(page)}
        if at + most < len(newest):
            meta["next_token"] = str(at + most)
        sides = {k for event in page for k in people(event)}
        includes = {
            "users": [person(k)["data"] for k in sorted(sides)],
            "media": [x for x in map(listed_medium, page) if x is not None],
        }
        body = {"data": [listed_form(x) for x in page], "includes": includes, "meta": meta}
        return JSONResponse(body, headers=self.leituras.headers())

    # ------------------------------------------------------------ the API: media

    async def _medium(self, request: Request) -> Response:
        nome = request.path_params["nome"]
        kinds = {"gif": "image/gif", "mp4": "video/mp4", "html": "text/html", "pdf": "text/plain"}
        return Response(MEDIUM, media_type=kinds.get(nome.rpartition(".")[2], "image/jpeg"))

    async def _upload(self, request: Request) -> Response:
        form, files = parameters(request, await request.body())
        if self._refused(request) is not None:
            return refusal(401, "Unauthorized")
        if form.get("media_category") != "dm_image" or "media" not in files:
            return refusal(400, "media_category and media expected")
        return accepted(self.midias.whole(self._id(), files["media"]))

    async def _init(self, request: Request) -> Response:
        refused = self._refused(request)
        body = json.loads(await request.body())
        return refused or accepted(self.midias.begin(self._id(), body))

    async def _append(self, request: Request) -> Response:
        form, files = parameters(request, await request.body())
        if self._refused(request) is not None:
            return refusal(401, "Unauthorized")
        index = str(form.get("segment_index", ""))
        if not index.isdigit() or "media" not in files:
            return refusal(400, "segment_index and media expected")
        taken = self.midias.append(request.path_params["id"], int(index), files["media"])
        return Response(status_code=204) if taken else refusal(400, "no such upload")

    async def _final(self, request: Request) -> Response:
        refused = self._refused(request)
        found = self.midias.finish(request.path_params["id"])
        return refused or (accepted(found) if found else refusal(400, "segments are missing"))

    async def _status(self, request: Request) -> Response:
        refused = self._refused(request)
        found = self.midias.look(request.query_params.get("media_id", ""))
        return refused or (accepted(found) if found else refusal(404, "no such medium"))


def main() -> None:
    """Serve from the command line."""
    by_hand(
        lambda webhook_url: SimuladorX(webhook_url=webhook_url),
        description="A local stand-in of X's direct messages",
        port=8090,
    )


if __name__ == "__main__":
    main()
