"""One run from opening stock to verdict: buy, kill, settle, drain, judge."""

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from tests.crash.client import Client
from tests.crash.journal import Journal
from tests.crash.killer import API_KEY, Server, Violence, kill_at_random
from tests.crash.plan import Profile, opening
from tests.crash.reconcile import judge
from tests.crash.verdict import Verdict
from tests.crash.wire import Wire

# How long the client goes on asking after the last kill, and how long a backlog may take.
SETTLE_WITHIN_S = 30.0
DRAIN_WITHIN_S = 30.0


class NotOpened(Exception):
    """The opening stock was refused, so no run can be judged."""


def open_shop(wire: Wire) -> None:
    for produto, quantidade in opening().items():
        answer = wire.call(
            "PUT",
            f"/estoque/{produto}",
            body={
                "quantidade": quantidade,
                "motivo": "abertura",
                "nome": f"Produto {produto}",
                "preco": "10.00",
            },
        )
        if not answer.ok:
            raise NotOpened(f"PUT {produto}: {answer.status} {answer.body}")


def run(
    server: Server,
    violence: Violence,
    *,
    profile: Profile,
    drain_within_s: float = DRAIN_WITHIN_S,
    unrest: AbstractContextManager[object] | None = None,
) -> Verdict:
    """Run the whole story against a server that is started here; it is left running.

    Args:
        server: What is killed.
        violence: How often.
        profile: What is bought meanwhile.
        drain_within_s: How long the backlog may take at the end.
        unrest: What else goes wrong meanwhile; mended when it is left.
    """
    server.start()
    with Wire(server.porta, API_KEY) as wire:
        open_shop(wire)
    journal = Journal(journal_path(server))
    client = Client(server.portas, chave_api=API_KEY, journal=journal, profile=profile)
    client.start()
    try:
        with unrest or nullcontext():
            kill_at_random(server, violence)
        server.wait_ready()
    finally:
        client.finish(SETTLE_WITHIN_S)
        journal.close()
    return settle(server, drain_within_s)


def settle(server: Server, drain_within_s: float = DRAIN_WITHIN_S) -> Verdict:
    """Judge what the journal beside the server's data tells; the server must be ready."""
    with Wire(server.porta, API_KEY) as wire:
        verdict = judge(
            journal_path(server), wire, opening=opening(), drain_within_s=drain_within_s
        )
    verdict.kills = server.kills
    verdict.recovery_s = list(server.recovery_s)
    return verdict


def journal_path(server: Server) -> Path:
    return server.data_dir.parent / "diario.jsonl"
