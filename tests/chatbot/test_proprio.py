"""A responder of the operator's own: it answers in the bot's place, and nobody is left waiting."""

import asyncio
import itertools
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ponte.chatbot import falas
from ponte.errors import ConfiguracaoInvalida
from ponte.flow import STEPS
from ponte.mensagens import conversas
from ponte.resilience.retry import Schedule
from ponte.runtime.responder import load_responder
from ponte.settings import BotSettings
from ponte.simulators.telegram import SimuladorTelegram
from ponte.testing import embedded
from tests.chatbot.test_responder import TOKEN, answers, conversa, receive

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "bot.md"
_numbers = itertools.count()
Write = Callable[[str], BotSettings]


@pytest.fixture
async def env() -> AsyncIterator[dict[str, str]]:
    simulador = SimuladorTelegram(token=TOKEN)
    base = await simulador.start()
    yield {"PONTE_TELEGRAM__BASE_URL": base, "PONTE_TELEGRAM__BOT_TOKEN": TOKEN}
    await simulador.stop()


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Write a module of the operator's; return the settings that name its `responder`."""
    monkeypatch.syspath_prepend(tmp_path)

    def written(code: str) -> BotSettings:
        name = f"loja_bot_{next(_numbers)}"
        (tmp_path / f"{name}.py").write_text(code)
        return BotSettings(enabled=True, responder=f"{name}:responder", responder_s=20)

    return written


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no time pass between the tries."""
    step = replace(STEPS["consultar_responder"], schedule=Schedule(delays_s=(0, 0)))
    monkeypatch.setitem(STEPS, "consultar_responder", step)


def page_code() -> str:
    found = re.search(r"```python\n(# loja_bot.py\n.*?)```", PAGE.read_text(), re.DOTALL)
    assert found is not None
    return found[1]


@pytest.mark.parametrize(
    ("changes", "said", "atendimento"),
    [
        ({"texto": "Qual o frete?"}, "Entregamos em toda a cidade por R$ 8,00.", "bot"),
        ({"texto": "", "type": "audio"}, "Já vamos ouvir seu áudio.", "pessoa"),
        ({"texto": "que horas abre?"}, falas.SEM_HORARIO, "bot"),
    ],
    ids=["text", "hands over", "left to Ponte's bot"],
)
async def test_the_page_s_responder_answers_in_the_bot_s_place(
    data_dir: Path, env: dict[str, str], write: Write, changes: Any, said: str, atendimento: str
) -> None:
    async with embedded(data_dir, env=env, bot=write(page_code())) as ponte:
        await receive(ponte, changes.pop("texto"), **changes)

        assert [m["conteudo"] for m in await answers(ponte)] == [said]
        assert (await conversa(ponte)).atendimento == atendimento


async def test_what_it_remembers_comes_with_the_next_question(
    data_dir: Path, env: dict[str, str], write: Write
) -> None:
    code = """
from ponte.chatbot import Resposta
async def responder(p):
    vezes = p.estado.get("vezes", 0) + 1
    return Resposta(f"{p.canal} {p.contato} {vezes}", {"vezes": vezes})
"""
    async with embedded(data_dir, env=env, bot=write(code)) as ponte:
        await receive(ponte, "um")
        await answers(ponte)
        await receive(ponte, "dois")

        said = [m["conteudo"] for m in await answers(ponte)]

    assert said == ["telegram 42 1", "telegram 42 2"]


BAD = {
    "raises": ("raise KeyError('preco')", 3, "KeyError"),
    "is slow": ("await asyncio.sleep(3600)", 3, "no answer in 0.05 s"),
    "gives a number": ("return 42", 1, "gave int"),
    "says nothing": ("return '  '", 1, "without words"),
    "remembers no JSON": ("return Resposta('oi', {'x': object()})", 1, "is no JSON"),
}


@pytest.mark.parametrize("nome", BAD)
@pytest.mark.usefixtures("at_once")
async def test_what_fails_is_tried_again_and_ends_with_a_person(
    data_dir: Path, env: dict[str, str], write: Write, tmp_path: Path, nome: str
) -> None:
    body, tries, reason = BAD[nome]
    asked = tmp_path / "asked"
    code = f"""
import asyncio
from ponte.chatbot import Resposta
async def responder(p):
    with open({str(asked)!r}, "a") as file:
        file.write(p.mensagem_id + "\\n")
    {body}
"""
    bot = write(code).model_copy(update={"responder_s": 0.05 if nome == "is slow" else 20})

    async with embedded(data_dir, env=env, bot=bot) as ponte:
        mensagem_id = await receive(ponte, "oi")

        assert [m["conteudo"] for m in await answers(ponte)] == [falas.NAO_CONSEGUI]
        assert (await conversa(ponte)).atendimento == "pessoa"
        assert asked.read_text().split() == [mensagem_id] * tries
        assert reason in str((await ponte.get("/falhas"))["itens"])


async def test_what_its_canal_cannot_carry_is_left_to_a_person(
    data_dir: Path, env: dict[str, str], write: Write
) -> None:
    bot = write("async def responder(p):\n    return 'x' * 100_000\n")

    async with embedded(data_dir, env=env, bot=bot) as ponte:
        await receive(ponte, "oi")

        assert await answers(ponte) == []
        assert (await conversa(ponte)).atendimento == "pessoa"


async def test_what_a_person_took_over_meanwhile_is_not_said(
    data_dir: Path, env: dict[str, str], write: Write, tmp_path: Path
) -> None:
    code = f"""
import asyncio, pathlib
async def responder(p):
    pathlib.Path({str(tmp_path / "asked")!r}).touch()
    while not pathlib.Path({str(tmp_path / "go")!r}).exists():
        await asyncio.sleep(0.01)
    return "tarde demais"
"""
    async with embedded(data_dir, env=env, bot=write(code)) as ponte:
        await receive(ponte, "oi")
        async with asyncio.timeout(30):
            while not (tmp_path / "asked").exists():  # noqa: ASYNC110 - another's file
                await asyncio.sleep(0.01)
        conversa_id = (await conversa(ponte)).id
        await ponte.ctx.db.transact(conversas.hand_over, conversa_id, conversas.PESSOA)
        (tmp_path / "go").touch()

        assert await answers(ponte) == []


WRONG = {
    "async def outro(p): ...": "has no responder",
    "responder = 42": "which can't be called",
    "def responder(p): ...": "not async",
    "async def responder(): ...": "must take one argument",
    "async def responder(a, b): ...": "must take one argument",
    "class responder:\n    async def __call__(self, p): ...": "is a class",
    "import no_such_thing": "needs the module no_such_thing",
    "1 / 0": "can't be imported: ZeroDivisionError",
    "def": "can't be imported: SyntaxError",
}


@pytest.mark.parametrize("code", WRONG)
async def test_the_start_says_what_is_wrong_with_it(
    data_dir: Path, write: Write, code: str
) -> None:
    with pytest.raises(ConfiguracaoInvalida, match=WRONG[code]) as refused:
        async with embedded(data_dir, bot=write(code)):
            pass

    assert "PONTE_BOT__RESPONDER" in str(refused.value)


def test_a_module_that_is_not_there_is_named() -> None:
    with pytest.raises(ConfiguracaoInvalida, match="no module no_such_package;"):
        load_responder(BotSettings(enabled=True, responder="no_such_package.bot:responder"))


def test_an_object_whose_call_is_async_will_do(write: Write) -> None:
    bot = write("class Bot:\n    async def __call__(self, p): ...\nresponder = Bot()\n")

    assert load_responder(bot) is not None


def test_nothing_is_loaded_for_a_bot_that_is_off(write: Write) -> None:
    bot = write("1 / 0").model_copy(update={"enabled": False})

    assert load_responder(bot) is None


@pytest.mark.parametrize("nome", ["loja_bot", "loja_bot:", ":responder", "loja bot:x", "a:b.c"])
def test_a_name_of_another_shape_is_refused(nome: str) -> None:
    with pytest.raises(ValueError, match="responder"):
        BotSettings(enabled=True, responder=nome)
