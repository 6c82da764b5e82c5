"""Classify: what an answer of a Slack webhook means.

Success is the body `ok` and nothing else; errors are one word of text.
Source: https://docs.slack.dev/changelog/2016-05-17-changes-to-errors-for-incoming-webhooks
"""

from ponte.resilience.classes import OK, Classe, Verdict, by_status, one_line
from ponte.resilience.exchange import Answer

_BLOCKS = ("invalid_blocks", "msg_blocks_too_long")


def classify(answer: Answer) -> Verdict:
    """Return the verdict of one answer."""
    word = one_line(answer.text)[:80]
    if answer.status == 200:
        return OK if answer.text.strip() == "ok" else Verdict(Classe.GONE, f"HTTP 200 {word}")
    detail = f"HTTP {answer.status} {word}".strip()
    if answer.status in (404, 410):
        return Verdict(Classe.GONE, detail)
    if answer.status in (401, 403):
        return Verdict(Classe.AUTH, detail)
    verdict = by_status(answer.status, retry_after_s=answer.retry_after_s)
    if verdict is OK:  # another 2xx than Slack ever gives: somebody else answered
        return Verdict(Classe.GONE, detail)
    return Verdict(verdict.classe, detail, verdict.retry_after_s)


def classify_blocks(answer: Answer) -> Verdict:
    """Return the verdict of a try with blocks: their refusal counts as ok, the sink mends it."""
    return OK if refuses_blocks(answer) else classify(answer)


def refuses_blocks(answer: Answer) -> bool:
    """Tell whether the message was refused for its blocks alone."""
    return answer.status == 400 and any(word in answer.text for word in _BLOCKS)
