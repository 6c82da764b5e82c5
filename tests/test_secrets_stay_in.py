"""No secret of any connector comes out: a canary in each, and every place that could show one.

The secrets are those that the manifests declare, so a connector that is added is covered. The
outside takes what comes, refuses the key and quotes it, or is not there.
"""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from pydantic import BaseModel, ValidationError

from ponte import logs
from ponte.canais.recuperar import Recuperador
from ponte.canais.sessoes import renew_due
from ponte.canais.sonda import probe_hubs
from ponte.connectors import CONNECTORS
from ponte.context import Ligado
from ponte.domain.mensagem import Canal, Mensagem, TipoMensagem
from ponte.errors import ConfiguracaoInvalida, PonteError
from ponte.runtime import build
from ponte.runtime.otel import OtelRastreador
from ponte.testing import Embedded, embedded
from tests.cli.terminal import new_terminal
from tests.connectors.lent import ESTOQUE_BAIXO, HERE, connector_named
from tests.espera import until
from tests.resilience.odd_server import OddServer, odd_server

# Apprise loads all its services with the first URL, and one wants this on Python 3.11.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")

MARK = "canario"  # how each canary begins; nothing else in the test has it
DEAD = "http://127.0.0.1:9"  # discard: nobody listens
# The shapes in which a secret is given; the first that its settings take is its own.
SHAPES = ("{canary}", "123456789:{canary}", "{url}/{canary}")
# What a connector needs besides its secrets, where it has no fixture of its settings.
PLAIN = {"rappi": {"client_id": "loja", "base_url": "{url}", "base_url_new": "{url}"}}
ANY_TEXT = {"apprise", "discord", "slack", "webhook"}  # nothing but addresses, looked at later
PARA = {
    "whatsapp": "+5511999990001", "telegram": "700000001", "tiktok": "conversa-1",
}  # fmt: skip
PAGES = (
    "/hub/health", "/hub/metrics", "/hub/circuit-breaker/status", "/falhas", "/alerts", "/messages",
    "/eventos?limite=200", "/metrics", "/openapi.json", "/asyncapi.json", "/health/ready",
    "/console", "/console/canais", "/console/falhas", "/hub/whatsapp/instancias",
    "/hub/tiktok/sessoes", "/auditoria",
)  # fmt: skip


@dataclass
class Loud(OddServer):
    """An outside that quotes whatever it was sent, as some platforms do with a bad token."""

    async def do_taken(self, writer: asyncio.StreamWriter) -> None:
        self.answer(writer, b'{"ok": true, "code": 0, "data": {}, "result": {}, "messages": []}')

    async def do_refused(self, writer: asyncio.StreamWriter) -> None:
        quoted = re.sub(r"[\r\n\"\\]", " ", self.requests[-1].decode("latin-1"))
        error = {"message": f"Malformed access token: {quoted}", "code": 190}
        body = json.dumps({"error": error, "ok": False, "code": 40105, "message": quoted})
        self.answer(writer, body.encode(), status="401 Unauthorized")


def secret_fields(model: type[BaseModel]) -> list[str]:
    return [n for n, info in model.model_fields.items() if "SecretStr" in repr(info.annotation)]


def canary(conector: str, campo: str) -> str:
    return f"{MARK}-{conector}-{campo}-q4x9k2v7"


def values(conector: str, url: str) -> dict[str, str]:
    """Return settings that switch a connector on, every secret of it a canary of its own.

    A secret stands as its fixture has it; where none does, in the first shape that is taken.
    """
    path = HERE / conector / "fixtures" / "settings.json"
    raw = json.loads(path.read_text()) if path.exists() else PLAIN.get(conector, {})
    model = connector_named(conector).settings
    secrets = secret_fields(model)
    words = {"url": url, "apprise_url": url.replace("http", "json")}
    found = {campo: _filled(valor, words) for campo, valor in raw.items() if campo not in secrets}
    for campo in secrets:
        known = {**words, "canary": canary(conector, campo)}
        shapes = (_text(raw[campo]),) if campo in raw else SHAPES
        given = [_filled(shape, known) for shape in shapes]
        found[campo] = next(g for g in given if _taken(model, {**found, campo: g}, campo))
    return found


def _text(valor: object) -> str:
    return ",".join(map(str, valor)) if isinstance(valor, list) else str(valor)


def _filled(valor: object, words: Mapping[str, str]) -> str:
    texto = _text(valor)
    for word, stands_for in words.items():
        texto = texto.replace(f"{{{word}}}", stands_for)
    return texto


def _taken(model: type[BaseModel], given: Mapping[str, str], campo: str) -> bool:
    try:
        model.model_validate(dict(given))
    except ValidationError as error:
        return all(e["loc"][:1] != (campo,) for e in error.errors())
    return True


def environment(url: str) -> dict[str, str]:
    return {
        f"PONTE_{conector.upper()}__{campo.upper()}": valor
        for conector in CONNECTORS
        for campo, valor in values(conector, url).items()
    }


@dataclass
class Sinks:
    """All that somebody may read, by where it was read."""

    read: dict[str, str] = field(default_factory=dict)

    def add(self, onde: str, texto: object) -> None:
        self.read[onde] = f"{self.read.get(onde, '')}\n{texto}"

    def leaks(self) -> list[str]:
        return [
            f"{onde}: …{texto[max(0, at.start() - 60) : at.end() + 40]!r}"
            for onde, texto in self.read.items()
            for at in re.finditer(MARK, texto)
        ]

    async def tried(self, onde: str, call: Awaitable[Any]) -> None:
        """Make a call; what it says, and what it refuses, are things to read."""
        try:
            self.add(onde, repr(await call))
        except (PonteError, ValueError) as error:
            self.add(onde, f"{error!r} {error} {error.__cause__!r}")


async def drive(ponte: Embedded, sinks: Sinks) -> None:
    """Make every call that a connector makes, and everything that brings one about."""
    ctx = ponte.ctx
    for nome, ligado in ctx.ligados.items():
        for porta, call in _calls(ligado):
            await sinks.tried(f"{nome}.{porta}", call())
        for headers in ({}, {"x-hub-signature-256": "sha256=00", "authorization": "Bearer 0"}):
            answer = await ponte.http.post(f"/webhooks/{nome}", content=b"{}", headers=headers)
            sinks.add("webhooks", answer.text)
        answer = await ponte.http.get(f"/webhooks/{nome}?hub.mode=subscribe&hub.verify_token=x")
        sinks.add("webhooks", answer.text)
        sinks.add("repr", f"{ligado!r} {ligado.settings!r} {ligado.settings}")
    filas = {f"alertas.{nome}" for nome in ctx.sinks()}
    for canal in Canal:
        corpo = {"tipo": "texto", "canal": canal, "conteudo": "oi", "destinatario": "42"}
        corpo["destinatario"] = PARA.get(canal, "42")
        answer = await ponte.http.post("/messages", json=corpo)
        sinks.add("messages", answer.text)
        if answer.status_code < 300 and canal is not Canal.INTERNO:
            filas.add(f"mensagens.{canal.value}")
    sessao = {"nome": "loja", "tipo": "oauth", "expires_in": 1, "refresh_expires_in": 900} | {
        campo: canary("sessao", campo) for campo in ("access_token", "refresh_token")
    }
    answer = await ponte.http.post("/hub/tiktok/sessoes", json=sessao)
    sinks.add("sessoes", f"{answer.text} {answer.status_code}")
    assert answer.status_code < 300, answer.text
    alerta = {"nome": "prova", "severidade": "critico", "titulo": "Prova", "texto": "Uma prova"}
    sinks.add("alerts", (await ponte.http.post("/alerts", json=alerta)).text)

    async def tried() -> bool:
        told = ctx.telemetry.exposition().decode()
        return all(f'fila="{fila}"' in told for fila in filas)

    await until(tried)
    await probe_hubs(ctx)
    await renew_due(ctx)
    await Recuperador(ctx.now_ms()).run(ctx)


def _calls(ligado: Ligado) -> Iterator[tuple[str, Callable[[], Awaitable[Any]]]]:
    if ligado.probe is not None:
        yield "probe", ligado.probe
    if ligado.alerts is not None:
        alerts = ligado.alerts
        yield "alerts", lambda: alerts.deliver(ESTOQUE_BAIXO)
    if ligado.channel is not None:
        para = PARA.get(ligado.canal, "42")
        said = Mensagem(
            TipoMensagem.TEXTO, Canal(ligado.canal), para, "oi", id="0", conversa_id="0"
        )
        channel = ligado.channel
        yield "send", lambda: channel.send(said)
    if ligado.orders is not None:
        yield "orders", ligado.orders.pull
    if ligado.pairing is not None:
        yield "pairing", ligado.pairing.instances
    if ligado.renewal is not None:
        renewal = ligado.renewal
        yield "renewal", lambda: renewal.renew(canary("sessao", "refresh"), superficie="videos")


async def look(ponte: Embedded, sinks: Sinks) -> None:
    """Read all that this Ponte shows."""
    for page in PAGES:
        sinks.add(page, (await ponte.http.get(page)).text)
    sinks.add("metrics", ponte.ctx.telemetry.exposition().decode())


def stored(data_dir: Path) -> str:
    """Return the bytes of all that lies in the data folder, the log of the database included."""
    return "\n".join(
        path.read_bytes().decode("latin-1") for path in data_dir.rglob("*") if path.is_file()
    )


@pytest.mark.parametrize(
    ("outside", "form"), [("taken", "console"), ("refused", "json"), ("dead", "console")]
)
async def test_no_secret_of_a_connector_is_shown_or_stored(
    data_dir: Path, outside: str, form: Literal["console", "json"]
) -> None:
    spoken: list[str] = []
    logs.configure(level="debug", form=form)
    sinks, spans = Sinks(), InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(spans))

    with logs.tee(spoken.append):
        await _look_everywhere(data_dir, sinks, OtelRastreador(provider), outside=outside)
    sinks.add("logs", "\n".join(map(str, spoken)))
    sinks.add("spans", "\n".join(span.to_json() for span in spans.get_finished_spans()))

    assert {"logs", "spans", "disk", "facts", "metrics"} <= sinks.read.keys()
    assert sinks.leaks() == []


async def _look_everywhere(
    data_dir: Path, sinks: Sinks, rastreador: OtelRastreador, *, outside: str
) -> None:
    async with odd_server(Loud()) as server:
        server.otherwise = outside
        env = environment(DEAD if outside == "dead" else server.url)
        async with embedded(data_dir, env=env, rastreador=rastreador) as ponte:
            assert set(ponte.ctx.ligados) == set(CONNECTORS)
            # The same facts go to sockets, and in this envelope to the stream.
            ponte.ctx.hub.hear(lambda fatos: sinks.add("facts", [f.envelope() for f in fatos]))
            await drive(ponte, sinks)
            await look(ponte, sinks)
            sinks.add("disk", stored(data_dir))
    # What was sent is proof that the canaries were at hand.
    sent = b"".join(server.requests).decode("latin-1")
    assert outside == "dead" or len(set(re.findall(rf"{MARK}-[a-z_]+", sent))) >= 5


@pytest.mark.parametrize("conector", sorted(CONNECTORS))
def test_a_setting_that_is_wrong_is_named_and_no_secret_with_it(conector: str) -> None:
    connector = connector_named(conector)
    given = values(conector, DEAD)
    refused: list[str] = []
    for campo in connector.settings.model_fields:
        # A token that was pasted beside its own variable is a secret still.
        for wrong in (f"\x00{canary(conector, campo)} ://", f"{given.get(campo, '')},\n"):
            try:
                build._connector_settings(connector, {**given, campo: wrong})
            except ConfiguracaoInvalida as error:
                refused.append(f"{error!r} {error} {error.__cause__} {error.__cause__!r}")

    assert refused or conector in ANY_TEXT
    assert [told for told in refused if MARK in told] == []


def test_the_command_line_names_settings_and_shows_no_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = new_terminal(tmp_path, monkeypatch)
    for name, value in environment(DEAD).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PONTE_TELEGRAM__BOT_TOKENN", canary("telegram", "typo"))
    terminal.ok("migrate")

    said = [terminal.run(*args) for args in (["doctor"], ["doctor", "--json"], ["canais", "list"])]

    assert "PONTE_TELEGRAM__BOT_TOKENN" in said[0].out
    assert [s for s in said if MARK in s.out + s.err] == []
