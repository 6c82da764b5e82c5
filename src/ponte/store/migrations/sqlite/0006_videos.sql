-- Videos that the shop publishes. The file lies in the data folder, and the address that takes
-- its bytes lies encrypted in `tokens`, both by `id`. `postagem` is JSON: what is published,
-- and how. `incerto` is 1 while nobody knows whether a publication was begun.
CREATE TABLE tiktok_videos (
    id            TEXT PRIMARY KEY,
    sessao        TEXT NOT NULL,
    conta         TEXT,
    fonte         TEXT NOT NULL,
    modo          TEXT NOT NULL,
    postagem      TEXT NOT NULL,
    mime          TEXT,
    tamanho       INTEGER,
    duracao_s     INTEGER,
    estado        TEXT NOT NULL,
    motivo        TEXT,
    publish_id    TEXT,
    post_id       TEXT,
    enviados      INTEGER NOT NULL DEFAULT 0,
    inicios       INTEGER NOT NULL DEFAULT 0,
    incerto       INTEGER NOT NULL DEFAULT 0,
    iniciado_em   INTEGER,
    enviado_em    INTEGER,
    criado_em     INTEGER NOT NULL,
    atualizado_em INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX tiktok_videos_publicacao ON tiktok_videos (publish_id) WHERE publish_id IS NOT NULL;
CREATE INDEX tiktok_videos_ritmo ON tiktok_videos (sessao, iniciado_em);
CREATE INDEX tiktok_videos_por_enviar ON tiktok_videos (id)
    WHERE estado IN ('aceito', 'enviando');
