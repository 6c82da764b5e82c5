-- Messages, metrics and silences: the services beside the main job.

-- Who is written to, or writes, on one canal. Its id is the lane of their messages,
-- so that no phone number or name stands in a fact.
CREATE TABLE conversas (
    id        TEXT PRIMARY KEY,
    canal     TEXT NOT NULL,
    contato   TEXT NOT NULL,
    criada_em INTEGER NOT NULL,
    UNIQUE (canal, contato)
) WITHOUT ROWID;

-- `contato` is the other side: `destinatario` of what goes out, `remetente` of what comes in.
CREATE TABLE mensagens (
    id            TEXT PRIMARY KEY,
    conversa_id   TEXT NOT NULL,
    tipo          TEXT NOT NULL,
    direcao       TEXT NOT NULL,
    canal         TEXT NOT NULL,
    instancia     TEXT,
    contato       TEXT NOT NULL,
    remetente     TEXT NOT NULL,
    destinatario  TEXT NOT NULL,
    conteudo      TEXT NOT NULL,
    status        TEXT NOT NULL,
    entrega       TEXT NOT NULL,
    erro          TEXT,
    id_externo    TEXT,
    pedido_id     TEXT,
    criada_em     INTEGER NOT NULL,
    atualizada_em INTEGER NOT NULL
);
CREATE INDEX mensagens_contato ON mensagens (contato, canal, id);
CREATE INDEX mensagens_a_entregar ON mensagens (contato, id)
    WHERE canal = 'interno' AND entrega = 'enviada';
CREATE INDEX mensagens_status ON mensagens (status, id);
CREATE INDEX mensagens_pedido ON mensagens (pedido_id, id) WHERE pedido_id IS NOT NULL;
CREATE INDEX mensagens_externo ON mensagens (canal, id_externo) WHERE id_externo IS NOT NULL;

-- One series of numbers that callers record: its labels as JSON with sorted keys, and
-- the totals that outlive its samples.
CREATE TABLE metricas (
    id         INTEGER PRIMARY KEY,
    nome       TEXT NOT NULL,
    tipo       TEXT NOT NULL,
    labels     TEXT NOT NULL,
    n          INTEGER NOT NULL,
    soma       REAL NOT NULL,
    ultimo     REAL NOT NULL,
    ultimo_em  INTEGER NOT NULL,
    gravada_em INTEGER NOT NULL,
    UNIQUE (nome, labels)
);

CREATE TABLE amostras (
    id         INTEGER PRIMARY KEY,
    metrica_id INTEGER NOT NULL,
    em         INTEGER NOT NULL,
    valor      REAL NOT NULL,
    gravada_em INTEGER NOT NULL
);
CREATE INDEX amostras_metrica ON amostras (metrica_id, em, id);
CREATE INDEX amostras_em ON amostras (em);
CREATE INDEX amostras_gravada ON amostras (gravada_em);

-- Ponte's own numbers. A series has an id; one row of `medicoes` holds everything that one
-- process counted at one instant, so that their count depends on time alone.
CREATE TABLE series_proprias (
    id     INTEGER PRIMARY KEY,
    nome   TEXT NOT NULL,
    tipo   TEXT NOT NULL,
    labels TEXT NOT NULL,
    UNIQUE (nome, labels)
);

CREATE TABLE medicoes (
    passo_s   INTEGER NOT NULL,
    em        INTEGER NOT NULL,
    instancia TEXT NOT NULL,
    valores   BLOB NOT NULL,
    PRIMARY KEY (passo_s, em, instancia)
) WITHOUT ROWID;

-- A silence hides the notices of the alerts it catches, never the alerts. It is in
-- force until `ate`, or until `encerrado_em` is set.
CREATE TABLE silencios (
    id            TEXT PRIMARY KEY,
    autor         TEXT NOT NULL,
    motivo        TEXT NOT NULL,
    nome          TEXT,
    labels        TEXT NOT NULL,
    criado_em     INTEGER NOT NULL,
    ate           INTEGER NOT NULL,
    encerrado_em  INTEGER,
    encerrado_por TEXT
);
CREATE INDEX silencios_ativos ON silencios (ate) WHERE encerrado_em IS NULL;
CREATE INDEX notificacoes_silenciadas ON notificacoes (alerta_id) WHERE situacao = 'silenciada';
