-- The mirror in a help desk: which conversation of its shows one of ours, and which message
-- of its one of ours. Its own ids are text, as everywhere.
CREATE TABLE espelho_conversas (
    conversa_id     TEXT COLLATE "C" PRIMARY KEY,
    contato         TEXT COLLATE "C",
    source_id       TEXT COLLATE "C" NOT NULL,
    nomeado         BIGINT NOT NULL DEFAULT 0,
    conversa        TEXT COLLATE "C",
    situacao        TEXT COLLATE "C",
    situacao_em     BIGINT,
    reaberta_em     BIGINT,
    pediu_aberta    BIGINT,
    pediu_pendente  BIGINT,
    criada_em       BIGINT NOT NULL,
    atualizada_em   BIGINT NOT NULL
);
CREATE INDEX espelho_conversas_conversa ON espelho_conversas (conversa);
CREATE INDEX espelho_conversas_source ON espelho_conversas (source_id);

-- `mensagem` is null while nobody knows whether it was posted; `parte` names a later wording.
CREATE TABLE espelho_mensagens (
    mensagem_id TEXT COLLATE "C" NOT NULL,
    parte       TEXT COLLATE "C" NOT NULL,
    conversa    TEXT COLLATE "C" NOT NULL,
    mensagem    TEXT COLLATE "C",
    autor       TEXT COLLATE "C" NOT NULL,
    contada     TEXT COLLATE "C",
    contada_em  BIGINT,
    apagada_em  BIGINT,
    em          BIGINT NOT NULL,
    PRIMARY KEY (mensagem_id, parte)
);
CREATE INDEX espelho_mensagens_mensagem ON espelho_mensagens (mensagem);
