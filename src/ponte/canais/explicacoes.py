"""Explicações: why a video was not published, in the words of the shop, by the code.

The codes are TikTok's own, and Ponte's where it knows before or instead of TikTok.
Source: https://developers.tiktok.com/doc/content-posting-api-reference-get-video-status and
https://developers.tiktok.com/doc/tiktok-api-v2-error-handling
"""

_PONTE = {
    "arquivo_ausente": "O arquivo do vídeo não está mais no disco. Envie o vídeo de novo.",
    "duracao_acima": "O vídeo é mais longo do que esta conta pode publicar.",
    "envio_recusado": "O TikTok não aceitou os bytes do vídeo. Envie o vídeo de novo.",
    "privacidade_recusada": "Esta conta não oferece a privacidade pedida.",
    "resultado_incerto": "A resposta do TikTok se perdeu: veja na conta se o vídeo saiu antes de"
    " pedir de novo.",
    "sem_fim": "O TikTok não disse em um dia o que foi feito do vídeo. Veja na conta.",
    "sessao_de_outra_conta": "A sessão agora é de outra conta.",
    "sessao_indisponivel": "A sessão não existe mais ou foi recusada. Autorize a conta de novo.",
    "tentativas_esgotadas": "O TikTok não respondeu depois de várias tentativas.",
}
_TIKTOK = {
    "access_token_invalid": "A autorização da conta venceu. Autorize a conta de novo.",
    "app_version_check_failed": "O aplicativo do TikTok da conta é antigo demais.",
    "auth_removed": "A conta retirou a autorização.",
    "duration_check_failed": "A duração do vídeo não serve para o TikTok.",
    "file_format_check_failed": "O formato do vídeo não serve para o TikTok.",
    "frame_rate_check_failed": "A taxa de quadros do vídeo não serve para o TikTok.",
    "internal": "O TikTok teve uma falha própria. Tente de novo mais tarde.",
    "invalid_file_upload": "O arquivo não serve para o TikTok.",
    "invalid_grant": "A autorização da conta não vale mais. Autorize a conta de novo.",
    "invalid_params": "O TikTok recusou um dos campos.",
    "picture_size_check_failed": "O tamanho da imagem do vídeo não serve para o TikTok.",
    "privacy_level_option_mismatch": "Esta conta não oferece a privacidade pedida.",
    "publish_cancelled": "A publicação foi cancelada.",
    "rate_limit_exceeded": "O TikTok pediu para esperar.",
    "reached_active_user_cap": "O aplicativo chegou ao limite de contas do dia.",
    "scope_not_authorized": "A conta não autorizou a publicação de vídeos.",
    "scope_permission_missed": "Falta uma permissão ao aplicativo.",
    "spam_risk": "O TikTok considerou o vídeo um risco.",
    "spam_risk_text": "O TikTok recusou o texto do vídeo.",
    "spam_risk_too_many_pending_share": "Há vídeos demais esperando na caixa da conta.",
    "spam_risk_too_many_posts": "A conta chegou ao limite de vídeos do dia.",
    "spam_risk_user_banned_from_posting": "O TikTok proibiu esta conta de publicar.",
    "unaudited_client_can_only_post_to_private_accounts": "O aplicativo ainda não foi aprovado"
    " pelo TikTok: só publica em contas privadas, com privacidade so_eu.",
    "url_ownership_unverified": "O endereço não é de um domínio verificado no TikTok.",
    "video_pull_failed": "O TikTok não conseguiu baixar o vídeo do endereço.",
}
EXPLICACOES = _PONTE | _TIKTOK


def explain(motivo: str | None) -> str | None:
    """Return what a code means, None where there is none or it says nothing here."""
    return None if motivo is None else EXPLICACOES.get(motivo)
