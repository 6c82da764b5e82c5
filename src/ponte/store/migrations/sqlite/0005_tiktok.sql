-- Sessions of TikTok: what is known of them. Their secrets lie encrypted in `tokens`, by `id`.
CREATE TABLE tiktok_sessoes (
    nome          TEXT PRIMARY KEY,
    id            TEXT NOT NULL,
    tipo          TEXT NOT NULL,
    superficie    TEXT,
    conta         TEXT,
    estado        TEXT NOT NULL,
    motivo        TEXT,
    expira_em     INTEGER,
    renovar_em    INTEGER,
    criada_em     INTEGER NOT NULL,
    atualizada_em INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX tiktok_sessoes_renovar ON tiktok_sessoes (renovar_em)
    WHERE renovar_em IS NOT NULL AND estado = 'ativa';
