"""Instagram: a local stand-in of one account, with people who write, react and tell stories.

Its token lives 60 days and is renewed once it is a day old. Run it:
`python -m ponte.simulators.instagram --port 8087 --webhook-url
http://127.0.0.1:8000/webhooks/instagram`.
"""

from functools import partial

from ponte.simulators.meta_mensageiro import Rede, SimuladorMensageiro
from ponte.simulators.meta_regras import Medidas
from ponte.simulators.plataforma import by_hand

INSTAGRAM = Rede(
    nome="instagram",
    objeto="instagram",
    conta="17841400000000001",
    token="IGAASIMULADOR",  # noqa: S106 - opens nothing but this stand-in
    medidas=Medidas(1000, lambda texto: len(texto.encode())),
    fora_da_janela=2534022,
    marcas=False,
    renova=True,
    perfil=lambda pessoa: {"name": f"Cliente {pessoa[-4:]}", "username": f"cliente{pessoa[-4:]}"},
)

SimuladorInstagram = partial(SimuladorMensageiro, INSTAGRAM)


def main() -> None:
    """Serve from the command line."""
    by_hand(
        lambda webhook_url: SimuladorInstagram(webhook_url=webhook_url),
        description="A local stand-in of Instagram's messages",
        port=8087,
    )


if __name__ == "__main__":
    main()
