"""The shop page's files: all there, small enough, readable by everybody, in both languages."""

import gzip
import hashlib
import json
import re
from pathlib import Path

import pytest

from ponte.console import assets, figuras
from ponte.console.idiomas import IDIOMAS, catalogue
from ponte.console.loja import Aparencia, render_erro, render_vitrine
from tests.console.test_loja import AGORA, produto, vitrine

RAIZ = Path(assets.__file__).parent
CSS = (RAIZ / "static/loja.css").read_text("utf-8")
JS = (RAIZ / "static/loja.js").read_text("utf-8")
KB = 1024


def gzipped(texto: str) -> int:
    return len(gzip.compress(texto.encode(), 9))


def full_page() -> str:
    produtos = [produto(f"Produto número {n}", produto_id=f"SKU-{n}") for n in range(24)]
    return render_vitrine(vitrine(*produtos, total=300), aparencia=Aparencia())


# ---------------------------------------------------------------- files


def test_every_address_in_the_pages_is_a_file_of_the_package() -> None:
    pages = full_page() + render_vitrine(vitrine(), aparencia=Aparencia())
    pages += render_erro(404, aparencia=Aparencia())

    urls = set(re.findall(r'"/static/([^"#]*)', pages))

    assert len(urls) >= 5
    for url in urls:
        digest, _, path = url.partition("/")
        assert digest == assets.digest()
        assert path in assets.load()


def test_every_icon_and_drawing_that_is_named_exists() -> None:
    sprite = {
        nome: set(re.findall(r'<symbol id="([^"]+)"', (RAIZ / "static" / nome).read_text("utf-8")))
        for nome in ("icones.svg", "figuras.svg")
    }
    templates = "".join(f.read_text("utf-8") for f in (RAIZ / "templates").glob("*.html"))
    icones = set(re.findall(r'\bi\("([^"]+)"', templates)) | {nome for _, nome in figuras.ICONES}
    icones |= set(re.findall(r'icone\(\w+, "([^"]+)"', JS)) | {"c-outros"}
    icones |= {"vivo", "reconectando", "fora", "pausado", "retomar"}  # states of the badge
    icones |= {"recebido", "concluido", "sem_estoque", "cancelado", "erro", "pedidos"}
    icones |= {"ok", "poucas", "esgotado", "sistema", "claro", "escuro"}
    desenhos = {f.desenho for _, f in (*figuras.POR_NOME, *figuras.POR_CATEGORIA)}

    assert icones - sprite["icones.svg"] == set()
    assert sprite["icones.svg"] - icones == set(), "an icon that nothing shows"
    assert (desenhos | {"caixa"}) - sprite["figuras.svg"] == set()
    assert sprite["figuras.svg"] - desenhos - {"caixa"} == set(), "a drawing that nothing shows"


def test_every_tone_of_a_drawing_is_a_class_of_the_stylesheet() -> None:
    tons = {f.tom for _, f in (*figuras.POR_NOME, *figuras.POR_CATEGORIA)}

    assert {tom for tom in tons if f".tom-{tom} " not in CSS} == set()


def test_vendored_files_are_those_that_were_looked_at() -> None:
    vendor = json.loads((RAIZ / "static/vendor/VENDOR.json").read_text("utf-8"))

    assert vendor["bibliotecas"]
    for biblioteca in vendor["bibliotecas"]:
        body = (RAIZ / "static" / biblioteca["arquivo"]).read_bytes()
        assert hashlib.sha256(body).hexdigest() == biblioteca["sha256"], biblioteca["nome"]
        assert biblioteca["versao"]
        assert biblioteca["licenca"]


def test_font_awesome_is_credited_where_people_and_tools_look() -> None:
    sprite = (RAIZ / "static/icones.svg").read_text("utf-8")

    assert "CC BY 4.0" in sprite[:300]
    assert "Font Awesome Free (CC BY 4.0)" in full_page()


# ---------------------------------------------------------------- budgets


@pytest.mark.parametrize(("arquivo", "kb"), [("loja.js", 6), ("loja.css", 12), ("icones.svg", 14)])
def test_each_file_is_within_its_budget(arquivo: str, kb: int) -> None:
    assert len(assets.load()[arquivo].gzipped) <= kb * KB


def test_the_whole_shop_page_is_within_25_kb_without_pictures() -> None:
    files = ("loja.js", "loja.css", "icones.svg", "favicon.svg")

    total = gzipped(full_page()) + sum(len(assets.load()[name].gzipped) for name in files)

    assert total <= 25 * KB


def test_the_digest_changes_with_any_byte_of_any_file() -> None:
    a, b = assets.Asset(b"1", b"", ""), assets.Asset(b"2", b"", "")

    digests = {
        assets.digest_of(files) for files in ({"x": a}, {"x": b}, {"y": a}, {"x": a, "y": a}, {})
    }

    assert len(digests) == 5


# ---------------------------------------------------------------- contrast (WCAG 1.4.3, 1.4.11)

TEXTO = [
    ("texto", "fundo"), ("texto", "cartao"), ("texto", "marca-fundo"),
    ("texto-fraco", "fundo"), ("texto-fraco", "cartao"), ("texto-fraco", "marca-fundo"),
    ("marca", "fundo"), ("marca", "cartao"), ("marca", "marca-fundo"), ("sobre-marca", "marca"),
    ("sobre-faixa", "faixa"), ("sobre-faixa", "faixa-escura"),
    ("ok", "ok-fundo"), ("poucas", "poucas-fundo"), ("esgotado", "esgotado-fundo"),
]  # fmt: skip
INTERFACE = [("borda", "cartao"), ("borda", "fundo"), ("marca", "fundo"), ("sobre-faixa", "faixa")]


def token(nome: str, tema: int) -> str:
    found = re.search(rf"--{nome}: light-dark\((#\w{{6}}), (#\w{{6}})\)", CSS)
    assert found, f"--{nome} is not a pair of colours"
    return found[tema + 1]


def luminance(cor: str) -> float:
    """Source: https://www.w3.org/TR/WCAG22/#dfn-relative-luminance."""
    parts = (int(cor[i : i + 2], 16) / 255 for i in (1, 3, 5))
    r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(a: str, b: str) -> float:
    dark, light = sorted((luminance(a), luminance(b)))
    return (light + 0.05) / (dark + 0.05)


def test_the_measure_of_contrast_is_right() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("tema", [0, 1], ids=["claro", "escuro"])
@pytest.mark.parametrize(("frente", "fundo"), TEXTO)
def test_text_is_readable(frente: str, fundo: str, tema: int) -> None:
    assert contrast(token(frente, tema), token(fundo, tema)) >= 4.5


@pytest.mark.parametrize("tema", [0, 1], ids=["claro", "escuro"])
@pytest.mark.parametrize(("frente", "fundo"), INTERFACE)
def test_what_marks_a_control_is_seen(frente: str, fundo: str, tema: int) -> None:
    assert contrast(token(frente, tema), token(fundo, tema)) >= 3


def test_every_colour_of_text_is_a_measured_token() -> None:
    measured = {nome for pair in (*TEXTO, *INTERFACE) for nome in pair}
    colours = set(re.findall(r"(?<![-\w])color: ([^;}]+)", CSS)) - {"inherit", "#000"}

    assert {
        c for c in colours if c.removeprefix("var(--").removesuffix(")") not in measured
    } == set()


# ---------------------------------------------------------------- catalogues


def test_both_languages_have_the_same_keys_and_the_same_values_to_fill_in() -> None:
    portugues, ingles = (catalogue(idioma) for idioma in IDIOMAS)

    assert portugues.keys() == ingles.keys()
    for chave, texto in portugues.items():
        assert sorted(re.findall(r"\{\w+\}", texto)) == sorted(
            re.findall(r"\{\w+\}", ingles[chave])
        ), chave


def sources() -> str:
    """Return everything that names a key; the module leaves `loja.` out of its own."""
    files = [*(RAIZ / "templates").glob("*.html"), RAIZ / "loja.py"]
    own = re.sub(r'(?<=["`])(?=[a-z]+(?:\.|["`]))', "loja.", JS)
    return own + "".join(f.read_text("utf-8") for f in files)


def test_no_key_is_used_that_no_catalogue_has() -> None:
    keys = {re.sub(r"\.(one|other)$", "", k) for k in catalogue("pt-BR")}
    templates = "\n".join(f.read_text("utf-8") for f in (RAIZ / "templates").glob("*.html"))
    named = set(re.findall(r"""\btn?\(["']((?:loja|erro)\.[\w.]+)["'][,)]""", templates))
    named |= {f"loja.{k}" for k in re.findall(r"""\btn?\(\s*"([\w.]+)"[,)]""", JS)}

    assert len(named) > 30
    assert named - keys == set()


def test_no_key_lies_in_the_catalogues_unused() -> None:
    text = sources()
    begun = set(re.findall(r"""["`]((?:loja|erro)\.(?:[a-z]+\.)*)(?:\$|" \+|\{)""", text)) - {
        "loja."
    }
    begun |= {f"erro.{status}." for status in ("404", "429", "503", "geral")}  # chosen by status
    keys = {re.sub(r"\.(one|other)$", "", chave) for chave in catalogue("pt-BR")}

    unused = {
        chave
        for chave in keys
        if not re.search(rf"""["'`]{re.escape(chave)}["'`]""", text)
        and not chave.startswith(tuple(begun))
    }

    assert unused == set()


def test_people_read_words_from_the_catalogues_only() -> None:
    templates = "\n".join(f.read_text("utf-8") for f in (RAIZ / "templates").glob("*.html"))
    text = re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", "", templates, flags=re.DOTALL)
    text = re.sub(r"<code>.*?</code>|<[^>]+>|&nbsp;|[\w-]+=\"[^\"]*\"", "", text, flags=re.DOTALL)

    assert re.findall(r"[^\W\d_]{2,}", text) == []


def test_the_page_is_stamped_with_the_hour_of_the_visitors_zone() -> None:
    assert AGORA.strftime("%H:%M") == "14:03"
    assert 'data-fuso="America/Sao_Paulo"' in full_page()
