"""Where the command line looks for the Ponte of this machine."""

import socket

import pytest

from ponte.cli.acesso import default_url
from ponte.settings import Settings
from tests.cli.terminal import Terminal


def _has_ipv6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8000"),
        ("localhost", "http://localhost:8000"),
        ("::1", "http://[::1]:8000"),
        ("[::1]", "http://[::1]:8000"),
        ("0.0.0.0", "http://127.0.0.1:8000"),  # noqa: S104 - asked, not bound
        ("::", "http://[::1]:8000"),
        ("fd00::7", "http://[fd00::7]:8000"),
    ],
)
def test_a_host_to_listen_on_becomes_an_address_to_ask(host: str, url: str) -> None:
    assert default_url(Settings(host=host, port=8000, _env_file=None)) == url


@pytest.mark.parametrize(
    "host",
    [
        pytest.param(
            "::1", marks=pytest.mark.skipif(not _has_ipv6(), reason="no IPv6 on this machine")
        ),
        "0.0.0.0",  # noqa: S104 - behind a declared proxy
    ],
)
def test_a_ponte_on_any_host_is_found_by_its_own_commands(host: str, loja: Terminal) -> None:
    loja.banco.chmod(0o600)  # made by a command of this process, under its umask
    for nome, valor in (("HOST", host), ("TRUSTED_PROXIES", "127.0.0.1")):
        loja.patch.setenv(f"PONTE_{nome}", valor)
        loja.env[f"PONTE_{nome}"] = valor
    with loja.running("up"):
        loja.wait_text("up", "concluído")
        status = loja.ok("status", "--json").json
        exames = {e["nome"]: e for e in loja.run("doctor", "--json").json["exames"]}

    assert (status["rodando"], status["pronto"]) == (True, True)
    assert "Ponte responde" in exames["porta"]["texto"]
