"""Emissor: numbers a nota and builds its access key for the company in the settings.

The document's XML comes behind this same door later; number and key don't change
when it does. Source: Manual de Orientação do Contribuinte 7.0, Anexo I.
"""

from ponte.domain.nota import Nota, PedidoDaNota, access_key, local_time
from ponte.errors import ConfiguracaoInvalida
from ponte.settings import DEMO_CNPJ, Emitente

NUMERADA = "numerada"
CANCELADA = "cancelada"


class EmissorLocal:
    """`FiscalIssuer` that needs nothing from outside."""

    def __init__(self, emitente: Emitente, *, zona: str) -> None:
        if emitente.ambiente == "producao" and emitente.cnpj == DEMO_CNPJ:
            msg = "PONTE_EMITENTE__CNPJ is the demonstration company; producao needs your own"
            raise ConfiguracaoInvalida(msg)
        self._emitente = emitente
        self._zona = zona
        self.cnpj = emitente.cnpj
        self.modelo: int = emitente.modelo
        self.serie = emitente.serie

    def build(self, _pedido: PedidoDaNota, *, numero: int, em_ms: int, codigo: str) -> Nota:
        """Return the nota of `pedido`; the same arguments give the same key."""
        chave = access_key(
            self._emitente,
            modelo=self.modelo,
            numero=numero,
            codigo=codigo,
            em=local_time(em_ms, zona=self._zona),
        )
        return Nota(
            modelo=self.modelo,
            serie=self.serie,
            numero=numero,
            chave=chave,
            codigo=codigo,
            situacao=NUMERADA,
            emitida_em=em_ms,
        )
