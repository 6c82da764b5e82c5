-- Videos that the shop publishes. The file lies in the data folder, and the address that takes
-- its bytes lies encrypted in `tokens`, both by `id`. `postagem` is JSON: what is published,
-- and how. `incerto` is 1 while nobody knows whether a publication was begun.
CREATE TABLE tiktok_videos (
    id            TEXT COLLATE "C" PRIMARY KEY,
    sessao        TEXT COLLATE "C" NOT NULL,
    conta         TEXT COLLATE "C",
    fonte         TEXT COLLATE "C" NOT NULL,
    modo          TEXT COLLATE "C" NOT NULL,
    postagem      TEXT COLLATE "C" NOT NULL,
    mime          TEXT COLLATE "C",
    tamanho       BIGINT,
    duracao_s     BIGINT,
    estado        TEXT COLLATE "C" NOT NULL,
    motivo        TEXT COLLATE "C",
    publish_id    TEXT COLLATE "C",
    post_id       TEXT COLLATE "C",
    enviados      BIGINT NOT NULL DEFAULT 0,
    inicios       BIGINT NOT NULL DEFAULT 0,
    incerto       BIGINT NOT NULL DEFAULT 0,
    iniciado_em   BIGINT,
    enviado_em    BIGINT,
    criado_em     BIGINT NOT NULL,
    atualizado_em BIGINT NOT NULL
);
CREATE INDEX tiktok_videos_publicacao ON tiktok_videos (publish_id) WHERE publish_id IS NOT NULL;
CREATE INDEX tiktok_videos_ritmo ON tiktok_videos (sessao, iniciado_em);
CREATE INDEX tiktok_videos_por_enviar ON tiktok_videos (id)
    WHERE estado IN ('aceito', 'enviando');
