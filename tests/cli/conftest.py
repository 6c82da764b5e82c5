"""A terminal for each test, and a shop to look at."""

import shutil
from pathlib import Path

import pytest

from tests.cli.terminal import Terminal, new_terminal


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    return new_terminal(tmp_path, monkeypatch)


@pytest.fixture(scope="session")
def loja_feita(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Data with two products and an order that waits, made once by the commands themselves."""
    with pytest.MonkeyPatch.context() as patch:
        terminal = new_terminal(tmp_path_factory.mktemp("loja"), patch)
        terminal.ok("migrate")
        csv = terminal.folder / "produtos.csv"
        csv.write_text(
            "produto_id;nome;preco;quantidade;minimo\n"
            "ARROZ-5KG;Arroz 5 kg;25,90;40;5\nCAFE-500G;Café 500 g;18,90;3;5\n"
        )
        terminal.ok("estoque", "import", str(csv), "-y")
        terminal.ok("pedidos", "create", "ARROZ-5KG=2", "--externo", "A-1")
        return terminal.dados


@pytest.fixture
def loja(terminal: Terminal, loja_feita: Path) -> Terminal:
    """A terminal whose data hold two products and an order that waits."""
    shutil.copytree(loja_feita, terminal.dados)
    return terminal
