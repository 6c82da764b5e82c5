"""A CSV comes in whole or not at all, as the spreadsheets of shops write it."""

from typing import Any

from ponte.store.db import Tx
from ponte.testing import Embedded

HEAD = "produto_id,nome,preco,quantidade"


async def _import(ponte: Embedded, csv: str | bytes, **params: Any) -> Any:
    body = csv.encode() if isinstance(csv, str) else csv
    return await ponte.http.post("/estoque/importar", content=body, params=params)


async def _movements(ponte: Embedded) -> int:
    async def count(tx: Tx) -> int:
        row = await tx.fetch_one("SELECT COUNT(*) FROM movimentos")
        return int(row[0]) if row else -1

    total: int = await ponte.ctx.db.read(count)
    return total


def _problems(answer: Any) -> dict[str, str]:
    assert answer.status_code == 422, answer.text
    return {e["campo"]: e["mensagem"] for e in answer.json()["errors"]}


async def test_a_sheet_creates_and_counts(ponte: Embedded) -> None:
    csv = f"{HEAD}\nFEIJAO-1KG,Feijão carioca 1 kg,8.90,40\nARROZ-5KG,Arroz branco 5 kg,25.90,70\n"

    answer = await _import(ponte, csv)

    assert (answer.status_code, answer.json()) == (200, {"linhas": 2, "criados": 1})
    assert (await ponte.get("/estoque/FEIJAO-1KG"))["preco"] == "8.90"
    assert (await ponte.get("/estoque/ARROZ-5KG"))["quantidade"] == 70


async def test_a_spreadsheet_of_windows_reads_the_same(ponte: Embedded) -> None:
    rows = (
        'produto_id;NOME;Preco;quantidade;minimo;filial_id;ean;categoria;imagem_url\r\n'
        '"PAO";"Pão de açúcar; ""grande""";"R$ 1.234,56";"7";"3";"2";"7891000100103";"Padaria";'
        '"https://example.com/p.jpg"\r\n'
    )  # fmt: skip

    latin = await _import(ponte, rows.encode("latin-1"))
    bom = await _import(ponte, b"\xef\xbb\xbf" + rows.encode())

    assert (latin.status_code, bom.status_code) == (200, 200)
    item = await ponte.get("/estoque/PAO", filial_id="2")
    del item["atualizado_em"]
    assert item == {
        "produto_id": "PAO",
        "nome": 'Pão de açúcar; "grande"',
        "preco": "1234.56",
        "categoria": "Padaria",
        "imagem_url": "https://example.com/p.jpg",
        "ean": "7891000100103",
        "filial_id": "2",
        "quantidade": 7,
        "disponivel": 7,
        "minimo": 3,
        "baixo": False,
    }


async def test_a_dash_of_windows_stays_a_dash(ponte: Embedded) -> None:
    await _import(ponte, f"{HEAD}\nA,Café \u2013 500 g,1.00,1\n".encode("cp1252"))

    assert (await ponte.get("/estoque/A"))["nome"] == "Café \u2013 500 g"


async def test_one_bad_row_stops_all_and_every_bad_row_is_named_by_its_line(
    ponte: Embedded,
) -> None:
    rows = [
        HEAD,
        "NOVO,Novo,1.00,1",
        "A,Sem preço,,1",
        "",
        '"B","Nome em\nduas linhas",1.00,1',
        "C,Meia unidade,1.00,1.5",
        "D,Abaixo de zero,1.00,-1",
        ",Sem código,1.00,1",
        "E,,1.00,1",
        "F,Curta,1.00",
        "G,Comprida,1.00,1,2",
        "H,Caro,1.999,1",
        "I,Não é número,NaN,1",
        f"J,Muitas,1.00,{10**9 + 1}",
        f"K,Zeros,1.00,{'0' * 12}1000000000000",
        f"L,Dígitos,1.00,{'9' * 5000}",
        "NOVO,Novo,1.00,2",
        f"{'M' * 101},Código longo,1.00,1",
    ]
    before = await _movements(ponte)

    problems = _problems(await _import(ponte, "\n".join(rows)))

    lines = [3, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19]
    assert list(problems) == [f"linha {n}" for n in lines]
    assert problems["linha 7"].startswith("quantidade:")
    assert problems["linha 18"] == "repeats line 2"
    assert "number of cells" in problems["linha 11"]
    assert (await ponte.http.get("/estoque/NOVO")).status_code == 404
    assert await _movements(ponte) == before


async def test_optional_columns_are_held_to_their_rules(ponte: Embedded) -> None:
    head = f"{HEAD},minimo,filial_id,ean,categoria,imagem_url"
    rows = [
        "A,A,1.00,1,x,,,,",
        f"B,B,1.00,1,,{'f' * 101},,,",
        "C,C,1.00,1,,,123,,",
        f"D,D,1.00,1,,,,{'c' * 201},",
        "E,E,1.00,1,,,,,javascript:alert(1)",
        "F,F,1.00,1,,,,,",
    ]

    problems = _problems(await _import(ponte, "\n".join([head, *rows])))

    assert [(k, v.partition(":")[0]) for k, v in problems.items()] == [
        ("linha 2", "minimo"),
        ("linha 3", "filial_id"),
        ("linha 4", "ean"),
        ("linha 5", "categoria"),
        ("linha 6", "imagem_url"),
    ]


async def test_what_is_no_sheet_is_refused_with_its_reason(ponte: Embedded) -> None:
    row = "A,A,1.00,1"
    sheets: dict[str, tuple[bytes, str, str]] = {
        "empty": (b"", "linha 1", "missing"),
        "only a header": (HEAD.encode(), "corpo", "no rows"),
        "a column missing": (b"produto_id,nome,preco\nA,A,1.00", "linha 1", "quantidade"),
        "a column unknown": (f"{HEAD},cor\n{row},azul".encode(), "linha 1", "cor"),
        "a column twice": (f"{HEAD},nome\n{row},A".encode(), "linha 1", "twice"),
        "a NUL": (f"{HEAD}\nA\0,A,1.00,1".encode(), "corpo", "NUL"),
        "UTF-16": (f"{HEAD}\n{row}".encode("utf-16"), "corpo", "NUL"),
        "an open quote": (f'{HEAD}\n{row}\n"B,B,1.00,1'.encode(), "linha 3", "not a CSV"),
        "text after a quote": (f'{HEAD}\n"A"x,A,1.00,1'.encode(), "linha 2", "not a CSV"),
        "10,001 rows": (f"{HEAD}\n".encode() + b"A,A,1,1\n" * 10_001, "corpo", "10000"),
    }

    found = {n: _problems(await _import(ponte, body)) for n, (body, _, _) in sheets.items()}

    wrong = {
        name: found[name]
        for name, (_, campo, words) in sheets.items()
        if not any(c == campo and words in m for c, m in found[name].items())
    }
    assert wrong == {}
    assert (await ponte.get("/estoque"))["total"] == 3


async def test_a_sheet_of_the_most_rows_comes_in_whole(ponte: Embedded) -> None:
    csv = f"{HEAD}\n" + "".join(f"P{n},P,1,9\n" for n in range(10_000))

    answer = await _import(ponte, csv)

    assert answer.json() == {"linhas": 10_000, "criados": 10_000}
    assert (await ponte.get("/estoque", limite=1))["total"] == 10_003


async def test_a_sheet_over_a_mebibyte_is_413(ponte: Embedded) -> None:
    answer = await _import(ponte, b"x" * (1024 * 1024 + 1))

    assert answer.status_code == 413


async def test_no_more_than_a_hundred_bad_rows_are_listed(ponte: Embedded) -> None:
    answer = await _import(ponte, f"{HEAD}\n" + "\n".join(f"P{n},P,x,1" for n in range(500)))

    assert len(_problems(answer)) == 100


async def test_a_rehearsal_shows_the_difference_and_changes_nothing(ponte: Embedded) -> None:
    csv = f"{HEAD}\nARROZ-5KG,Arroz,25.90,100\nCAFE-500G,Café,19.90,80\nNOVO,Novo,1.00,1\n"
    before = await _movements(ponte)

    answer = await _import(ponte, csv, simular=True)

    assert answer.json() == {
        "linhas": 3,
        "mudancas": [
            {"produto_id": "CAFE-500G", "filial_id": "1", "antes": 100, "depois": 80,
             "preco_antes": "18.90", "preco_depois": "19.90"},
            {"produto_id": "NOVO", "filial_id": "1", "antes": None, "depois": 1,
             "preco_antes": None, "preco_depois": "1.00"},
        ],
    }  # fmt: skip
    assert await _movements(ponte) == before


async def test_the_same_import_under_one_key_happens_once(ponte: Embedded) -> None:
    csv = f"{HEAD}\nARROZ-5KG,Arroz,25.90,70\n".encode()
    key = {"Idempotency-Key": "inventario-1"}
    first = await ponte.http.post("/estoque/importar", content=csv, headers=key)
    before = await _movements(ponte)

    again = await ponte.http.post("/estoque/importar", content=csv, headers=key)

    assert again.content == first.content
    assert await _movements(ponte) == before
