"""Resposta: what is said to a customer's words, and what must be known at their next ones.

Nothing is sent here. The one rule: who is not understood twice, or fails to prove three
times whose an order is, gets a person.
"""

from dataclasses import replace
from typing import Any

from ponte.chatbot import encomendas, falas, vitrine
from ponte.chatbot.entender import Assunto, Intencao, entender
from ponte.chatbot.pergunta import Resposta
from ponte.domain.mensagem import Mensagem, TipoMensagem
from ponte.mensagens.conversas import Conversa
from ponte.store.db import Tx

DESCONHECIDAS = 2  # SPEC §7: not understood twice
# Chosen: three slips of a person; to guess four digits by it takes thousands of conversations.
ERRADAS = 3
_MIDIA = {TipoMensagem.IMAGEM, TipoMensagem.AUDIO, TipoMensagem.VIDEO, TipoMensagem.DOCUMENTO}
MAX_NOME = 4  # words that may be a product's name when nothing asks for one


async def answer(tx: Tx, conversa: Conversa, mensagem: Mensagem, *, horario: str) -> Resposta:
    """Return the answer to a customer's message.

    Args:
        tx: A transaction; nothing is written.
        conversa: Where it was written, with what the bot asked last.
        mensagem: What was written.
        horario: When the shop is open, as the operator says it.
    """
    escolha = None if isinstance(mensagem.conteudo, str) else mensagem.conteudo.get("escolha")
    estado = conversa.bot_estado
    intencao = entender(mensagem.texto, escolha=escolha, estado=estado)
    kept = {"erradas": estado["erradas"]} if "erradas" in estado else {}
    if intencao.assunto is Assunto.PEDIDO:
        return await _order(tx, conversa, intencao)
    if intencao.assunto is Assunto.PRODUTO:
        resposta = await _product(tx, intencao, kept)
        if intencao.horario:
            return replace(resposta, texto=f"{resposta.texto}\n\n{falas.horario(horario)}")
        return resposta
    if intencao.assunto is Assunto.DESCONHECIDA:
        return await _unknown(tx, conversa, intencao, heard=mensagem.tipo not in _MIDIA)
    if intencao.assunto is Assunto.PESSOA:
        return Resposta(falas.PESSOA, pessoa=True)
    said = {
        Assunto.HORARIO: falas.horario(horario),
        Assunto.SAUDACAO: f"{falas.SAUDACAO} {falas.MENU}",
        Assunto.AGRADECIMENTO: falas.DE_NADA,
    }
    return Resposta(said[intencao.assunto], kept)


async def _product(tx: Tx, intencao: Intencao, kept: dict[str, Any]) -> Resposta:
    waits = {**kept, "espera": Assunto.PRODUTO.value}
    if not intencao.palavras:
        return Resposta(falas.QUAL_PRODUTO, waits)
    found, total = await vitrine.search(tx, intencao.palavras)
    if not found:
        return Resposta(falas.sem_produto(intencao.palavras), waits)
    return Resposta(falas.ofertas(found, total=total), waits)


async def _order(tx: Tx, conversa: Conversa, intencao: Intencao) -> Resposta:
    estado = conversa.bot_estado
    pedido = intencao.pedido or (estado.get("pedido") if intencao.final else None)
    erradas = int(estado.get("erradas", 0))
    kept = {"erradas": erradas} if erradas else {}
    if pedido is None:
        own = await encomendas.newest(tx, conversa)
        if own is not None:
            return Resposta(falas.situacao(own.numero, own.status), kept)
        return Resposta(falas.QUAL_PEDIDO, {**kept, "espera": Assunto.PEDIDO.value})
    found = await encomendas.named(tx, conversa, pedido, final=intencao.final)
    if found is not None:
        return Resposta(falas.situacao(found.numero, found.status))
    asked = {**kept, "espera": "final", "pedido": pedido}
    if intencao.final is None:
        return Resposta(falas.DE_QUEM, asked)
    if erradas + 1 >= ERRADAS:
        return Resposta(falas.NAO_CONSEGUI, pessoa=True)
    return Resposta(falas.NAO_CONFERE, {**asked, "erradas": erradas + 1})


async def _unknown(tx: Tx, conversa: Conversa, intencao: Intencao, *, heard: bool) -> Resposta:
    """Answer with a product if the words are its name; with the choices, or a person, if not."""
    if 1 <= len(intencao.palavras) <= MAX_NOME:
        found, total = await vitrine.search(tx, intencao.palavras)
        if found:
            return Resposta(falas.ofertas(found, total=total), {"espera": Assunto.PRODUTO.value})
    vezes = int(conversa.bot_estado.get("desconhecidas", 0)) + 1
    if vezes >= DESCONHECIDAS:
        return Resposta(falas.NAO_CONSEGUI, pessoa=True)
    return Resposta(
        f"{falas.NAO_ENTENDI if heard else falas.SO_TEXTO} {falas.MENU}",
        {**conversa.bot_estado, "desconhecidas": vezes},
    )
