"""Mensageiro: a local stand-in of Instagram or Messenger for one account, with people who write.

The two speak one protocol and differ in a few words, which a `Rede` holds. It refuses what
Meta refuses: a wrong or dead token, words outside a person's 24 hours, lengths, people who
never wrote. What was sent is told back as an echo, and by Messenger as delivered.
"""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ponte.simulators import meta
from ponte.simulators.comportamento import Defeito
from ponte.simulators.meta_regras import Medidas, malformed
from ponte.simulators.plataforma import Caos, Plataforma

APP_ID = 600000000000001
OUTRO_APP = 600000000000002
WINDOW_S = 24 * 3600  # documented: after the person's last message
AGENT_S = 7 * 24 * 3600  # documented: for what a person writes, tagged HUMAN_AGENT
DAY_S = 24 * 3600  # documented: a token must be so old to be renewed
LONG_S = 60 * DAY_S  # documented: the life of a long-lived token
MEDIUM = b"\x89PNG\r\n\x1a\n"  # what every address of a medium gives


@dataclass(frozen=True, slots=True)
class Rede:
    """What tells one of the two platforms from the other.

    `marcas` says that receipts name an instant and not a message; `renova` that tokens end
    and are renewed.
    """

    nome: str
    objeto: str
    conta: str
    token: str
    medidas: Medidas
    fora_da_janela: int
    marcas: bool
    renova: bool
    perfil: Callable[[str], Mapping[str, str]]


class SimuladorMensageiro(Plataforma):
    """One account of one of the two platforms.

    `fora` are people who can't be reached; `alheios` those whose conversation another app
    owns (their messages come as `standby`); `uso` is the percentage that the usage header
    tells; `refuse` orders a refusal by its code.

    Args:
        rede: Which platform.
        webhook_url: Where its events go.
        caos: How often it misbehaves by itself.
        now: Epoch seconds.
    """

    def __init__(
        self,
        rede: Rede,
        *,
        webhook_url: str = "",
        caos: Caos | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(webhook_url=webhook_url, caos=caos)
        self.rede = rede
        self.token = rede.token
        self.fora: set[str] = set()
        self.alheios: set[str] = set()
        self.assinados: tuple[str, ...] = ()
        self.uso = 0
        self.recusas: list[tuple[int, int | None]] = []
        self.renovacoes = 0
        self.nascido_s = now() - 2 * DAY_S  # old enough to be renewed at once
        self.vive_s = LONG_S if rede.renova else math.inf
        self._wrote_s: dict[str, float] = {}
        self._private: set[str] = set()
        self._now = now
        self._next = 0

    def env(self, url: str) -> dict[str, str]:
        """Return the settings of a Ponte that talks to it at this address."""
        prefix = f"PONTE_{self.rede.nome.upper()}__"
        values = {
            "BASE_URL": url,
            "ACCESS_TOKEN": self.token,
            "PAGE_ID": self.rede.conta,
            "APP_SECRET": meta.APP_SECRET,
            "VERIFY_TOKEN": meta.VERIFY_TOKEN,
            **({"LOGIN": "instagram"} if self.rede.renova else {}),
        }
        return {prefix + name: value for name, value in values.items()}

    def refuse(self, code: int, subcode: int | None = None) -> None:
        """Order that the next sending is refused so."""
        self.recusas.append((code, subcode))

    # ------------------------------------------------------------ what a platform adds

    def routes(self) -> Sequence[Route]:
        return (
            Route("/refresh_access_token", self._renew_call),
            Route("/access_token", self._exchange_call),
            Route("/midia/{nome}", self._medium_call),
            Route("/{version}/{conta}/messages", self._send_call, methods=["POST"]),
            Route("/{version}/{conta}/subscribed_apps", self._apps_call, methods=["GET", "POST"]),
            Route("/{version}/{conta}", self._node_call),
        )

    def error(self, modo: str, defeito: Defeito) -> Response:
        return meta.fault(modo, defeito)

    def headers(self, corpo: bytes) -> Mapping[str, str]:
        return meta.signed(corpo)

    # ------------------------------------------------------------ people

    async def write(self, pessoa: str, texto: str, *, responde_a: str | None = None) -> str:
        """Let somebody write; return the message's id."""
        quoted = {"reply_to": {"mid": responde_a}} if responde_a else {}
        return await self._message(pessoa, {"text": texto, **quoted})

    async def send_media(self, pessoa: str, tipo: str = "image") -> str:
        """Let somebody send a picture, a voice note, a video or a file."""
        url = f"{self.url}/midia/{self._next}"
        return await self._message(pessoa, {"attachments": [_attachment(tipo, url=url)]})

    async def send_unknown(self, pessoa: str) -> str:
        """Let somebody send what the interface does not show."""
        return await self._message(pessoa, {"is_unsupported": True})

    async def answer_story(self, pessoa: str, texto: str, *, story: str = "1800000001") -> str:
        """Let somebody answer a story of the shop's."""
        place = {"url": f"{self.url}/midia/{story}", "id": story}
        return await self._message(pessoa, {"text": texto, "reply_to": {"story": place}})

    async def mention_in_story(self, pessoa: str) -> str:
        """Let somebody name the shop in a story."""
        anexo = _attachment("story_mention", url=f"{self.url}/midia/story")
        return await self._message(pessoa, {"attachments": [anexo]})

    async def press(self, pessoa: str, titulo: str, *, responde_a: str) -> str:
        """Let somebody choose a quick reply, or press a button of a template."""
        sent = next(x for x in self.mensagens if x["message_id"] == responde_a)["message"]
        for reply in sent.get("quick_replies", ()):
            if reply["title"] == titulo:
                chosen = {"quick_reply": {"payload": reply["payload"]}}
                return await self._message(pessoa, {"text": titulo, **chosen})
        for button in sent.get("attachment", {}).get("payload", {}).get("buttons", ()):
            if button["title"] == titulo:
                return await self.tap(pessoa, titulo, button["payload"])
        msg = f"no such option: {titulo}"
        raise ValueError(msg)

    async def tap(self, pessoa: str, titulo: str, payload: str) -> str:
        """Let somebody tap an ice breaker or the menu."""
        mid = self._id()
        self._wrote_s[pessoa] = self._now()
        await self._tell(pessoa, {"postback": {"mid": mid, "title": titulo, "payload": payload}})
        return mid

    async def react(self, pessoa: str, mid: str, emoji: str = "❤️") -> None:
        """Let somebody react to a message; an empty emoji takes it back."""
        what = {"action": "react", "reaction": "love", "emoji": emoji}
        what = what if emoji else {"action": "unreact"}
        await self._tell(pessoa, {"reaction": {"mid": mid, **what}})

    async def edit(self, pessoa: str, mid: str, texto: str) -> None:
        """Let somebody write a message anew."""
        await self._tell(pessoa, {"message_edit": {"mid": mid, "text": texto, "num_edit": 1}})

    async def delete(self, pessoa: str, mid: str) -> None:
        """Let somebody take a message back."""
        await self._tell(pessoa, {"message": {"mid": mid, "is_deleted": True}})

    async def read(self, pessoa: str, mid: str) -> None:
        """Let somebody read what the shop wrote, up to a message."""
        seen = {"watermark": self._ms()} if self.rede.marcas else {"mid": mid}
        await self._tell(pessoa, {"read": seen})

    async def refer(self, pessoa: str, ref: str) -> None:
        """Let somebody come by a link or an ad into a conversation that is there."""
        came = {"ref": ref, "source": "SHORTLINK", "type": "OPEN_THREAD"}
        await self._tell(pessoa, {"referral": came})

    async def comment(self, pessoa: str, texto: str, *, comment_id: str) -> None:
        """Let somebody comment in public."""
        author, own = {"id": pessoa, "username": "ana"}, {"id": comment_id, "text": texto}
        change = {"field": "comments", "value": {**own, "from": author, "media": {"id": "1"}}}
        if self.rede.marcas:
            said = {"item": "comment", "comment_id": comment_id, "message": texto}
            times = {"created_time": int(self._now()), "verb": "add", "post_id": "1"}
            change = {"field": "feed", "value": {**said, **times, "from": author}}
        await self._post({"changes": [change]}, onde="comment")

    async def hand_over(self, pessoa: str, *, de_volta: bool = False) -> None:
        """Let another app take the conversation over, or give it back."""
        (self.alheios.discard if de_volta else self.alheios.add)(pessoa)
        owner = APP_ID if de_volta else OUTRO_APP
        what = {"new_owner_app_id": str(owner), "metadata": ""}
        await self._tell(pessoa, {"pass_thread_control": what}, whoever_owns=True)

    async def write_by_hand(self, pessoa: str, texto: str) -> str:
        """Let the shop write in the platform's own application."""
        mid = self._id()
        await self._echo(pessoa, {"mid": mid, "text": texto})
        return mid

    async def subscribe(self) -> bool:
        """Ask Ponte for the proof, as Meta's dashboard does."""
        return await meta.subscribe(self.webhook_url)

    # ------------------------------------------------------------ telling

    async def _message(self, pessoa: str, parte: Mapping[str, Any]) -> str:
        mid = self._id()
        self._wrote_s[pessoa] = self._now()
        await self._tell(pessoa, {"message": {"mid": mid, **parte}})
        return mid

    async def _tell(
        self, pessoa: str, parte: Mapping[str, Any], *, whoever_owns: bool = False
    ) -> None:
        sides = {"sender": {"id": pessoa}, "recipient": {"id": self.rede.conta}}
        item = {**sides, "timestamp": self._ms(), **parte}
        where = "standby" if pessoa in self.alheios and not whoever_owns else "messaging"
        await self._post({where: [item]}, onde=next(iter(parte)))

    async def _echo(self, pessoa: str, message: Mapping[str, Any]) -> None:
        sides = {"sender": {"id": self.rede.conta}, "recipient": {"id": pessoa}}
        item = {**sides, "timestamp": self._ms(), "message": {**message, "is_echo": True}}
        await self._post({"messaging": [item]}, onde="echo")

    async def _post(self, parte: Mapping[str, Any], *, onde: str) -> None:
        entry = {"id": self.rede.conta, "time": self._ms(), **parte}
        await self.post(meta.dumps({"object": self.rede.objeto, "entry": [entry]}), onde=onde)

    async def _told_back(self, enviada: Mapping[str, Any], pessoa: str) -> None:
        message, mid = enviada["message"], enviada["message_id"]
        echo = {"mid": mid, "app_id": APP_ID}
        if "text" in message:
            echo["text"] = message["text"]
        if "attachment" in message:
            echo["attachments"] = [message["attachment"]]
        await self._echo(pessoa, echo)
        if self.rede.marcas:
            await self._tell(pessoa, {"delivery": {"mids": [mid], "watermark": self._ms()}})

    def _ms(self) -> int:
        return int(self._now() * 1000)

    def _id(self) -> str:
        self._next += 1
        return f"m_SIMULADOR{self._next:06d}"

    # ------------------------------------------------------------ the API

    async def _send_call(self, request: Request) -> Response:
        return await self.faulty("send", lambda: self._send(request))

    async def _node_call(self, request: Request) -> Response:
        return await self.faulty("node", lambda: self._node(request))

    async def _apps_call(self, request: Request) -> Response:
        return await self.faulty("apps", lambda: self._apps(request))

    async def _renew_call(self, request: Request) -> Response:
        return await self.faulty("renew", lambda: self._renew(request))

    async def _exchange_call(self, request: Request) -> Response:
        return await self.faulty("exchange", lambda: self._exchange(request))

    async def _medium_call(self, request: Request) -> Response:
        return await self.faulty("medium", lambda: self._medium(request))

    async def _medium(self, _request: Request) -> Response:
        return Response(MEDIUM, media_type="image/png")

    def _stranger(self, request: Request) -> Response | None:
        if meta.bearer(request) != self.token or self._now() > self.nascido_s + self.vive_s:
            return meta.graph_refusal(401, 190, "Invalid OAuth access token", subcode=463)
        known = request.path_params.get("conta", "me") in {"me", self.rede.conta}
        return None if known else meta.unknown_path()

    async def _send(self, request: Request) -> Response:
        corpo = await meta.body_of(request) or {}
        refused = self._stranger(request) or malformed(corpo, self.rede.medidas)
        if refused is not None:
            return refused
        if self.recusas:
            code, subcode = self.recusas.pop(0)
            return meta.graph_refusal(400, code, "Refused as ordered", subcode=subcode)
        pessoa = str(corpo["recipient"].get("id") or corpo["recipient"].get("comment_id"))
        refused = self._unwelcome(corpo, pessoa)
        if refused is not None:
            return refused
        answer = {"recipient_id": pessoa}
        if "sender_action" in corpo:
            self.mensagens.append({**corpo, "message_id": ""})
            return self._answer(answer)
        enviada = {**corpo, "message_id": self._id()}
        self.mensagens.append(enviada)
        task = BackgroundTask(self._told_back, enviada, pessoa)
        return self._answer({**answer, "message_id": enviada["message_id"]}, task)

    def _answer(self, corpo: Mapping[str, Any], task: BackgroundTask | None = None) -> Response:
        usage = {"call_count": self.uso, "total_time": 0, "total_cputime": 0}
        return JSONResponse(
            corpo, headers={"x-app-usage": meta.dumps(usage).decode()}, background=task
        )

    def _unwelcome(self, corpo: Mapping[str, Any], pessoa: str) -> Response | None:
        """Return why this person can't be written to now."""
        if "comment_id" in corpo["recipient"]:
            twice = pessoa in self._private
            self._private.add(pessoa)
            refused = meta.graph_refusal(400, 10, "Already answered in private", subcode=2018108)
            return refused if twice else None
        if pessoa in self.fora:
            absent = "This person isn't available right now"
            return meta.graph_refusal(400, 551, absent, subcode=1545041)
        wrote_s = self._wrote_s.get(pessoa)
        if wrote_s is None:
            return meta.graph_refusal(400, 100, "No matching user found", subcode=2018001)
        by_hand = corpo.get("tag") == "HUMAN_AGENT"
        if self._now() - wrote_s > (AGENT_S if by_hand else WINDOW_S):
            outside = "This message is sent outside of allowed window"
            return meta.graph_refusal(400, 10, outside, subcode=self.rede.fora_da_janela)
        return None

    async def _node(self, request: Request) -> Response:
        pessoa = request.path_params["conta"]
        if pessoa in self._wrote_s and meta.bearer(request) == self.token:
            return self._answer({**self.rede.perfil(pessoa), "id": pessoa})
        return self._stranger(request) or self._answer({"id": self.rede.conta})

    async def _apps(self, request: Request) -> Response:
        refused = self._stranger(request)
        if refused is not None:
            return refused
        if request.method == "GET":
            app = {"id": str(APP_ID), "subscribed_fields": list(self.assinados)}
            return self._answer({"data": [app] if self.assinados else []})
        self.assinados = tuple(request.query_params.get("subscribed_fields", "").split(","))
        return self._answer({"success": True})

    async def _renew(self, request: Request) -> Response:
        grant = request.query_params.get("grant_type")
        refused = self._stranger(request)
        if refused is not None or grant != "ig_refresh_token" or not self.rede.renova:
            return refused or meta.unknown_path()
        if self._now() - self.nascido_s < DAY_S:
            return meta.graph_refusal(400, 10, "Token must be at least 24 hours old")
        return self._grant()

    async def _exchange(self, request: Request) -> Response:
        """Trade a short-lived token for one of 60 days."""
        query = request.query_params
        refused = self._stranger(request)
        if refused is not None or query.get("grant_type") != "ig_exchange_token":
            return refused or meta.unknown_path()
        if query.get("client_secret") != meta.APP_SECRET:
            return meta.graph_refusal(400, 1, "Error validating client secret")
        return self._grant()

    def _grant(self) -> Response:
        self.renovacoes += 1
        self.token = f"{self.rede.token}{self.renovacoes}"
        self.nascido_s, self.vive_s = self._now(), LONG_S
        granted = {"access_token": self.token, "token_type": "bearer", "expires_in": LONG_S}
        return JSONResponse(granted)


def _attachment(tipo: str, *, url: str) -> dict[str, Any]:
    return {"type": tipo, "payload": {"url": url}}
