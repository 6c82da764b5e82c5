"""The nouns, against the database of an installation that does not run."""

import json

import pytest

from tests.cli.terminal import Terminal


def test_an_order_is_created_shown_cancelled_and_its_numbers_agree(loja: Terminal) -> None:
    novo = loja.ok("pedidos", "create", "ARROZ-5KG=3@20.00", "--json").json

    numero = str(novo["numero"])
    cancelado = loja.ok("pedidos", "cancel", numero, "--motivo", "teste", "-y", "--json").json
    visto = loja.ok("pedidos", "show", numero, "--json").json

    assert (novo["status"], novo["total"]) == ("recebido", "60.00")
    assert (cancelado["status"], visto["status"]) == ("cancelado", "cancelado")
    assert [f["tipo"] for f in visto["linha_do_tempo"]] == ["pedido.recebido", "pedido.cancelado"]


def test_the_same_external_id_has_no_second_effect(loja: Terminal) -> None:
    again = loja.ok("pedidos", "create", "ARROZ-5KG=2", "--externo", "A-1", "--json").json

    page = loja.ok("pedidos", "list", "--json").json

    assert (page["total"], page["itens"][0]["id"]) == (1, again["id"])


def test_orders_are_listed_by_status_and_search(loja: Terminal) -> None:
    found = loja.ok("pedidos", "list", "--status", "recebido", "--busca", "A-1")
    none = loja.ok("pedidos", "list", "--status", "erro", "--json").json

    assert "recebido" in found.out
    assert found.out.startswith("NÚMERO")
    assert none == {"itens": [], "total": 0}


def test_an_order_comes_from_a_file_or_from_stdin(loja: Terminal) -> None:
    corpo = json.dumps({"itens": [{"produto_id": "ARROZ-5KG", "quantidade": 1}]})
    (loja.folder / "pedido.json").write_text(corpo)

    by_file = loja.ok("pedidos", "create", "--file", "pedido.json", "--json").json
    by_stdin = loja.run("pedidos", "create", "--file", "-", "--json", stdin=corpo.encode()).json

    assert by_file["total"] == by_stdin["total"] == "25.90"


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        (("ARROZ-5KG=x",), 2, "SKU=QUANTIDADE"),
        ((), 2, "Faltam os itens"),
        (("NADA=1",), 1, "o produto NADA não existe"),
        (("--file", "nenhum.json"), 2, "não pode ser lido"),
        (("ARROZ-5KG=1", "--file", "x"), 2, "não os dois"),
    ],
)
def test_a_wrong_order_is_refused_in_one_sentence(
    args: tuple[str, ...], code: int, words: str, loja: Terminal
) -> None:
    said = loja.run("pedidos", "create", *args)

    assert (said.code, said.out, words in said.err) == (code, "", True), said.err
    assert len(said.err.splitlines()) <= 2


def test_an_order_that_waits_is_not_tried_again(loja: Terminal) -> None:
    said = loja.run("pedidos", "reprocess", "A-1")
    nobody = loja.run("pedidos", "show", "NADA")

    assert (said.code, "só sem_estoque e erro" in said.err) == (1, True)
    assert (nobody.code, "NADA não encontrado" in nobody.err) == (1, True)


def test_the_hint_of_an_order_tells_that_nobody_works(loja: Terminal) -> None:
    said = loja.ok("pedidos", "create", "ARROZ-5KG=1")

    assert "espera na fila" in said.err


# ---------------------------------------------------------------- estoque


def test_low_stock_is_marked(loja: Terminal) -> None:
    said = loja.ok("estoque", "list")
    low = loja.ok("estoque", "list", "--baixo", "--json").json

    marked = [line.split()[0] for line in said.out.splitlines() if "BAIXO" in line]

    assert marked == ["CAFE-500G"]
    assert [i["produto_id"] for i in low["itens"]] == ["CAFE-500G"]


def test_stock_is_counted_and_adjusted(loja: Terminal) -> None:
    contado = loja.ok("estoque", "set", "CAFE-500G", "20", "--motivo", "contagem", "--json").json
    mais = loja.ok("estoque", "adjust", "CAFE-500G", "+5", "--motivo", "chegou", "--json").json
    menos = loja.ok("estoque", "adjust", "--motivo", "quebra", "--json", "--", "CAFE-500G", "-3")

    assert (contado["quantidade"], mais["quantidade"], menos.json["quantidade"]) == (20, 25, 22)
    assert loja.ok("estoque", "get", "CAFE-500G", "--json").json["quantidade"] == 22


def test_more_than_there_is_can_not_be_taken(loja: Terminal) -> None:
    said = loja.run("estoque", "adjust", "--motivo", "quebra", "--", "CAFE-500G", "-30")
    bad = loja.run("estoque", "adjust", "CAFE-500G", "dez", "--motivo", "x")

    assert (said.code, "restam 3" in said.err) == (1, True)
    assert bad.code == 2


def test_a_new_product_needs_a_name_and_a_price(loja: Terminal) -> None:
    bare = loja.run("estoque", "set", "NOVO", "1", "--motivo", "x")
    whole = loja.ok(
        "estoque",
        "set",
        "NOVO",
        "1",
        "--motivo",
        "x",
        "--nome",
        "Novo",
        "--preco",
        "1.00",
        "--json",
    )

    assert (bare.code, "nome" in bare.err) == (1, True)
    assert whole.json["nome"] == "Novo"


def test_an_import_shows_the_difference_first_and_names_bad_rows(loja: Terminal) -> None:
    good, bad = loja.folder / "bom.csv", loja.folder / "ruim.csv"
    good.write_text("produto_id,nome,preco,quantidade\nCAFE-500G,Café 500 g,18.90,9\n")
    bad.write_text("produto_id,nome,preco,quantidade\nCAFE-500G,Café,caro,9\n")

    shown = loja.ok("estoque", "import", str(good), "--dry-run", "--json").json
    before = loja.ok("estoque", "get", "CAFE-500G", "--json").json["quantidade"]
    unasked = loja.run("estoque", "import", str(good))
    refused = loja.run("estoque", "import", str(bad), "-y")
    done = loja.ok("estoque", "import", str(good), "-y", "--json").json

    assert (shown["mudancas"][0]["antes"], shown["mudancas"][0]["depois"], before) == (3, 9, 3)
    assert (unasked.code, refused.code, "linha 2" in refused.err) == (2, 1, True)
    assert done == {"linhas": 1, "criados": 0}


# ---------------------------------------------------------------- alertas, falhas, eventos, keys


def test_a_test_alert_is_shown_acknowledged_and_resolved(loja: Terminal) -> None:
    novo = loja.ok("alertas", "test", "--texto", "alô", "--json").json

    shown = loja.ok("alertas", "show", novo["id"])
    loja.ok("alertas", "ack", novo["id"])
    fechado = loja.ok("alertas", "resolve", novo["id"], "--json").json
    again = loja.run("alertas", "resolve", novo["id"])

    assert "alô" in shown.out
    assert "log" in shown.out
    assert (fechado["resolvido"], again.code) == (True, 1)
    assert loja.ok("alertas", "list", "--json").json["total"] == 0
    assert loja.ok("alertas", "list", "--todos", "--json").json["total"] == 1


def test_a_second_test_alert_is_told_as_well(loja: Terminal) -> None:
    ids = [loja.ok("alertas", "test", "--json").json["id"] for _ in range(2)]

    told = [loja.ok("alertas", "show", i, "--json").json["notificacoes"] for i in ids]

    assert len(set(ids)) == 2
    assert [len(avisos) for avisos in told] == [1, 1]


def test_set_aside_work_is_listed_and_exported_even_when_there_is_none(loja: Terminal) -> None:
    page = loja.ok("falhas", "list", "--json").json
    target = loja.folder / "falhas.ndjson"
    exported = loja.ok("falhas", "export", "--to", str(target), "--json").json

    assert page == {"itens": [], "total": 0, "causas": []}
    assert (exported["falhas"], target.read_bytes()) == (0, b"")
    assert loja.run("falhas", "export", "--to", str(target)).code == 2


def test_replay_and_discard_must_name_what_they_mean(loja: Terminal) -> None:
    replay = loja.run("falhas", "reprocess")
    discard = loja.run("falhas", "discard", "--motivo", "x", "-y")
    nobody = loja.run("falhas", "show", "nada")
    nothing = loja.run("falhas", "reprocess", "nada")

    assert (replay.code, discard.code, nobody.code) == (2, 2, 1)
    assert (nothing.code, "Nenhuma falha aberta" in nothing.err) == (1, True)


def test_facts_come_in_order(loja: Terminal) -> None:
    page = loja.ok("eventos", "list", "--json").json
    one = loja.ok("eventos", "list", "--tipo", "pedido.recebido", "--json").json
    table = loja.ok("eventos", "list", "--desde", "2")

    posicoes = [fato["pos"] for fato in page["itens"]]

    assert posicoes == sorted(posicoes)
    assert (one["total"], table.out.split()[0]) == (1, "POS")


def test_a_key_is_shown_once_and_works_until_it_is_revoked(loja: Terminal) -> None:
    made = loja.ok("keys", "create", "--nome", "loja", "--escopo", "estoque:ler")

    listed = loja.ok("keys", "list", "--json").json
    chave_id = listed["itens"][0]["id"]
    loja.ok("keys", "revoke", chave_id, "-y")
    after = loja.ok("keys", "list", "--json").json["itens"][0]

    assert made.out.startswith("pk_")
    assert made.out.strip() not in json.dumps(listed)
    assert made.out.strip() not in made.err
    assert after["revogada_em"] is not None


def test_an_unknown_scope_is_refused(loja: Terminal) -> None:
    said = loja.run("keys", "create", "--nome", "x", "--escopo", "tudo")

    assert (said.code, "escopo desconhecido" in said.err) == (1, True)


# ---------------------------------------------------------------- parse


def test_a_payload_is_read_without_any_database(terminal: Terminal) -> None:
    corpo = b'{"order_id": "123", "store_id": "9"}'

    by_stdin = terminal.run(
        "pedidos", "parse", "--fonte", "rappi", "--evento", "order_event_cancel", "-", stdin=corpo
    )

    assert by_stdin.code == 0, by_stdin
    assert by_stdin.json["source"] == "rappi"
    assert not terminal.dados.exists()


def test_a_wrong_source_is_named_with_the_nearest(terminal: Terminal) -> None:
    said = terminal.run("pedidos", "parse", "--fonte", "rapi", "-", stdin=b"{}")
    sink = terminal.run("pedidos", "parse", "--fonte", "telegram", "-", stdin=b"{}")

    assert (said.code, "Tente: --fonte rappi" in said.err) == (2, True)
    assert sink.code == 2
