"""Init: a folder from which Ponte and its engines are started, with secrets of its own.

What it writes is what this version was tested with. It replaces nothing that lies
there unless told to, and even then a secret that is in use stays: a new password in
`.env` would lock Ponte out of the database that knows the old one.
"""

import re
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer
from dotenv import dotenv_values

import ponte
from ponte.cli import saida
from ponte.cli.execucao import save
from ponte.cli.grupo import alone, help_of

init = alone()
_PLAIN = re.compile(r"[\w./:@,+=-]*")
MOTORES = ("sqlite", "postgres", "rabbitmq", "redis", "kafka", "monitoring")
BANCOS = ("sqlite", "postgres")
ENDERECOS = ("QUEUE_URL", "STREAM_URL", "REDIS_URL")
SECRETO = ".env"
CONECTORES = "ponte.env"
SECRETOS = (
    "PONTE_API_KEY",
    "PONTE_MASTER_KEY",
    "POSTGRES_PASSWORD",
    "RABBITMQ_PASSWORD",
    "REDIS_PASSWORD",
    "GRAFANA_PASSWORD",
)


@init.command(
    **help_of(
        "Escreve .env com segredos novos, compose.yml, painéis, alertas e unidades do systemd.",
        "ponte init --dir ponte",
        "ponte init --dir ponte --engines postgres,rabbitmq,monitoring",
    )
)
def _init(
    *,
    engines: Annotated[str, typer.Option(help=f"Entre vírgulas: {', '.join(MOTORES)}.")] = "sqlite",
    dir_: Annotated[Path, typer.Option("--dir", help="A pasta, criada se faltar.")] = Path(),
    force: Annotated[
        bool, typer.Option("--force", help="Troca o que existe; os segredos do .env ficam.")
    ] = False,
) -> None:
    motores = _chosen(engines)
    novos = {**_templates(), SECRETO: _secrets(motores, dir_ / SECRETO).encode()}
    existem = sorted(nome for nome in novos if (dir_ / nome).exists())
    if existem and not force:
        saida.stop(
            f"{dir_} já tem {', '.join(existem[:3])}{' e mais' if len(existem) > 3 else ''}",
            tente="outra pasta com --dir, ou --force para trocar",
            codigo=saida.USO,
        )
    conectores = dir_ / CONECTORES
    if not conectores.exists():
        novos[CONECTORES] = _CONECTORES.encode()
    for nome, corpo in novos.items():
        _write(dir_, nome, corpo)
    # An engine opens the file in it that it was given, and lists nothing.
    _folder(dir_ / "segredos", 0o711)
    arquivos = sorted(novos)
    saida.data(
        {"pasta": str(dir_), "motores": motores, "arquivos": arquivos, "trocados": existem},
        "\n".join(str(dir_ / nome) for nome in arquivos),
    )
    saida.talk(_next(dir_, motores))


def _chosen(engines: str) -> list[str]:
    motores = list(dict.fromkeys(nome.strip() for nome in engines.split(",") if nome.strip()))
    estranhos = [nome for nome in motores if nome not in MOTORES]
    if estranhos:
        saida.stop(
            f"--engines não conhece {', '.join(estranhos)}",
            tente=", ".join(MOTORES),
            codigo=saida.USO,
        )
    if set(BANCOS) <= set(motores):
        saida.stop("--engines: sqlite e postgres são dois bancos", tente="um", codigo=saida.USO)
    return motores if set(BANCOS) & set(motores) else ["sqlite", *motores]


# ---------------------------------------------------------------- what is written


def _templates() -> dict[str, bytes]:
    """Return the shipped files by their path in the folder."""
    origem = _origin()
    found = {"compose.yml": _without_build((origem / "compose.yml").read_text()).encode()}
    for path in sorted((origem / "deploy").rglob("*")):
        if path.is_file() and not path.name.endswith("_test.yml"):
            found[path.relative_to(origem).as_posix()] = path.read_bytes()
    return found


def _origin() -> Path:
    """Return where they lie: in the package, or in the sources that it is run from."""
    package = Path(ponte.__file__).parent
    shipped = package / "implantacao"
    return shipped if shipped.is_dir() else package.parents[1]


def _without_build(compose: str) -> str:
    # The image is built from the sources, which do not lie in this folder.
    return "".join(line for line in compose.splitlines(keepends=True) if line.strip() != "build: .")


def _secrets(motores: list[str], antigo: Path) -> str:
    """Return an `.env` for the engines that keeps what an older one has: something knows it."""
    antes = dotenv_values(antigo, interpolate=False) if antigo.exists() else {}
    valores = {nome: antes.get(nome) or _secret(nome) for nome in SECRETOS}
    valores["COMPOSE_PROFILES"] = ",".join(motores)
    valores |= _addresses(motores, valores)
    outros = {n: v for n, v in antes.items() if v and n not in valores and n not in ENDERECOS}
    return _ENV + "".join(f"{n}={_quoted(v)}\n" for n, v in (valores | outros).items())


def _quoted(valor: str) -> str:
    if _PLAIN.fullmatch(valor):
        return valor
    return "'" + valor.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _secret(nome: str) -> str:
    if nome == "PONTE_API_KEY":
        from ponte.acesso.chaves import new_key  # noqa: PLC0415 - `-h` need not pay for it

        return new_key()
    return secrets.token_hex(32)  # 256 bits; hexadecimal, since a password stands in an address


def _addresses(motores: list[str], valores: Mapping[str, str]) -> dict[str, str]:
    queues = {
        "rabbitmq": f"amqp://ponte:{valores['RABBITMQ_PASSWORD']}@rabbitmq:5672/",
        "redis": f"redis://:{valores['REDIS_PASSWORD']}@redis:6379/0",
        "kafka": "kafka://kafka:9092",
    }
    chosen = [address for motor, address in queues.items() if motor in motores]
    found = {"QUEUE_URL": chosen[0]} if chosen else {}
    if "kafka" in motores:
        found["STREAM_URL"] = queues["kafka"]
    if "redis" in motores:
        found["REDIS_URL"] = queues["redis"]
    return found


_ENV = """\
# Written by ponte init for compose.yml. Who reads this file can do everything: keep it out of
# version control, and a copy of it in a safe place. PONTE_MASTER_KEY opens the tokens in the
# database; a backup without it has none.
"""
_CONECTORES = """\
# Settings of connectors and all else that Ponte reads, one PONTE_…=… a line. Examples:
#PONTE_TELEGRAM__BOT_TOKEN=
#PONTE_TELEGRAM__CHAT_ID=
#PONTE_EMITENTE__CNPJ=
"""


def _write(pasta: Path, nome: str, corpo: bytes) -> None:
    partes = Path(nome).parent.parts
    if not pasta.exists():
        _folder(pasta, 0o700)
    for n in range(len(partes)):
        _folder(pasta.joinpath(*partes[: n + 1]), 0o755)
    save(pasta / nome, corpo, overwrite=True)
    if nome not in {SECRETO, CONECTORES}:
        (pasta / nome).chmod(0o644)  # read by the engines, who are other users


def _folder(path: Path, modo: int) -> None:
    try:
        path.mkdir(exist_ok=True, parents=True)
        path.chmod(modo)
    except OSError as error:
        raise saida.Parada(
            "A pasta não pode ser feita", causa=f"{path}: {error.strerror}", codigo=saida.USO
        ) from error


def _next(pasta: Path, motores: list[str]) -> str:
    passos = [f"cd {pasta}", "docker compose up -d"]
    if "monitoring" in motores:
        passos.append(
            "ponte keys create --nome prometheus --escopo metricas:ler > segredos/prometheus.key"
        )
    linhas = "\n".join(f"  {passo}" for passo in passos)
    return f"Segredos novos em {pasta / SECRETO}, que só você lê. Agora:\n{linhas}"
