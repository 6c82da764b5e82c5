-- The mirror in a help desk: which conversation of its shows one of ours, and which message
-- of its one of ours. Its own ids are text, as everywhere.
CREATE TABLE espelho_conversas (
    conversa_id     TEXT PRIMARY KEY,
    contato         TEXT,
    source_id       TEXT NOT NULL,
    nomeado         INTEGER NOT NULL DEFAULT 0,
    conversa        TEXT,
    situacao        TEXT,
    situacao_em     INTEGER,
    reaberta_em     INTEGER,
    pediu_aberta    INTEGER,
    pediu_pendente  INTEGER,
    criada_em       INTEGER NOT NULL,
    atualizada_em   INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX espelho_conversas_conversa ON espelho_conversas (conversa);
CREATE INDEX espelho_conversas_source ON espelho_conversas (source_id);

-- `mensagem` is null while nobody knows whether it was posted; `parte` names a later wording.
CREATE TABLE espelho_mensagens (
    mensagem_id TEXT NOT NULL,
    parte       TEXT NOT NULL,
    conversa    TEXT NOT NULL,
    mensagem    TEXT,
    autor       TEXT NOT NULL,
    contada     TEXT,
    contada_em  INTEGER,
    apagada_em  INTEGER,
    em          INTEGER NOT NULL,
    PRIMARY KEY (mensagem_id, parte)
) WITHOUT ROWID;
CREATE INDEX espelho_mensagens_mensagem ON espelho_mensagens (mensagem);
