-- What people write on their channels, under which addresses they are known, and how each
-- channel is.

ALTER TABLE conversas ADD COLUMN conta TEXT;
ALTER TABLE conversas ADD COLUMN nome TEXT;
ALTER TABLE conversas ADD COLUMN grupo INTEGER NOT NULL DEFAULT 0;
ALTER TABLE conversas ADD COLUMN ultima_entrada_em INTEGER;
-- Who answers: 'bot' until a person takes over.
ALTER TABLE conversas ADD COLUMN atendimento TEXT NOT NULL DEFAULT 'bot';
ALTER TABLE conversas ADD COLUMN bot_estado TEXT;

-- Every address of one customer: a telephone with and without the ninth digit, an alias
-- that hides it. What a platform wrote is never rewritten; it is found by any of them.
CREATE TABLE enderecos (
    canal       TEXT NOT NULL,
    endereco    TEXT NOT NULL,
    conversa_id TEXT NOT NULL,
    PRIMARY KEY (canal, endereco)
) WITHOUT ROWID;
CREATE INDEX enderecos_conversa ON enderecos (conversa_id);

-- The platform's own name of each message: what comes twice is stored once, and a receipt
-- finds its message.
CREATE TABLE mensagens_externas (
    canal       TEXT NOT NULL,
    conta       TEXT NOT NULL,
    chave       TEXT NOT NULL,
    mensagem_id TEXT NOT NULL,
    em          INTEGER NOT NULL,
    PRIMARY KEY (canal, conta, chave)
) WITHOUT ROWID;
CREATE INDEX mensagens_externas_mensagem ON mensagens_externas (mensagem_id);
CREATE INDEX mensagens_externas_em ON mensagens_externas (em);

-- A receipt that came before the answer to the call that sent its message.
CREATE TABLE recibos (
    canal   TEXT NOT NULL,
    conta   TEXT NOT NULL,
    chave   TEXT NOT NULL,
    entrega TEXT NOT NULL,
    motivo  TEXT,
    em      INTEGER NOT NULL,
    PRIMARY KEY (canal, conta, chave, entrega)
) WITHOUT ROWID;
CREATE INDEX recibos_em ON recibos (em);

-- What was done to a message later: edited, deleted, reacted to. Its first words stay here.
CREATE TABLE anotacoes (
    mensagem_id TEXT NOT NULL,
    tipo        TEXT NOT NULL,
    autor       TEXT NOT NULL,
    valor       TEXT,
    em          INTEGER NOT NULL,
    PRIMARY KEY (mensagem_id, tipo, autor)
) WITHOUT ROWID;

-- How a channel is, judged by what it did. `parado_motivo` is why nothing is sent on it.
CREATE TABLE canais_estado (
    canal             TEXT PRIMARY KEY,
    ultima_entrada_em INTEGER,
    ultimo_envio_em   INTEGER,
    ultima_falha_em   INTEGER,
    falha             TEXT,
    sondado_em        INTEGER,
    sonda_ok          INTEGER,
    sonda_erro        TEXT,
    silencioso_desde  INTEGER,
    parado_motivo     TEXT,
    parado_em         INTEGER
) WITHOUT ROWID;

-- How many messages came and went in each hour (since the epoch), so that silence is told
-- from a quiet night.
CREATE TABLE canais_trafego (
    canal    TEXT NOT NULL,
    hora     INTEGER NOT NULL,
    entradas INTEGER NOT NULL DEFAULT 0,
    saidas   INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (canal, hora)
) WITHOUT ROWID;
CREATE INDEX mensagens_recentes ON mensagens (conversa_id, id);
