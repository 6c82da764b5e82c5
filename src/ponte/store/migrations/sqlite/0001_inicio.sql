-- The spine: facts, queue, idempotency, and the nouns of the main job.
-- Times are epoch milliseconds, money is centavos, JSON is text.

CREATE TABLE meta (chave TEXT PRIMARY KEY, valor TEXT NOT NULL) WITHOUT ROWID;

-- One row: the numbers that must be dense. Read when a group of transactions
-- begins and written when it commits, so a rollback takes them back too.
CREATE TABLE contadores (
    id            INTEGER PRIMARY KEY CHECK (id = 1),
    pos           INTEGER NOT NULL,
    seq           INTEGER NOT NULL,
    seq_publico   INTEGER NOT NULL,
    seq_estoque   INTEGER NOT NULL,
    pedido_numero INTEGER NOT NULL,
    fila          INTEGER NOT NULL
);
INSERT INTO contadores VALUES (1, 0, 0, 0, 0, 1000, 0);

-- Every fact, in the order of its commit.
CREATE TABLE fatos (
    pos         INTEGER PRIMARY KEY,
    id          TEXT NOT NULL,
    tipo        TEXT NOT NULL,
    lane        TEXT NOT NULL,
    em          INTEGER NOT NULL,
    dados       TEXT NOT NULL,
    seq         INTEGER,
    seq_publico INTEGER,
    seq_estoque INTEGER,
    traceparent TEXT
);
CREATE INDEX fatos_lane ON fatos (lane, pos);

-- Outbox and queue at once: one row for each (fact, step), deleted in the
-- transaction that did the work. Ids come from `contadores` and are never used
-- twice: work set aside keeps its own. `enviada_em` is set once a broker confirmed it.
CREATE TABLE fila (
    id            INTEGER PRIMARY KEY,
    pos           INTEGER NOT NULL,
    passo         TEXT NOT NULL,
    fila          TEXT NOT NULL,
    lane          TEXT NOT NULL,
    disponivel_em INTEGER NOT NULL,
    enviada_em    INTEGER,
    tentativas    INTEGER NOT NULL DEFAULT 0,
    mortes        INTEGER NOT NULL DEFAULT 0,
    lease         TEXT,
    lease_ate     INTEGER,
    dono          TEXT,
    historia      TEXT
);
CREATE INDEX fila_pronta ON fila (fila, disponivel_em, id) WHERE lease IS NULL;
CREATE INDEX fila_suspeita ON fila (fila, disponivel_em, id) WHERE lease IS NULL AND mortes > 0;
CREATE INDEX fila_lane ON fila (fila, lane, id);
CREATE INDEX fila_lease ON fila (lease) WHERE lease IS NOT NULL;

-- What was handled: the second delivery of the same fact to a step finds its row.
CREATE TABLE inbox (
    passo   TEXT NOT NULL,
    fato_id TEXT NOT NULL,
    em      INTEGER NOT NULL,
    PRIMARY KEY (passo, fato_id)
) WITHOUT ROWID;

CREATE TABLE falhas (
    id            TEXT PRIMARY KEY,
    fila_id       INTEGER NOT NULL,
    pos           INTEGER NOT NULL,
    passo         TEXT NOT NULL,
    fila          TEXT NOT NULL,
    lane          TEXT NOT NULL,
    tentativas    INTEGER NOT NULL,
    causa         TEXT NOT NULL,
    erro          TEXT NOT NULL,
    historia      TEXT NOT NULL,
    vezes         INTEGER NOT NULL DEFAULT 1,
    situacao      TEXT NOT NULL DEFAULT 'aberta',
    motivo        TEXT,
    criada_em     INTEGER NOT NULL,
    atualizada_em INTEGER NOT NULL
);
CREATE INDEX falhas_situacao ON falhas (situacao, causa, criada_em);

-- Rows in the order of their time, so that the oldest go first without an index on it.
CREATE TABLE idempotencia (
    id        INTEGER PRIMARY KEY,
    dono      TEXT NOT NULL,
    chave     TEXT NOT NULL,
    impressao TEXT NOT NULL,
    status    INTEGER NOT NULL,
    local     TEXT,
    corpo     TEXT NOT NULL,
    em        INTEGER NOT NULL,
    UNIQUE (dono, chave)
);

CREATE TABLE leases (
    nome  TEXT PRIMARY KEY,
    dono  TEXT NOT NULL,
    token INTEGER NOT NULL,
    ate   INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE instancias (
    id           TEXT PRIMARY KEY,
    papeis       TEXT NOT NULL,
    host         TEXT NOT NULL,
    pid          INTEGER NOT NULL,
    iniciada_em  INTEGER NOT NULL,
    batimento_em INTEGER NOT NULL
) WITHOUT ROWID;

-- The claim of a scheduled run: its unique row is why it runs once.
CREATE TABLE agenda (
    job           TEXT NOT NULL,
    scheduled_for INTEGER NOT NULL,
    dono          TEXT NOT NULL,
    em            INTEGER NOT NULL,
    PRIMARY KEY (job, scheduled_for)
) WITHOUT ROWID;

CREATE TABLE tokens (
    nome      TEXT PRIMARY KEY,
    cifrado   BLOB NOT NULL,
    expira_em INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE chaves (
    id          TEXT PRIMARY KEY,
    nome        TEXT NOT NULL,
    prefixo     TEXT NOT NULL,
    hash        TEXT NOT NULL UNIQUE,
    escopos     TEXT NOT NULL,
    criada_em   INTEGER NOT NULL,
    expira_em   INTEGER,
    usada_em    INTEGER,
    revogada_em INTEGER,
    demo        INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;

CREATE TABLE auditoria (
    id     INTEGER PRIMARY KEY AUTOINCREMENT,
    em     INTEGER NOT NULL,
    autor  TEXT NOT NULL,
    acao   TEXT NOT NULL,
    alvo   TEXT NOT NULL,
    dados  TEXT NOT NULL
);
CREATE TRIGGER auditoria_imutavel BEFORE UPDATE ON auditoria
BEGIN SELECT RAISE(ABORT, 'auditoria is append-only'); END;
CREATE TRIGGER auditoria_indelevel BEFORE DELETE ON auditoria
BEGIN SELECT RAISE(ABORT, 'auditoria is append-only'); END;

CREATE TABLE webhooks (
    id          TEXT PRIMARY KEY,
    conector    TEXT NOT NULL,
    evento      TEXT NOT NULL,
    chave       TEXT NOT NULL,
    corpo       BLOB NOT NULL,
    recebido_em INTEGER NOT NULL,
    situacao    TEXT NOT NULL,
    motivo      TEXT,
    UNIQUE (conector, chave)
);

CREATE TABLE produtos (
    produto_id TEXT PRIMARY KEY,
    nome       TEXT NOT NULL,
    preco      INTEGER NOT NULL CHECK (preco >= 0),
    categoria  TEXT,
    imagem_url TEXT,
    ean        TEXT,
    criado_em  INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE estoque (
    produto_id    TEXT NOT NULL,
    filial_id     TEXT NOT NULL,
    quantidade    INTEGER NOT NULL CHECK (quantidade >= 0),
    minimo        INTEGER NOT NULL CHECK (minimo >= 0),
    contado_em    INTEGER NOT NULL,
    atualizado_em INTEGER NOT NULL,
    PRIMARY KEY (produto_id, filial_id)
) WITHOUT ROWID;

-- The ledger: quantidade is always the sum of delta.
CREATE TABLE movimentos (
    id            INTEGER PRIMARY KEY,
    produto_id    TEXT NOT NULL,
    filial_id     TEXT NOT NULL,
    delta         INTEGER NOT NULL,
    saldo         INTEGER NOT NULL CHECK (saldo >= 0),
    tipo          TEXT NOT NULL,
    pedido_numero INTEGER,
    linha         INTEGER,
    motivo        TEXT,
    autor         TEXT,
    em            INTEGER NOT NULL,
    medido_em     INTEGER
);
CREATE INDEX movimentos_produto ON movimentos (produto_id, filial_id, id);
CREATE UNIQUE INDEX movimentos_pedido ON movimentos (pedido_numero, linha, tipo)
    WHERE pedido_numero IS NOT NULL;

CREATE TABLE pedidos (
    numero         INTEGER PRIMARY KEY,
    id             TEXT NOT NULL UNIQUE,
    canal          TEXT NOT NULL,
    pedido_externo TEXT,
    filial_id      TEXT NOT NULL,
    loja_externa   TEXT,
    status         TEXT NOT NULL,
    total          INTEGER NOT NULL,
    nome           TEXT,
    documento      TEXT,
    telefone       TEXT,
    email          TEXT,
    observacao     TEXT,
    avisos         TEXT,
    recebido_em    INTEGER NOT NULL,
    atualizado_em  INTEGER NOT NULL
);
CREATE UNIQUE INDEX pedidos_externo ON pedidos (pedido_externo, canal)
    WHERE pedido_externo IS NOT NULL;
CREATE INDEX pedidos_documento ON pedidos (documento) WHERE documento IS NOT NULL;
CREATE INDEX pedidos_telefone ON pedidos (telefone) WHERE telefone IS NOT NULL;
CREATE INDEX pedidos_status ON pedidos (status, numero);

CREATE TABLE itens (
    numero     INTEGER NOT NULL,
    linha      INTEGER NOT NULL,
    produto_id TEXT,
    sku        TEXT,
    nome       TEXT NOT NULL,
    quantidade INTEGER NOT NULL CHECK (quantidade > 0),
    preco      INTEGER NOT NULL,
    opcao_de   INTEGER,
    observacao TEXT,
    PRIMARY KEY (numero, linha)
) WITHOUT ROWID;
-- None on produto_id: an order would dirty a page for each of its lines. A product's orders
-- are found by its movimentos, and those that moved nothing by their status.
CREATE INDEX itens_sku ON itens (sku, numero) WHERE produto_id IS NULL AND sku IS NOT NULL;

-- A cancellation that came before its order.
CREATE TABLE lapides (
    canal          TEXT NOT NULL,
    pedido_externo TEXT NOT NULL,
    motivo         TEXT NOT NULL,
    em             INTEGER NOT NULL,
    PRIMARY KEY (canal, pedido_externo)
) WITHOUT ROWID;

CREATE TABLE series (
    cnpj    TEXT NOT NULL,
    modelo  INTEGER NOT NULL,
    serie   INTEGER NOT NULL,
    ultimo  INTEGER NOT NULL,
    PRIMARY KEY (cnpj, modelo, serie)
) WITHOUT ROWID;

CREATE TABLE notas (
    pedido_numero INTEGER PRIMARY KEY,
    cnpj          TEXT NOT NULL,
    modelo        INTEGER NOT NULL,
    serie         INTEGER NOT NULL,
    numero        INTEGER NOT NULL,
    codigo        TEXT NOT NULL,
    chave         TEXT NOT NULL UNIQUE,
    situacao      TEXT NOT NULL,
    emitida_em    INTEGER NOT NULL,
    UNIQUE (cnpj, modelo, serie, numero)
);

CREATE TABLE alertas (
    id             TEXT PRIMARY KEY,
    nome           TEXT NOT NULL,
    severidade     TEXT NOT NULL,
    titulo         TEXT NOT NULL,
    texto          TEXT NOT NULL,
    origem         TEXT NOT NULL,
    labels         TEXT NOT NULL,
    impressao      TEXT NOT NULL,
    contagem       INTEGER NOT NULL,
    criado_em      INTEGER NOT NULL,
    ultimo_em      INTEGER NOT NULL,
    reconhecido_em INTEGER,
    reconhecido_por TEXT,
    resolvido_em   INTEGER,
    resolvido_por  TEXT
);
CREATE UNIQUE INDEX alertas_abertos ON alertas (impressao) WHERE resolvido_em IS NULL;
CREATE INDEX alertas_criado ON alertas (criado_em);

-- Every notice asked for, and how it went.
CREATE TABLE notificacoes (
    id        INTEGER PRIMARY KEY,
    alerta_id TEXT NOT NULL,
    nome      TEXT NOT NULL,
    impressao TEXT NOT NULL,
    destino   TEXT NOT NULL,
    motivo    TEXT NOT NULL,
    situacao  TEXT NOT NULL,
    tentativas INTEGER NOT NULL DEFAULT 0,
    erro      TEXT,
    pedida_em INTEGER NOT NULL,
    terminada_em INTEGER
);
CREATE INDEX notificacoes_alerta ON notificacoes (alerta_id, id);
CREATE INDEX notificacoes_impressao ON notificacoes (impressao, pedida_em);
CREATE INDEX notificacoes_nome ON notificacoes (nome, pedida_em);

-- What each marketplace shop should show and what it was last told.
CREATE TABLE disponibilidade (
    conector   TEXT NOT NULL,
    loja       TEXT NOT NULL,
    produto_id TEXT NOT NULL,
    desejado   INTEGER NOT NULL,
    enviado    INTEGER,
    em         INTEGER NOT NULL,
    PRIMARY KEY (conector, loja, produto_id)
) WITHOUT ROWID;
