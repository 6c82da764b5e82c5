"""The judge: the journal on one side, the public API on the other, and no third witness.

Each check names one way to break a promise. A check that cannot be decided from
what the client saw (an order never settled, say) is itself counted as a fault.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.crash.books import Books, drain, find, read_books
from tests.crash.journal import read_journal
from tests.crash.plan import SCARCE
from tests.crash.verdict import Verdict
from tests.crash.wire import Wire

# How often the search door is tried, of every order that has an external id: one request
# an order more would double the time of a long run (chosen).
SEARCH_EVERY = 5


@dataclass
class Story:
    """What the journal knows of one order."""

    n: int
    chave: str
    pedido_externo: str | None
    itens: list[tuple[str, int]]
    ids: list[str] = field(default_factory=list)
    first_body: dict[str, Any] | None = None
    troubled: bool = False
    abandoned: bool = False
    repeats: int = 0
    cancel_asked: bool = False
    cancel_acked: bool = False
    odd: list[str] = field(default_factory=list)


def judge(journal: Path, wire: Wire, *, opening: dict[str, int], drain_within_s: float) -> Verdict:
    """Drain, read everything and compare; the verdict has no faults when all promises held."""
    verdict = Verdict()
    verdict.drain_s = drain(wire, drain_within_s)
    stories = read_stories(journal)
    books = read_books(wire, sorted(opening))
    _count(verdict, stories)
    owner = _owners(stories, verdict)
    _check_answers(stories, verdict)
    _check_orders(stories, books, verdict=verdict)
    _check_strangers(books, owner, verdict=verdict)
    _check_search(stories, wire, verdict=verdict)
    _check_ledger(books, opening, verdict=verdict)
    _check_lines(books, verdict)
    _check_notas(books, verdict)
    return verdict


def read_stories(journal: Path) -> dict[int, Story]:
    stories: dict[int, Story] = {}
    for fact in read_journal(journal):
        if fact["evento"] == "pretendido":
            itens = [(produto, units) for produto, units in fact["itens"]]
            stories[fact["n"]] = Story(fact["n"], fact["chave"], fact["pedido_externo"], itens)
        elif "n" in fact:
            _tell(stories[fact["n"]], fact)
    return stories


def _tell(story: Story, fact: dict[str, Any]) -> None:
    motivo = fact["motivo"]
    match fact["evento"]:
        case "enviado":
            story.cancel_asked |= motivo == "cancelamento"
        case "cortado":
            story.troubled = True
        case "desistido":
            story.abandoned = True
        case "respondido" if fact["status"] >= 500:
            story.troubled = True
            if fact["status"] != 503 or not fact["retry_after"]:
                story.odd.append(f"{motivo} answered {fact['status']} {fact['corpo']}")
        case "respondido" if motivo == "cancelamento":
            _tell_cancel(story, fact)
        case "respondido":
            _tell_post(story, fact)


def _tell_post(story: Story, fact: dict[str, Any]) -> None:
    status, corpo = fact["status"], fact["corpo"]
    if status in {409, 429}:
        return  # asked to come back; what came of it is a later line
    allowed = {200} if fact["motivo"] == "mesmo_externo" else {200, 202}
    if status not in allowed:
        story.odd.append(f"{fact['motivo']} answered {status} {corpo}")
        return
    story.ids.append(corpo["id"])
    story.repeats += fact["motivo"] != "envio"
    if fact["motivo"] != "mesmo_externo":
        if story.first_body is None:
            story.first_body = corpo
        elif corpo != story.first_body:
            story.odd.append(f"same key, another answer: {story.first_body} then {corpo}")


def _tell_cancel(story: Story, fact: dict[str, Any]) -> None:
    status = fact["status"]
    if status in {200, 202, 204}:
        story.cancel_acked = True
    elif status == 409:
        # Already cancelled, by a try whose answer was lost: only then is it no surprise.
        story.cancel_acked |= story.troubled
        if not story.troubled:
            story.odd.append(f"cancel answered 409 {fact['corpo']}")
    elif status != 429:
        story.odd.append(f"cancel answered {status} {fact['corpo']}")


def _count(verdict: Verdict, stories: dict[int, Story]) -> None:
    verdict.attempted = len(stories)
    verdict.acked = sum(bool(s.ids) for s in stories.values())
    verdict.recovered = sum(bool(s.ids) and s.troubled for s in stories.values())
    verdict.repeated = sum(s.repeats for s in stories.values())
    verdict.cancelled = sum(s.cancel_acked for s in stories.values())


def _owners(stories: dict[int, Story], verdict: Verdict) -> dict[str, Story]:
    """Map each answered id to its one order; two ids for one key are a double."""
    owner: dict[str, Story] = {}
    for story in stories.values():
        ids = set(story.ids)
        if len(ids) > 1:
            verdict.blame("duplicated", f"order {story.n}: one key, ids {sorted(ids)}")
        for pedido_id in ids:
            if pedido_id in owner:
                verdict.blame("unexpected", f"{pedido_id} answers {owner[pedido_id].n}, {story.n}")
            owner[pedido_id] = story
    return owner


def _check_answers(stories: dict[int, Story], verdict: Verdict) -> None:
    for story in stories.values():
        for what in story.odd:
            verdict.blame("unexpected", f"order {story.n}: {what}")
        if story.abandoned:
            verdict.blame("unsettled", f"order {story.n}: no final answer in time")


def _check_orders(stories: dict[int, Story], books: Books, *, verdict: Verdict) -> None:
    for story in stories.values():
        for pedido_id in set(story.ids):
            pedido = books.pedidos.get(pedido_id)
            if pedido is None:
                verdict.blame("lost", f"order {story.n}: {pedido_id} was answered and is not there")
            elif pedido["status"] == "recebido":
                verdict.blame(
                    "lost", f"order {story.n}: {pedido_id} still recebido after the drain"
                )
            else:
                _check_order(story, pedido, verdict=verdict)


def _check_order(story: Story, pedido: dict[str, Any], *, verdict: Verdict) -> None:
    allowed = {"concluido"}
    if story.cancel_asked:
        allowed.add("cancelado")
    if any(produto == SCARCE for produto, _ in story.itens):
        allowed.add("sem_estoque")
    if story.cancel_acked:
        allowed = {"cancelado"}
    if pedido["status"] not in allowed:
        verdict.blame("unexpected", f"order {story.n}: {pedido['status']}, not {sorted(allowed)}")
    kept = sorted((item["produto_id"], item["quantidade"]) for item in pedido["itens"])
    if kept != sorted(story.itens):
        verdict.blame("unexpected", f"order {story.n}: items {kept}, not {sorted(story.itens)}")
    told = Counter(fato["tipo"] for fato in pedido["linha_do_tempo"])
    for tipo in ("pedido.recebido", "pedido.concluido", "pedido.cancelado", "nota.emitida"):
        if told[tipo] > 1:
            verdict.blame("duplicated", f"order {story.n}: {tipo} told {told[tipo]} times")


def _check_strangers(books: Books, owner: dict[str, Story], *, verdict: Verdict) -> None:
    """Every order on the server was asked for, once."""
    asked = {f"ordem {story.n}": story for story in owner.values()}
    for pedido_id, pedido in books.pedidos.items():
        if pedido_id in owner:
            continue
        twin = asked.get(pedido.get("observacao") or "")
        if twin is not None:
            verdict.blame("duplicated", f"order {twin.n}: also there as {pedido_id}")
        else:
            verdict.blame("unexpected", f"{pedido_id} was never answered to anyone")


def _check_search(stories: dict[int, Story], wire: Wire, *, verdict: Verdict) -> None:
    with_externo = [s for s in stories.values() if s.pedido_externo and s.ids]
    for story in with_externo[::SEARCH_EVERY]:
        found = [
            row
            for row in find(wire, story.pedido_externo or "")
            if row["pedido_externo"] == story.pedido_externo
        ]
        if len(found) > 1:
            verdict.blame("duplicated", f"{story.pedido_externo} found {len(found)} times")
        elif not found:
            verdict.blame("lost", f"{story.pedido_externo} is not found by its external id")


def _check_ledger(books: Books, opening: dict[str, int], *, verdict: Verdict) -> None:
    """Shelf = opening + ledger = opening - what the orders on record took."""
    sold: Counter[str] = Counter()
    for pedido in books.pedidos.values():
        if pedido["status"] == "concluido":
            for item in pedido["itens"]:
                sold[item["produto_id"]] += item["quantidade"]
    for produto, opened in opening.items():
        shelf = books.estoque[produto]["quantidade"]
        ledger = sum(mov["delta"] for mov in books.movimentos[produto])
        due = opened - sold[produto]
        if not shelf == ledger == due:
            verdict.blame(
                "stock_drift", f"{produto}: shelf {shelf}, ledger {ledger}, by the orders {due}"
            )
        if shelf < 0:
            verdict.blame("negative_stock", f"{produto}: {shelf} on the shelf")


def _check_lines(books: Books, verdict: Verdict) -> None:
    """An order moves each of its products once; a cancelled one moves it back, once."""
    taken: dict[tuple[str, str], list[int]] = defaultdict(list)
    given: dict[tuple[str, str], list[int]] = defaultdict(list)
    for produto, movimentos in books.movimentos.items():
        for mov in movimentos:
            if mov["pedido_id"] is not None:
                side = taken if mov["delta"] < 0 else given
                side[mov["pedido_id"], produto].append(abs(mov["delta"]))
    for pedido_id, pedido in books.pedidos.items():
        asked: Counter[str] = Counter()
        for item in pedido["itens"]:
            asked[item["produto_id"]] += item["quantidade"]
        for produto, units in asked.items():
            took = sum(taken.pop((pedido_id, produto), []))
            gave = sum(given.pop((pedido_id, produto), []))
            _check_line(pedido, produto, took=took, gave=gave, asked=units, verdict=verdict)
    for pedido_id, produto in (*taken, *given):
        verdict.blame("unexpected", f"{produto} moved for {pedido_id}, which did not ask for it")


def _check_line(
    pedido: dict[str, Any], produto: str, *, took: int, gave: int, asked: int, verdict: Verdict
) -> None:
    name = f"pedido {pedido['id']} ({pedido['status']}), {produto}"
    if took > asked or gave > asked:
        verdict.blame("duplicated", f"{name}: took {took}, gave back {gave}, asked {asked}")
    elif pedido["status"] == "concluido" and (took, gave) != (asked, 0):
        verdict.blame("stock_drift", f"{name}: took {took} of {asked}, gave back {gave}")
    elif pedido["status"] != "concluido" and took != gave:
        verdict.blame("stock_drift", f"{name}: took {took} and gave back {gave}")


def _check_notas(books: Books, verdict: Verdict) -> None:
    """A nota for each order that was fulfilled; numbers dense within a series."""
    numbers: dict[object, list[int]] = defaultdict(list)
    for pedido in books.pedidos.values():
        nota = pedido["nota"]
        if nota is not None:
            numbers[nota["serie"]].append(nota["numero"])
        elif pedido["status"] == "concluido":
            verdict.blame("unexpected", f"pedido {pedido['id']} is concluido without a nota")
    for serie, used in numbers.items():
        twice = [numero for numero, times in Counter(used).items() if times > 1]
        for numero in twice:
            verdict.blame("duplicated", f"nota {numero} of series {serie} is on two orders")
        for numero in sorted(set(range(min(used), max(used) + 1)) - set(used)):
            verdict.blame("nota_gaps", f"series {serie}: nota {numero} is on no order")
