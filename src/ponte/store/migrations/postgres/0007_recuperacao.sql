-- How far each connector's past was read, so that an outage leaves no gap. What was written
-- before `ate_em` is here; `pedida_em` is when somebody asked for it to be read at once.
CREATE TABLE recuperacoes (
    conector     TEXT COLLATE "C" PRIMARY KEY,
    canal        TEXT COLLATE "C" NOT NULL,
    ate_em       BIGINT NOT NULL,
    puxada_em    BIGINT,
    tentada_em   BIGINT,
    ocupada_ate  BIGINT,
    pedida_em    BIGINT,
    pedida_desde BIGINT,
    novas        BIGINT NOT NULL DEFAULT 0,
    erro         TEXT COLLATE "C"
);
