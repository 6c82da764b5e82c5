-- What people write on their channels, under which addresses they are known, and how each
-- channel is.

ALTER TABLE conversas ADD COLUMN conta TEXT COLLATE "C";
ALTER TABLE conversas ADD COLUMN nome TEXT COLLATE "C";
ALTER TABLE conversas ADD COLUMN grupo BIGINT NOT NULL DEFAULT 0;
ALTER TABLE conversas ADD COLUMN ultima_entrada_em BIGINT;
-- Who answers: 'bot' until a person takes over.
ALTER TABLE conversas ADD COLUMN atendimento TEXT COLLATE "C" NOT NULL DEFAULT 'bot';
ALTER TABLE conversas ADD COLUMN bot_estado TEXT COLLATE "C";

-- Every address of one customer: a telephone with and without the ninth digit, an alias
-- that hides it. What a platform wrote is never rewritten; it is found by any of them.
CREATE TABLE enderecos (
    canal       TEXT COLLATE "C" NOT NULL,
    endereco    TEXT COLLATE "C" NOT NULL,
    conversa_id TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (canal, endereco)
);
CREATE INDEX enderecos_conversa ON enderecos (conversa_id);

-- The platform's own name of each message: what comes twice is stored once, and a receipt
-- finds its message.
CREATE TABLE mensagens_externas (
    canal       TEXT COLLATE "C" NOT NULL,
    conta       TEXT COLLATE "C" NOT NULL,
    chave       TEXT COLLATE "C" NOT NULL,
    mensagem_id TEXT COLLATE "C" NOT NULL,
    em          BIGINT NOT NULL,
    PRIMARY KEY (canal, conta, chave)
);
CREATE INDEX mensagens_externas_mensagem ON mensagens_externas (mensagem_id);
CREATE INDEX mensagens_externas_em ON mensagens_externas (em);

-- A receipt that came before the answer to the call that sent its message.
CREATE TABLE recibos (
    canal   TEXT COLLATE "C" NOT NULL,
    conta   TEXT COLLATE "C" NOT NULL,
    chave   TEXT COLLATE "C" NOT NULL,
    entrega TEXT COLLATE "C" NOT NULL,
    motivo  TEXT COLLATE "C",
    em      BIGINT NOT NULL,
    PRIMARY KEY (canal, conta, chave, entrega)
);
CREATE INDEX recibos_em ON recibos (em);

-- What was done to a message later: edited, deleted, reacted to. Its first words stay here.
CREATE TABLE anotacoes (
    mensagem_id TEXT COLLATE "C" NOT NULL,
    tipo        TEXT COLLATE "C" NOT NULL,
    autor       TEXT COLLATE "C" NOT NULL,
    valor       TEXT COLLATE "C",
    em          BIGINT NOT NULL,
    PRIMARY KEY (mensagem_id, tipo, autor)
);

-- How a channel is, judged by what it did. `parado_motivo` is why nothing is sent on it.
CREATE TABLE canais_estado (
    canal             TEXT COLLATE "C" PRIMARY KEY,
    ultima_entrada_em BIGINT,
    ultimo_envio_em   BIGINT,
    ultima_falha_em   BIGINT,
    falha             TEXT COLLATE "C",
    sondado_em        BIGINT,
    sonda_ok          BIGINT,
    sonda_erro        TEXT COLLATE "C",
    silencioso_desde  BIGINT,
    parado_motivo     TEXT COLLATE "C",
    parado_em         BIGINT
);

-- How many messages came and went in each hour (since the epoch), so that silence is told
-- from a quiet night.
CREATE TABLE canais_trafego (
    canal    TEXT COLLATE "C" NOT NULL,
    hora     BIGINT NOT NULL,
    entradas BIGINT NOT NULL DEFAULT 0,
    saidas   BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (canal, hora)
);
CREATE INDEX mensagens_recentes ON mensagens (conversa_id, id);
