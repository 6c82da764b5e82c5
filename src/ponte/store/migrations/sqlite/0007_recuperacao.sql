-- How far each connector's past was read, so that an outage leaves no gap. What was written
-- before `ate_em` is here; `pedida_em` is when somebody asked for it to be read at once.
CREATE TABLE recuperacoes (
    conector     TEXT PRIMARY KEY,
    canal        TEXT NOT NULL,
    ate_em       INTEGER NOT NULL,
    puxada_em    INTEGER,
    tentada_em   INTEGER,
    ocupada_ate  INTEGER,
    pedida_em    INTEGER,
    pedida_desde INTEGER,
    novas        INTEGER NOT NULL DEFAULT 0,
    erro         TEXT
) WITHOUT ROWID;
