"""Canais on the command line: how each is, pause and resume, a telephone's code, and payloads."""

import asyncio
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer

from ponte.cli import saida
from ponte.cli.execucao import read_bytes, run
from ponte.cli.grupo import help_of, noun

if TYPE_CHECKING:
    from ponte.cli.acesso import Acesso

app = noun("Canais.")
INSTANCIAS = "/hub/whatsapp/instancias"
COM_WEBHOOK = ("telegram",)  # platforms that are told where to post
# The others are told so on pages of their own; beside each, the name that its probe has.
NA_PLATAFORMA = {
    "whatsapp_cloud": "whatsapp",
    "instagram": "instagram",
    "facebook": "facebook",
    "tiktok": "tiktok",
    "x": "x",
    "chatwoot": "chatwoot",
}
LOOK_S = 3.0  # chosen: how often a person who holds a telephone is looked after
CODIGO_S = 40.0  # documented: a code lives 45 s
Canal = Annotated[str, typer.Argument(help="whatsapp, instagram, facebook, tiktok, telegram ou x.")]
COLUNAS = {
    "canal": "canal",
    "status": "status",
    "ultima_entrada_s": "entrou há (s)",
    "ultimo_envio_s": "saiu há (s)",
    "motivo": "motivo",
}
Arquivo = Annotated[str, typer.Argument(metavar="ARQUIVO", help="- é a entrada.")]
Nome = Annotated[str, typer.Option(help="whatsapp, whatsapp_cloud, instagram, telegram, …")]


@app.command("list", **help_of("Mostra como está cada canal.", "ponte canais list"))
def _list() -> None:
    async def work(acesso: "Acesso") -> None:
        tudo = await acesso.get("/hub/health")
        linhas = [{"canal": nome, **hub} for nome, hub in tudo["hubs"].items()]
        saida.data(tudo, saida.table(linhas, COLUNAS))

    run(work)


@app.command("test", **help_of("Sonda um canal agora.", "ponte canais test telegram"))
def _test(canal: Canal) -> None:
    async def work(acesso: "Acesso") -> None:
        hub = await acesso.post(f"/hub/{quote(canal, safe='')}/sondar")
        saida.data(hub, f"{canal}: {hub['status']}, {hub['motivo']}")
        if not hub["sonda"]["ok"]:
            saida.stop(f"{canal} não respondeu bem", causa=hub["motivo"], codigo=saida.FALHOU)

    run(work)


@app.command(
    "pause",
    **help_of("Para de enviar em um canal; as mensagens esperam.", "ponte canais pause whatsapp"),
)
def _pause(canal: Canal) -> None:
    _act(f"/hub/{quote(canal, safe='')}/pausar", f"canal {canal}: parado")


@app.command("resume", **help_of("Volta a enviar em um canal.", "ponte canais resume whatsapp"))
def _resume(canal: Canal) -> None:
    _act(f"/hub/{quote(canal, safe='')}/retomar", f"canal {canal}: enviando")


@app.command(
    "reset",
    **help_of("Fecha os disjuntores de um canal e volta a enviar.", "ponte canais reset whatsapp"),
)
def _reset(canal: Canal) -> None:
    path = f"/hub/circuit-breaker/{quote(canal, safe='')}/reset"
    _act(path, f"canal {canal}: disjuntores fechados")


def _act(path: str, feito: str) -> None:
    async def work(acesso: "Acesso") -> None:
        saida.data(await acesso.post(path), feito)

    run(work)


@app.command(
    "pull",
    **help_of(
        "Busca o que um canal escreveu enquanto ninguém ouvia.",
        "ponte canais pull whatsapp",
        "ponte canais pull whatsapp --desde 2026-11-24T08:00:00-03:00",
    ),
)
def _pull(
    canal: Canal,
    *,
    desde: Annotated[
        str | None, typer.Option(metavar="QUANDO", help="RFC 3339; sem isso, de onde parou.")
    ] = None,
) -> None:
    path = quote(canal, safe="")

    async def work(acesso: "Acesso") -> None:
        since = "" if desde is None else f"?desde={quote(desde, safe='')}"
        past = await acesso.post(f"/hub/{path}/puxar{since}")
        if past["pedida"]:
            saida.talk("Ainda não chegou ao fim; o papel scheduler continua.")
        if past["erro"]:
            saida.stop(f"{canal} não contou o que houve", causa=past["erro"], codigo=saida.FALHOU)
        saida.data(past, f"canal {canal}: {past['novas']} mensagens novas")

    run(work)


@app.command(
    "connect",
    **help_of(
        "Pareia um celular de WhatsApp: mostra o código e espera, até Ctrl-C; ou liga o webhook"
        " do Telegram.",
        "ponte canais connect loja-centro",
        "ponte canais connect loja-centro --pairing-code 5511999990000",
        "ponte canais connect telegram",
    ),
)
def _connect(
    nome: Annotated[
        str, typer.Argument(help="Nome da instância, feita se não houver; ou telegram.")
    ],
    *,
    pairing_code: Annotated[
        str | None,
        typer.Option(metavar="NUMERO", help="Código de digitar para este número, só dígitos."),
    ] = None,
) -> None:
    if nome in NA_PLATAFORMA:
        saida.stop(
            f"{nome} se liga com as chaves no .env e, na plataforma, o webhook",
            causa=f"os passos estão em docs/connectors/{nome}.md",
            tente=f"ponte canais test {NA_PLATAFORMA[nome]}",
            codigo=saida.USO,
        )

    async def work(acesso: "Acesso") -> None:
        if nome in COM_WEBHOOK:
            hub = await acesso.put(f"/hub/{nome}/webhook", None)
            saida.data(hub, f"canal {nome}: o que chega vem para {hub['url']}")
            return
        found = await acesso.get(INSTANCIAS)
        names = [i["nome"] for i in found["itens"]]
        if nome not in names:
            corpo = {"nome": nome} | ({"numero": pairing_code} if pairing_code else {})
            made = await acesso.post(INSTANCIAS, corpo)
            if found["aviso_de_licenca"]:
                saida.talk(found["aviso_de_licenca"])
            if made["aviso"]:
                saida.talk("Aviso: sem PONTE_ENDERECO_PUBLICO os eventos não chegam aqui.")
        saida.data(await _pair(acesso, nome, numero=pairing_code), f"instância {nome}: aberta")

    run(work)


@app.command(
    "disconnect",
    **help_of(
        "Desliga o webhook do Telegram; o que chega espera lá, e é buscado.",
        "ponte canais disconnect telegram",
    ),
)
def _disconnect(canal: Annotated[str, typer.Argument(help="telegram.")]) -> None:
    async def work(acesso: "Acesso") -> None:
        path = f"/hub/{quote(canal, safe='')}/webhook"
        await acesso.delete(path)
        saida.data(await acesso.get(path), f"canal {canal}: sem webhook")

    run(work)


async def _pair(acesso: "Acesso", nome: str, *, numero: str | None) -> Any:
    """Show codes, each until it is stale, until the telephone is connected."""
    path = f"{INSTANCIAS}/{quote(nome, safe='')}"
    left_s = 0.0
    while True:
        estado = await acesso.get(f"{path}/estado")
        if estado["estado"] == "aberta":
            return estado
        if left_s <= 0:
            code = await acesso.get(f"{path}/qrcode", numero=numero)
            _show(code)
            left_s = CODIGO_S if code["codigo"] or code["codigo_pareamento"] else LOOK_S
        await asyncio.sleep(LOOK_S)
        left_s -= LOOK_S


def _show(code: dict[str, Any]) -> None:
    from ponte.cli.canais_traducao import drawn  # noqa: PLC0415

    if code["codigo_pareamento"]:
        saida.talk(f"Digite no celular: {code['codigo_pareamento']}")
    elif code["codigo"]:
        saida.talk("Leia com o WhatsApp do celular, em Aparelhos conectados:")
        saida.talk(drawn(code["codigo"]))
    else:
        saida.talk("O servidor ainda não tem código; esperando.")


@app.command(
    "parse",
    **help_of(
        "Mostra os eventos de um corpo recebido, ou de vários; não lê banco nenhum.",
        "ponte canais parse --canal whatsapp corpo.json",
        "ponte canais parse --canal telegram - < corpo.json",
    ),
)
def _parse(file: Arquivo, *, canal: Nome) -> None:
    from ponte.cli.canais_traducao import events  # noqa: PLC0415

    saida.data(events(canal, read_bytes(file)))


@app.command(
    "classify",
    **help_of(
        "Diz a classe de uma resposta: status, headers e body; não lê banco nenhum.",
        "ponte canais classify --canal whatsapp resposta.json",
    ),
)
def _classify(file: Arquivo, *, canal: Nome) -> None:
    from ponte.cli.canais_traducao import verdict  # noqa: PLC0415

    saida.data(verdict(canal, read_bytes(file)))
