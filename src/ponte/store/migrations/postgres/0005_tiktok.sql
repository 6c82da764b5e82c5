-- Sessions of TikTok: what is known of them. Their secrets lie encrypted in `tokens`, by `id`.
CREATE TABLE tiktok_sessoes (
    nome          TEXT COLLATE "C" PRIMARY KEY,
    id            TEXT COLLATE "C" NOT NULL,
    tipo          TEXT COLLATE "C" NOT NULL,
    superficie    TEXT COLLATE "C",
    conta         TEXT COLLATE "C",
    estado        TEXT COLLATE "C" NOT NULL,
    motivo        TEXT COLLATE "C",
    expira_em     BIGINT,
    renovar_em    BIGINT,
    criada_em     BIGINT NOT NULL,
    atualizada_em BIGINT NOT NULL
);
CREATE INDEX tiktok_sessoes_renovar ON tiktok_sessoes (renovar_em)
    WHERE renovar_em IS NOT NULL AND estado = 'ativa';
