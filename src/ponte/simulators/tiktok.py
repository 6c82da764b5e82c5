"""TikTok: a local stand-in of Business Messaging with customers who write, and of videos.

It refuses what the real one refuses (a `Bearer`, an unknown conversation, text that is
too long, a message nobody asked for), gives each refresh token away once, and posts
webhooks signed. Run it: `python -m ponte.simulators.tiktok --port 8085
--webhook-url http://127.0.0.1:8000/webhooks/tiktok`.
"""

import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ponte.simulators.comportamento import Defeito
from ponte.simulators.plataforma import Caos, Plataforma, by_hand
from ponte.simulators.tiktok_formas import answer, listed, part, picture
from ponte.simulators.tiktok_videos import VideosDoTiktok, failed

APP_ID = "7600000000000000001"
APP_SECRET = "simulador-nao-e-um-segredo"  # noqa: S105 - opens nothing but this stand-in
CLIENT_KEY = "awsimulador0000"
CONTA = "-000SIMULADOR_conta"
API = "/open_api/v1.3"
WINDOW_MS = 48 * 3_600_000  # documented: after the person's last message
PER_WINDOW = 10  # documented: messages until the person writes again
LISTED = 20  # documented: messages of a conversation that are listed


@dataclass(slots=True)
class Conversa:
    """One person who wrote: the messages both ways, newest last."""

    id: str
    pessoa: str
    nome: str
    mensagens: list[dict[str, Any]] = field(default_factory=list)
    respondida: bool = False
    escreveu_ms: int = 0
    enviadas: int = 0


class SimuladorTiktok(Plataforma):
    """One Business Account and one app.

    Args:
        webhook_url: Where its events go.
        caos: How often it misbehaves by itself.
        now: Epoch seconds.
        validade_s: How long a token lives.
    """

    def __init__(
        self,
        *,
        webhook_url: str = "",
        caos: Caos | None = None,
        now: Callable[[], float] = time.time,
        validade_s: int = 86_400,
    ) -> None:
        self.videos = VideosDoTiktok(now, faulty=self.faulty, tell=self._tell)
        super().__init__(webhook_url=webhook_url, caos=caos)
        self.conversas: dict[str, Conversa] = {}
        self.midias: dict[str, bytes] = {}
        self.validade_s = validade_s
        self.renovacoes = 0
        self.access, self.refresh = "act.SIMULADOR0", "rft.SIMULADOR0"
        self.refresh_de_videos = "rft.VIDEOS0"
        self._until = now() + validade_s
        self._now = now
        self._next = 0

    def env(self, url: str) -> dict[str, str]:
        """Return the settings of a Ponte that talks to it at this address."""
        return {
            "PONTE_TIKTOK__BASE_URL": url,
            "PONTE_TIKTOK__CLIENT_KEY": CLIENT_KEY,
            "PONTE_TIKTOK__CLIENT_SECRET": APP_SECRET,
            "PONTE_TIKTOK__APP_ID": APP_ID,
            "PONTE_TIKTOK__APP_SECRET": APP_SECRET,
            "PONTE_TIKTOK__BUSINESS_ID": CONTA,
            "PONTE_TIKTOK__ACCESS_TOKEN": self.access,
            "PONTE_TIKTOK__REFRESH_TOKEN": self.refresh,
        }

    # ------------------------------------------------------------ what a platform adds

    def routes(self) -> Sequence[Route]:
        message = f"{API}/business/message"
        return (
            Route(f"{message}/send/", self._send_call, methods=["POST"]),
            Route(f"{message}/conversation/list/", self._conversations_call),
            Route(f"{message}/content/list/", self._contents_call),
            Route(f"{message}/media/upload/", self._upload_call, methods=["POST"]),
            Route(f"{message}/media/download/", self._download_call, methods=["POST"]),
            Route("/_media/{media_id}", self._media_call),
            Route(f"{API}/tt_user/oauth2/refresh_token/", self._renew_call, methods=["POST"]),
            Route("/v2/oauth/token/", self._grant_call, methods=["POST"]),
            *self.videos.routes(),
        )

    def error(self, modo: str, defeito: Defeito) -> Response:
        wait = {"Retry-After": str(max(1, round(defeito.segundos)))}
        if self.chamadas[-1].startswith(("video", "creator")):
            code = {"429": "rate_limit_exceeded", "token": "access_token_invalid"}.get(modo)
            status = {"429": 429, "token": 401}.get(modo, 500)
            return failed(code or "internal_error", status, headers=wait if modo == "429" else None)
        if modo == "429":
            return answer(40100, "Requests made too frequently.", status=429, headers=wait)
        if modo == "token":
            return answer(40105, "Access token is incorrect or has been revoked.")
        return answer(50000, "System error.", status=500)

    def headers(self, corpo: bytes) -> Mapping[str, str]:
        t = str(int(self._now()))
        signed = hmac.new(APP_SECRET.encode(), t.encode() + b"." + corpo, hashlib.sha256)
        return {"TikTok-Signature": f"t={t},s={signed.hexdigest()}"}

    # ------------------------------------------------------------ customers

    async def write(self, nome: str, texto: str, *, responde_a: str | None = None) -> str:
        """Let a customer write; return the message's id."""
        part: dict[str, Any] = {"type": "text", "text": {"body": texto}}
        if responde_a is not None:
            part["referenced_message_info"] = {"referenced_message_id": responde_a}
        return await self._from_customer(nome, part)

    async def press(self, nome: str, titulo: str) -> str:
        """Let a customer press a button: its words arrive as a text."""
        return await self.write(nome, titulo)

    async def send_image(self, nome: str, media_id: str = "vSIMULADORimagem") -> str:
        """Let a customer send a picture."""
        return await self._from_customer(nome, {"type": "image", "image": {"media_id": media_id}})

    async def share(self, nome: str, post_id: str) -> str:
        """Let a customer share a post."""
        url = f"https://www.tiktok.com/player/v1/{post_id}"
        part = {"type": "share_post", "share_post": {"video_id": post_id, "embed_url": url}}
        return await self._from_customer(nome, part)

    async def read(self, nome: str) -> None:
        """Let a customer read all that was written."""
        conversa = self._conversa(nome)
        content = {**self._people(conversa, own=False), "timestamp": self._ms()}
        content["read"] = {"last_read_timestamp": self._ms()}
        await self._tell("im_mark_read_msg", content)

    async def remove_authorization(self, reason: int = 1) -> None:
        """Let the shop's account take its leave back."""
        self.access = self.refresh = ""
        await self._tell("authorization.removed", {"reason": reason})

    def conversa_de(self, nome: str) -> str:
        """Return the id of a customer's conversation."""
        return self._conversa(nome).id

    async def _from_customer(self, nome: str, part: Mapping[str, Any]) -> str:
        conversa = self._conversa(nome)
        conversa.escreveu_ms, conversa.enviadas = self._ms(), 0
        content = self._message(conversa, part, own=False)
        await self._tell("im_receive_msg", content)
        return str(content["message_id"])

    def _conversa(self, nome: str) -> Conversa:
        digest = hashlib.sha256(nome.encode()).hexdigest()[:12]
        found = self.conversas.get(f"a1+{digest}==")
        if found is None:
            found = Conversa(f"a1+{digest}==", f"+{digest}/01", nome)
            self.conversas[found.id] = found
        return found

    def _message(self, conversa: Conversa, part: Mapping[str, Any], *, own: bool) -> dict[str, Any]:
        self._next += 1
        content = {
            **self._people(conversa, own=own),
            "conversation_id": conversa.id,
            "message_id": f"u1SIM{self._next:06d}==",
            "timestamp": self._ms(),
            **part,
        }
        conversa.mensagens.append(content)
        del conversa.mensagens[:-LISTED]
        return content

    def _people(self, conversa: Conversa, *, own: bool) -> dict[str, Any]:
        shop = {"id": CONTA, "role": "business_account"}
        person = {"id": conversa.pessoa, "role": "personal_account"}
        return {
            "from": "loja" if own else conversa.nome,
            "to": conversa.nome if own else "loja",
            "unique_identifier": CONTA if own else conversa.pessoa,
            "from_user": shop if own else person,
            "to_user": person if own else shop,
            "conversation_id": conversa.id,
        }

    async def _tell(self, event: str, content: Mapping[str, Any]) -> None:
        await self.post(self.body(event, content), onde=event)

    def body(self, event: str, content: Mapping[str, Any], *, conta: str = CONTA) -> bytes:
        """Return a webhook's body."""
        body = {
            "client_key": APP_ID,
            "event": event,
            "create_time": int(self._now()),
            "user_openid": conta,
            "content": json.dumps(content, ensure_ascii=False),
        }
        return json.dumps(body, ensure_ascii=False).encode()

    def _ms(self) -> int:
        return int(self._now() * 1000)

    # ------------------------------------------------------------ the API

    async def _send_call(self, request: Request) -> Response:
        return await self.faulty("send", lambda: self._send(request))

    async def _conversations_call(self, request: Request) -> Response:
        return await self.faulty("conversations", lambda: self._conversations(request))

    async def _contents_call(self, request: Request) -> Response:
        return await self.faulty("contents", lambda: self._contents(request))

    async def _renew_call(self, request: Request) -> Response:
        return await self.faulty("renew", lambda: self._renew(request))

    async def _grant_call(self, request: Request) -> Response:
        return await self.faulty("grant", lambda: self._grant(request))

    async def _upload_call(self, request: Request) -> Response:
        return await self.faulty("media_upload", lambda: self._upload(request))

    async def _download_call(self, request: Request) -> Response:
        return await self.faulty("media_download", lambda: self._download(request))

    async def _media_call(self, request: Request) -> Response:
        return await self.faulty("media", lambda: self._media(request))

    def _refusal(self, request: Request) -> Response | None:
        token = request.headers.get("access-token", "")
        if not token or token.startswith("Bearer"):
            return answer(40105, "Access token is incorrect or has been revoked.")
        if token != self.access or self._now() >= self._until:
            return answer(40102, "Access token expired.")
        return None

    async def _send(self, request: Request) -> Response:
        refused = self._refusal(request)
        if refused is not None:
            return refused
        body = json.loads(await request.body())
        conversa = self.conversas.get(body.get("recipient"))
        if body.get("business_id") != CONTA or conversa is None:
            return answer(40002, "Param recipient is invalid.")
        tipo = body.get("message_type")
        if tipo == "SENDER_ACTION":
            self.mensagens.append(body)
            return answer(data={"message": {"message_id": ""}})
        carried = part(tipo, body, self.midias)
        if carried is None:
            return answer(40002, f"Param {str(tipo).lower()} is invalid.")
        over = self._ms() - conversa.escreveu_ms > WINDOW_MS or conversa.enviadas >= PER_WINDOW
        if over:
            return answer(40002, "The message limit of this conversation is reached.")
        conversa.enviadas += 1
        conversa.respondida = True
        content = self._message(conversa, carried, own=True)
        content["message_tag"] = {"source": "API"}
        self.mensagens.append({**body, "message_id": content["message_id"]})
        await self._tell("im_send_msg", content)  # the echo comes before the answer
        return answer(data={"message": {"message_id": content["message_id"]}})

    async def _upload(self, request: Request) -> Response:
        refused = self._refusal(request)
        if refused is not None:
            return refused
        found = picture(await request.body())
        if found is None:
            return answer(40002, "Param file is invalid.")
        media_id = f"vSIM{len(self.midias) + 1}"
        self.midias[media_id] = found
        return answer(data={"media_id": media_id})

    async def _download(self, request: Request) -> Response:
        refused = self._refusal(request)
        body = json.loads(await request.body())
        conversa = self.conversas.get(body.get("conversation_id"))
        if refused is not None or conversa is None or body.get("media_id") not in self.midias:
            return refused or answer(40002, "Param media_id is invalid.")
        here = f"{request.url.scheme}://{request.url.netloc}/_media/{body['media_id']}"
        return answer(data={"download_url": here})

    async def _media(self, request: Request) -> Response:
        found = self.midias.get(request.path_params["media_id"])
        if found is None or request.headers.get("x-user") != self.access:
            return Response(status_code=403)
        return Response(found, media_type="image/png")

    async def _conversations(self, request: Request) -> Response:
        refused = self._refusal(request)
        if refused is not None:
            return refused
        answered = request.query_params.get("conversation_type") == "SINGLE"
        found = [
            {"conversation_id": c.id, "update_time": c.mensagens[-1]["timestamp"], "referral": {}}
            for c in self.conversas.values()
            if c.respondida is answered and c.mensagens
        ]
        at, limit = (
            int(request.query_params.get(k, v)) for k, v in (("cursor", 0), ("limit", 100))
        )
        page = found[at : at + limit]
        more = at + len(page) < len(found)
        return answer(data={"conversations": page, "has_more": more, "cursor": at + len(page)})

    async def _contents(self, request: Request) -> Response:
        refused = self._refusal(request)
        if refused is not None:
            return refused
        conversa = self.conversas.get(request.query_params.get("conversation_id", ""))
        if conversa is None:
            return answer(40002, "Param conversation_id is invalid.")
        newest = reversed(conversa.mensagens[-LISTED:])
        return answer(data={"messages": [listed(message) for message in newest]})

    async def _renew(self, request: Request) -> Response:
        body = json.loads(await request.body())
        known = (body.get("client_id"), body.get("client_secret")) == (APP_ID, APP_SECRET)
        if not known or not self.refresh or body.get("refresh_token") != self.refresh:
            return answer(40105, "Refresh token is incorrect or has been revoked.")
        self.renovacoes += 1
        self.access = f"act.SIMULADOR{self.renovacoes}"
        self.refresh = f"rft.SIMULADOR{self.renovacoes}"
        self._until = self._now() + self.validade_s
        return answer(
            data={
                "access_token": self.access,
                "expires_in": self.validade_s,
                "open_id": CONTA,
                "refresh_token": self.refresh,
                "refresh_token_expires_in": 365 * 86_400,
                "scope": "message.list.read,message.list.send,message.list.manage",
                "token_type": "Bearer",
            }
        )

    async def _grant(self, request: Request) -> Response:
        """Renew a session of the other app, whose answer has no envelope."""
        form = dict(parse_qsl((await request.body()).decode()))
        known = (form.get("client_key"), form.get("client_secret")) == (CLIENT_KEY, APP_SECRET)
        if not known or form.get("refresh_token") != self.refresh_de_videos:
            error = {"error": "invalid_grant", "error_description": "Refresh token is invalid."}
            return JSONResponse({**error, "log_id": "SIMULADOR"}, 400)
        self.renovacoes += 1
        self.refresh_de_videos = f"rft.VIDEOS{self.renovacoes}"
        self.videos.access = f"act.VIDEOS{self.renovacoes}"
        self.videos.until_s = self._now() + self.validade_s
        return JSONResponse(
            {
                "access_token": self.videos.access,
                "expires_in": self.validade_s,
                "open_id": CONTA,
                "refresh_expires_in": 365 * 86_400,
                "refresh_token": self.refresh_de_videos,
                "scope": "user.info.basic,video.publish",
                "token_type": "Bearer",
            }
        )


def main() -> None:
    """Serve from the command line."""
    by_hand(
        lambda webhook_url: SimuladorTiktok(webhook_url=webhook_url),
        description="A local stand-in of TikTok's direct messages",
        port=8085,
    )


if __name__ == "__main__":
    main()
