"""Provas: what is true of every database of Ponte, whatever crashed, and how to see it.

Each proof is one query that finds what breaks it, read from one snapshot and
changing nothing, so it runs beside a working Ponte as well as over a copy. The rule
for a new one: it must name the row, since a person has to mend it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ponte.domain.valores import mod11
from ponte.store.db import Tx

Motor = Literal["sqlite", "postgres"]
EXEMPLOS = 10  # chosen: enough to see what kind of damage it is
Rows = Sequence[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Prova:
    """A promise, how many rows it speaks of, and the rows that break it.

    `achados` selects one text a row: what is wrong, with its key. With a `motor` it is
    a proof of that engine alone; with a `tabela`, of databases that have it: a copy that an
    older version made can be proven too.
    """

    nome: str
    promessa: str
    examinados: str
    achados: str
    filtro: Callable[[Rows], list[str]] | None = None
    motor: Motor | None = None
    tabela: str | None = None


_HAS: dict[Motor, str] = {
    "sqlite": "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?",
    "postgres": "SELECT 1 FROM pg_tables WHERE tablename = ?",
}


@dataclass(frozen=True, slots=True)
class Resultado:
    """How a proof came out; `exemplos` are the first few of `achados`."""

    nome: str
    promessa: str
    examinados: int
    achados: int
    exemplos: list[str]

    def view(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {
            "nome": self.nome,
            "promessa": self.promessa,
            "ok": not self.achados,
            "examinados": self.examinados,
            "achados": self.achados,
            "exemplos": self.exemplos,
        }


def _wrong_keys(rows: Rows) -> list[str]:
    """Find access keys that do not say what their nota says, or whose check digit is wrong."""
    found = []
    for pedido, cnpj, modelo, serie, numero, codigo, chave in rows:
        corpo = f"{cnpj}{modelo:02d}{serie:03d}{numero:09d}1{codigo}"
        if len(chave) != 44 or chave[6:43] != corpo:
            found.append(f"nota {numero} do pedido {pedido}: a chave não é a da nota")
        elif not chave.isascii() or str(mod11(chave[:43])) != chave[43]:
            found.append(f"nota {numero} do pedido {pedido}: dígito verificador errado")
    return found


def _numero_do_pedido(contador: str, motor: Motor) -> Prova:
    return Prova(
        "numero_do_pedido",
        "O contador de pedidos não está atrás do último pedido",
        "SELECT COUNT(*) FROM pedidos",
        "SELECT 'pedido_numero: contador ' || k.n || ', último ' || m.u"  # noqa: S608 - own text
        f" FROM ({contador}) k, (SELECT MAX(numero) AS u FROM pedidos) m WHERE m.u > k.n",
        motor=motor,
    )


_POSICAO = "m.produto_id || ' na filial ' || m.filial_id"
_VENDA = "m.tipo = 'venda' AND m.pedido_numero IS NOT NULL"

PROVAS: tuple[Prova, ...] = (
    Prova(
        "integridade",
        "O arquivo do banco está inteiro",
        "SELECT COUNT(*) FROM sqlite_master",
        "SELECT integrity_check FROM pragma_integrity_check WHERE integrity_check <> 'ok'",
        motor="sqlite",
    ),
    # ------------------------------------------------------------ stock (P2)
    Prova(
        "estoque_soma",
        "Quantidade = soma dos movimentos",
        "SELECT COUNT(*) FROM estoque",
        "SELECT e.produto_id || ' na filial ' || e.filial_id || ': quantidade ' || e.quantidade"
        " || ', movimentos somam ' || COALESCE(s.soma, 0) FROM estoque e LEFT JOIN"
        " (SELECT produto_id, filial_id, SUM(delta) AS soma FROM movimentos GROUP BY 1, 2) s"
        " ON s.produto_id = e.produto_id AND s.filial_id = e.filial_id"
        " WHERE e.quantidade <> COALESCE(s.soma, 0)",
    ),
    Prova(
        "estoque_saldo",
        "Cada saldo é o anterior mais o movimento",
        "SELECT COUNT(*) FROM movimentos",
        f"SELECT 'movimento ' || m.id || ' de ' || {_POSICAO} || ': saldo ' || m.saldo"  # noqa: S608
        " || ', esperado ' || m.esperado FROM (SELECT *, delta + COALESCE(LAG(saldo) OVER"
        " (PARTITION BY produto_id, filial_id ORDER BY id), 0) AS esperado FROM movimentos) m"
        " WHERE m.saldo <> m.esperado",
    ),
    Prova(
        "estoque_ultimo_saldo",
        "Quantidade = último saldo",
        "SELECT COUNT(*) FROM estoque",
        "SELECT e.produto_id || ' na filial ' || e.filial_id || ': quantidade ' || e.quantidade"
        " || ', último saldo ' || m.saldo FROM estoque e JOIN movimentos m ON m.id ="
        " (SELECT MAX(id) FROM movimentos u WHERE u.produto_id = e.produto_id"
        " AND u.filial_id = e.filial_id) WHERE m.saldo <> e.quantidade",
    ),
    Prova(
        "estoque_negativo",
        "Nunca abaixo de zero",
        "SELECT (SELECT COUNT(*) FROM estoque) + (SELECT COUNT(*) FROM movimentos)",
        "SELECT produto_id || ' na filial ' || filial_id || ': quantidade ' || quantidade"  # noqa: S608
        " FROM estoque WHERE quantidade < 0 UNION ALL"
        f" SELECT 'movimento ' || m.id || ' de ' || {_POSICAO} || ': saldo ' || m.saldo"
        " FROM movimentos m WHERE m.saldo < 0",
    ),
    Prova(
        "estoque_sem_posicao",
        "Todo movimento é de um produto com estoque",
        "SELECT COUNT(*) FROM movimentos",
        f"SELECT 'movimento ' || m.id || ' de ' || {_POSICAO} || ' sem estoque'"  # noqa: S608
        " FROM movimentos m LEFT JOIN estoque e ON e.produto_id = m.produto_id"
        " AND e.filial_id = m.filial_id WHERE e.produto_id IS NULL",
    ),
    # ------------------------------------------------------------ orders (P1)
    Prova(
        "recebido_na_fila",
        "Todo pedido recebido está na fila ou em uma falha aberta",
        "SELECT COUNT(*) FROM pedidos WHERE status = 'recebido'",
        "SELECT 'pedido ' || p.numero || ': recebido, sem fila e sem falha' FROM pedidos p"
        " WHERE p.status = 'recebido' AND NOT EXISTS (SELECT 1 FROM fila q"
        " WHERE q.fila = 'pedidos' AND q.lane = p.id AND q.passo = 'atender')"
        " AND NOT EXISTS (SELECT 1 FROM falhas f WHERE f.lane = p.id AND f.passo = 'atender'"
        " AND f.situacao = 'aberta')",
    ),
    Prova(
        "concluido_uma_nota",
        "Todo pedido concluído tem exatamente uma nota valendo",
        "SELECT COUNT(*) FROM pedidos WHERE status = 'concluido'",
        "SELECT 'pedido ' || p.numero || ': ' || COUNT(n.numero) || ' notas' FROM pedidos p"
        " LEFT JOIN notas n ON n.pedido_numero = p.numero AND n.situacao <> 'cancelada'"
        " WHERE p.status = 'concluido' GROUP BY p.numero HAVING COUNT(n.numero) <> 1",
    ),
    Prova(
        "concluido_um_movimento",
        "Cada linha com produto de um pedido concluído baixou o estoque uma vez",
        "SELECT COUNT(*) FROM itens i JOIN pedidos p ON p.numero = i.numero"
        " WHERE p.status = 'concluido' AND i.produto_id IS NOT NULL",
        "SELECT 'pedido ' || i.numero || ' linha ' || i.linha || ': ' || COUNT(m.id)"
        " || ' movimentos de ' || COALESCE(SUM(m.delta), 0) || ', esperado um de -'"
        " || i.quantidade FROM itens i JOIN pedidos p ON p.numero = i.numero"
        " LEFT JOIN movimentos m ON m.pedido_numero = i.numero AND m.linha = i.linha"
        " AND m.produto_id = i.produto_id AND m.filial_id = p.filial_id"
        " WHERE p.status = 'concluido' AND i.produto_id IS NOT NULL"
        " GROUP BY i.numero, i.linha"
        " HAVING COUNT(m.id) <> 1 OR SUM(m.delta) <> -i.quantidade OR MAX(m.tipo) <> 'venda'",
    ),
    Prova(
        "venda_tem_linha",
        "Nenhuma venda sem a linha de pedido que a pediu",
        f"SELECT COUNT(*) FROM movimentos m WHERE {_VENDA}",  # noqa: S608
        "SELECT 'movimento ' || m.id || ': pedido ' || m.pedido_numero || ' linha ' || m.linha"
        " || ' não pede ' || m.produto_id FROM movimentos m"
        " LEFT JOIN itens i ON i.numero = m.pedido_numero AND i.linha = m.linha"
        " AND i.produto_id = m.produto_id WHERE m.pedido_numero IS NOT NULL AND i.numero IS NULL",
    ),
    Prova(
        "parado_sem_efeito",
        "Pedido recebido, sem_estoque ou com erro não tem nota nem movimento",
        "SELECT COUNT(*) FROM pedidos WHERE status IN ('recebido', 'sem_estoque', 'erro')",
        "SELECT 'pedido ' || p.numero || ' (' || p.status || ') tem nota ou movimento'"
        " FROM pedidos p WHERE p.status IN ('recebido', 'sem_estoque', 'erro') AND ("
        " EXISTS (SELECT 1 FROM notas n WHERE n.pedido_numero = p.numero)"
        " OR EXISTS (SELECT 1 FROM movimentos m WHERE m.pedido_numero = p.numero))",
    ),
    Prova(
        "cancelado_devolvido",
        "O que um pedido cancelado tirou do estoque voltou inteiro",
        "SELECT COUNT(*) FROM pedidos WHERE status = 'cancelado'",
        f"SELECT 'pedido ' || p.numero || ' (' || {_POSICAO} || '): cancelado, movimentos somam '"  # noqa: S608
        " || SUM(m.delta) FROM pedidos p JOIN movimentos m ON m.pedido_numero = p.numero"
        " WHERE p.status = 'cancelado' GROUP BY p.numero, m.produto_id, m.filial_id"
        " HAVING SUM(m.delta) <> 0",
    ),
    Prova(
        "cancelado_sem_nota",
        "Pedido cancelado não tem nota valendo",
        "SELECT COUNT(*) FROM pedidos WHERE status = 'cancelado'",
        "SELECT 'pedido ' || p.numero || ': cancelado, nota ' || n.numero || ' ' || n.situacao"
        " FROM pedidos p JOIN notas n ON n.pedido_numero = p.numero"
        " WHERE p.status = 'cancelado' AND n.situacao <> 'cancelada'",
    ),
    # ------------------------------------------------------------ notas (P9)
    Prova(
        "nota_sem_buraco",
        "Os números de cada série são seguidos e o contador é o último",
        "SELECT COUNT(*) FROM notas",
        "SELECT 'CNPJ ' || s.cnpj || ' modelo ' || s.modelo || ' série ' || s.serie || ': '"
        " || COUNT(n.numero) || ' notas de ' || MIN(n.numero) || ' a ' || MAX(n.numero)"
        " || ', contador ' || s.ultimo FROM series s JOIN notas n ON n.cnpj = s.cnpj"
        " AND n.modelo = s.modelo AND n.serie = s.serie GROUP BY s.cnpj, s.modelo, s.serie"
        " HAVING COUNT(n.numero) <> MAX(n.numero) - MIN(n.numero) + 1"
        " OR s.ultimo <> MAX(n.numero)",
    ),
    Prova(
        "nota_de_serie",
        "Toda nota é de uma série contada e de um pedido que existe",
        "SELECT COUNT(*) FROM notas",
        "SELECT 'nota ' || n.numero || ' série ' || n.serie || ' do pedido ' || n.pedido_numero"
        " || ': sem contador ou sem pedido' FROM notas n LEFT JOIN series s ON s.cnpj = n.cnpj"
        " AND s.modelo = n.modelo AND s.serie = n.serie"
        " LEFT JOIN pedidos p ON p.numero = n.pedido_numero"
        " WHERE s.cnpj IS NULL OR p.numero IS NULL",
    ),
    Prova(
        "nota_chave",
        "A chave de cada nota é a sua, com o dígito certo",
        "SELECT COUNT(*) FROM notas",
        "SELECT pedido_numero, cnpj, modelo, serie, numero, codigo, chave FROM notas",
        _wrong_keys,
    ),
    # ------------------------------------------------------------ messages (P8)
    Prova(
        "mensagem_na_fila",
        "Toda mensagem em processamento está na fila do seu canal",
        "SELECT COUNT(*) FROM mensagens WHERE status = 'processando'",
        "SELECT 'mensagem ' || m.id || ': processando, em nenhuma fila' FROM mensagens m"
        " WHERE m.status = 'processando' AND NOT EXISTS (SELECT 1 FROM fatos f"
        " JOIN fila q ON q.pos = f.pos WHERE f.lane = m.conversa_id"
        " AND f.tipo = 'mensagem.aceita' AND f.dados LIKE '%' || m.id || '%')",
        tabela="mensagens",
    ),
    # ------------------------------------------------------------ outbox
    Prova(
        "fila_tem_fato",
        "Toda linha da fila e toda falha têm o seu fato",
        "SELECT (SELECT COUNT(*) FROM fila) + (SELECT COUNT(*) FROM falhas)",
        "SELECT 'fila ' || q.fila || ' linha ' || q.id || ': sem o fato ' || q.pos FROM fila q"
        " LEFT JOIN fatos f ON f.pos = q.pos WHERE f.pos IS NULL UNION ALL"
        " SELECT 'falha ' || a.id || ': sem o fato ' || a.pos FROM falhas a"
        " LEFT JOIN fatos f ON f.pos = a.pos WHERE f.pos IS NULL",
    ),
    Prova(
        "fatos_sem_buraco",
        "Os fatos e os números das salas são seguidos",
        "SELECT COUNT(*) FROM fatos",
        " UNION ALL ".join(
            f"SELECT '{c}: ' || COUNT({c}) || ' números de ' || MIN({c}) || ' a ' || MAX({c})"  # noqa: S608
            f" FROM fatos HAVING COUNT(DISTINCT {c}) <> COALESCE(MAX({c}) - MIN({c}) + 1, 0)"
            f" OR COUNT(DISTINCT {c}) <> COUNT({c})"
            for c in ("pos", "seq", "seq_publico", "seq_estoque")
        ),
    ),
    Prova(
        "contadores",
        "Cada contador está no último número dado",
        "SELECT COUNT(*) FROM contadores",
        " UNION ALL ".join(  # noqa: S608 - names of our own columns
            f"SELECT '{c}: contador ' || k.{c} || ', último ' || m.u FROM contadores k,"  # noqa: S608
            f" (SELECT MAX({c}) AS u FROM fatos) m WHERE m.u IS NOT NULL AND k.{c} <> m.u"
            for c in ("pos", "seq", "seq_publico", "seq_estoque")
        )
        + " UNION ALL SELECT 'fila: contador ' || k.fila || ', último ' || m.u FROM contadores k,"
        " (SELECT MAX(l.u) AS u FROM (SELECT MAX(id) AS u FROM fila"
        " UNION ALL SELECT MAX(fila_id) FROM falhas) l) m WHERE m.u > k.fila"
        " UNION ALL SELECT 'contadores: nenhuma linha'"
        " WHERE NOT EXISTS (SELECT 1 FROM contadores)",
    ),
    _numero_do_pedido("SELECT pedido_numero AS n FROM contadores", "sqlite"),
    _numero_do_pedido("SELECT last_value AS n FROM pedidos_numero", "postgres"),
)  # fmt: skip


async def prove(tx: Tx, motor: Motor) -> list[Resultado]:
    """Run every proof of an engine in one transaction that reads one snapshot."""
    return [
        await _run(tx, prova)
        for prova in PROVAS
        if prova.motor in (None, motor)
        and (prova.tabela is None or await tx.fetch_one(_HAS[motor], (prova.tabela,)))
    ]


async def _run(tx: Tx, prova: Prova) -> Resultado:
    row = await tx.fetch_one(prova.examinados)
    rows = await tx.fetch(prova.achados)
    achados = [str(r[0]) for r in rows] if prova.filtro is None else prova.filtro(rows)
    examinados = int(row[0]) if row else 0
    return Resultado(prova.nome, prova.promessa, examinados, len(achados), achados[:EXEMPLOS])
