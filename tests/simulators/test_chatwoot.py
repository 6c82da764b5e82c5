"""The stand-in of Chatwoot by hand: an agent answers, and resolves."""

import httpx2

from ponte.simulators.chatwoot import SimuladorChatwoot
from ponte.simulators.chatwoot_mundo import INBOX


async def test_an_agent_answers_and_resolves_by_hand() -> None:
    simulador = SimuladorChatwoot()
    made = simulador.mundo.make_contact({"name": "Ana"})["payload"]
    whose = {"inbox_id": INBOX, "contact_id": made["contact"]["id"], "status": "pending"}
    talk = int(simulador.mundo.open(whose)["id"])
    transport = httpx2.ASGITransport(simulador.app)

    async with httpx2.AsyncClient(transport=transport, base_url="http://chatwoot") as client:
        said = await client.post(
            "/_simulador/responder", json={"conversa": talk, "texto": "Olá, sou a Bia."}
        )
        changed = await client.post(
            "/_simulador/mudar", json={"conversa": talk, "status": "resolved"}
        )
        unknown = await client.post(
            "/_simulador/responder", json={"conversa": talk + 99, "texto": "oi"}
        )

    assert (said.status_code, changed.status_code, unknown.status_code) == (200, 204, 404)
    assert simulador.mundo.talk(talk)["status"] == "resolved"
    written = simulador.mundo.messages(talk)[-1]
    assert (written["id"], written["content"]) == (said.json()["id"], "Olá, sou a Bia.")
