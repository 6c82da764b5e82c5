"""Facebook Messenger: a local stand-in of one page, with people who write.

Receipts name an instant, not a message; the page's token does not end. Run it:
`python -m ponte.simulators.facebook --port 8088 --webhook-url
http://127.0.0.1:8000/webhooks/facebook`.
"""

from functools import partial

from ponte.simulators.meta_mensageiro import Rede, SimuladorMensageiro
from ponte.simulators.meta_regras import Medidas
from ponte.simulators.plataforma import by_hand

FACEBOOK = Rede(
    nome="facebook",
    objeto="page",
    conta="300000000000001",
    token="EAASIMULADORPAGINA",  # noqa: S106 - opens nothing but this stand-in
    medidas=Medidas(2000, len),
    fora_da_janela=2018278,
    marcas=True,
    renova=False,
    perfil=lambda pessoa: {"first_name": "Cliente", "last_name": pessoa[-4:]},
)

SimuladorFacebook = partial(SimuladorMensageiro, FACEBOOK)


def main() -> None:
    """Serve from the command line."""
    by_hand(
        lambda webhook_url: SimuladorFacebook(webhook_url=webhook_url),
        description="A local stand-in of Messenger",
        port=8088,
    )


if __name__ == "__main__":
    main()
