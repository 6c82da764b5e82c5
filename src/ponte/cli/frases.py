"""Frases: what other parts say in English, for a person who reads Portuguese.

The API, the settings, the option parser and the operating system speak English, and
their words end up as the cause in one of our sentences. Each known sentence has its
Portuguese here; an unknown one is shown as it came, since a cause in English is
better than none. Only words for people pass through here, never data.
"""

import re
from functools import cache

# A sentence as it comes -> as it is said. `{}` is any text, taken over as it is.
FRASES = {
    # The API.
    "{} {} not found": "{} {} não existe",
    "A key is needed": "falta a chave",
    "Unknown, expired or revoked key": "chave desconhecida, vencida ou revogada",
    "The key lacks the scope {}": "a chave não tem o escopo {}",
    "Produto {}: {} units asked, {} left": "produto {}: {} unidades pedidas, restam {}",
    "produto {} does not exist": "o produto {} não existe",
    "produto {} is new: nome and preco are needed": "o produto {} é novo: faltam nome e preco",
    "Too many requests; try again in {} s": "pedidos demais; de novo em {} s",
    "starting or stopping": "começando ou terminando",
    "the oldest order waits for more than a minute": "o pedido mais antigo espera há mais de 1 min",
    "a row waits to be sent for more than a minute": "há envio parado há mais de um minuto",
    "nobody consumes, and an order waits": "ninguém consome a fila, e um pedido espera",
    "a committed fact waits for the sockets for more than half a minute": (
        "um fato gravado não chega às telas há mais de meio minuto"
    ),
    "away, going on without: {}": "ausente; segue sem ele: {}",
    "The database can't store now": "o banco não grava agora",
    "The database rolled back": "o banco desfez a gravação",
    "Not ready: {}": "não está pronto: {}",
    "A body has at most {} bytes": "um corpo tem no máximo {} bytes",
    "Duplicate key {}": "chave repetida {}",
    "Not JSON as RFC 8259 has it: {}": "não é JSON (RFC 8259): {}",
    "A whole number beyond 64 bits": "um número inteiro além de 64 bits",
    "The character U+0000 is not allowed": "o caractere U+0000 não é aceito",
    "U+0000 is not allowed": "U+0000 não é aceito",
    "Another site's page can't do this": "a página de outro site não pode fazer isto",
    "a value of proximo expected": "esperado um valor de proximo",
    "{} to {} expected": "esperado de {} a {}",
    "{} to {} visible ASCII characters expected": "esperados de {} a {} caracteres ASCII visíveis",
    "RFC 3339 expected": "esperado RFC 3339, como 2026-11-24T12:00:00Z",
    "already over": "já passou",
    "is in the future": "está no futuro",
    "unknown": "desconhecido",
    "unknown scope": "escopo desconhecido",
    "invalid": "inválido",
    "required": "falta",
    "unknown field": "campo desconhecido",
    "text expected": "esperado um texto",
    "whole number expected": "esperado um número inteiro",
    "number expected": "esperado um número",
    "finite number expected": "esperado um número finito",
    "true or false expected": "esperado true ou false",
    "list expected": "esperada uma lista",
    "object expected": "esperado um objeto",
    "null expected": "esperado null",
    "not text: it holds a NUL byte": "não é texto: contém um byte NUL",
    "the total is out of range": "o total sai dos limites",
    "the CSV has no rows": "o CSV não tem linhas",
    "more than {} rows": "mais de {} linhas",
    "not a CSV: {}": "não é um CSV: {}",
    "a column stands twice": "uma coluna está repetida",
    "column {} is missing": "falta a coluna {}",
    "repeats line {}": "repete a linha {}",
    "{} errors": "{} erros",
    "neither a valid CPF nor a valid CNPJ": "nem CPF nem CNPJ válido",
    "not a valid phone number": "não é um telefone válido",
    "not a phone number": "não é um telefone",
    "not an e-mail address": "não é um e-mail",
    "not a whole number": "não é um número inteiro",
    "decimal text with at most two places expected, like {}": (
        "esperado um decimal com até duas casas, como {}"
    ),
    "RFC 3339 expected, like {}": "esperado RFC 3339, como {}",
    "time without an offset": "hora sem fuso",
    "column {} is unknown": "a coluna {} é desconhecida",
    "has another number of cells than the header": "tem outro número de células que o cabeçalho",
    "{} rows; {} are taken at once, send the sheet in parts": (
        "{} linhas; {} entram de uma vez, mande a planilha em partes"
    ),
    "a whole number from {} to {} expected": "esperado um número inteiro de {} a {}",
    "{} to {} characters in one line expected": "esperados de {} a {} caracteres em uma linha",
    "{} to {} digits expected": "esperados de {} a {} dígitos",
    "an http(s) address expected": "esperado um endereço http(s)",
    "'/' can't stand in an address": "'/' não cabe em um endereço",
    "amount {} out of range": "valor {} fora dos limites",
    "amount out of range": "valor fora dos limites",
    "zero changes nothing": "zero não muda nada",
    "nome or labels expected": "falta nome ou labels",
    "causa, fila or ids expected": "falta causa, fila ou ids",
    "Pedido {} is cancelled already": "o pedido {} já está cancelado",
    "Pedido {} is {}; only sem_estoque and erro can be tried again": (
        "o pedido {} está {}; só sem_estoque e erro podem ser tentados de novo"
    ),
    "The failure is {}, not open": "a falha está {}, não aberta",
    "The alert is resolved already": "o alerta já está resolvido",
    "The silence ended already": "o silêncio já acabou",
    "This Idempotency-Key was used with another request": (
        "esta Idempotency-Key já serviu a outro pedido"
    ),
    "The signature is missing or wrong": "a assinatura falta ou está errada",
    "The connector {} is off": "o conector {} está desligado",
    "{} is off, or its past can't be read": "{} está desligado, ou não conta o que houve",
    "{} is off, or can't be asked how it is": "{} está desligado, ou não diz como está",
    "{} is off, or what serves it pairs no telephones": (
        "{} está desligado, ou quem o serve não pareia celulares"
    ),
    "{} is off, or is told where to post on the platform's own pages": (
        "{} está desligado, ou recebe o endereço do webhook nas páginas da plataforma"
    ),
    "{} is stopped already": "{} já está parado",
    "{} is not stopped": "{} não está parado",
    "{} is not set: its events come to nobody until it is": (
        "falta {}: sem ela, os eventos não chegam a ninguém"
    ),
    "RFC 3339 with an offset expected": (
        "esperado RFC 3339 com fuso, como 2026-11-24T08:00:00-03:00"
    ),
    "within the last {} days expected": "esperado um instante dos últimos {} dias",
    # Rules of values (pydantic).
    "Input should be a valid integer, {}": "esperado um número inteiro",
    "Input should be a valid integer": "esperado um número inteiro",
    "Input should be a valid number, {}": "esperado um número",
    "Input should be a valid number": "esperado um número",
    "Input should be a valid boolean, {}": "esperado true ou false",
    "Input should be a valid string": "esperado um texto",
    "Input should be a valid decimal": "esperado um número decimal",
    "Input should be greater than or equal to {}": "deve ser {} ou mais",
    "Input should be greater than {}": "deve ser maior que {}",
    "Input should be less than or equal to {}": "deve ser {} ou menos",
    "Input should be less than {}": "deve ser menor que {}",
    "Input should be {} or {}": "esperado {} ou {}",
    "Input should be a valid URL, {}": "esperado um endereço (URL)",
    "Field required": "falta",
    "Extra inputs are not permitted": "campo desconhecido",
    "String should have at least {} characters": "deve ter {} caracteres ou mais",
    "String should have at least {} character": "deve ter {} caractere ou mais",
    "String should have at most {} characters": "deve ter {} caracteres ou menos",
    "String should match pattern {}": "deve seguir o padrão {}",
    "List should have at least {} item after validation, not {}": "falta ao menos {} item",
    "List should have at most {} items after validation, not {}": "mais de {} itens",
    "Decimal input should have no more than {} decimal places": "no máximo {} casas decimais",
    "Value error, {}": "{}",
    "must have {} characters or more": "deve ter {} caracteres ou mais",
    "no such time zone, {} is one": "não há este fuso horário; {} é um",
    "not a valid CNPJ": "não é um CNPJ válido",
    "not a valid CPF": "não é um CPF válido",
    "not a valid CPF or CNPJ": "não é um CPF ou CNPJ válido",
    "not a Brazilian state": "não é uma UF",
    # What keeps a process from starting.
    "this version stores in SQLite only": "esta versão grava só em SQLite",
    "this version queues in the database only": "esta versão tem a fila só no banco",
    "leave it empty": "deixe vazia",
    "postgresql://user:password@host:port/database expected": (
        "esperado postgresql://usuário:senha@servidor:porta/banco"
    ),
    "PostgreSQL can't be reached": "o PostgreSQL não responde",
    "PostgreSQL can't be reached: {}": "não há acesso ao PostgreSQL: {}",
    "PostgreSQL can't be reached: ConnectionRefusedError": (
        "nenhum PostgreSQL escuta neste endereço"
    ),
    "PostgreSQL can't be reached: gaierror": "o nome do servidor PostgreSQL é desconhecido",
    "PostgreSQL can't be reached: TimeoutError": "o PostgreSQL não respondeu a tempo",
    "PostgreSQL can't be reached: ConnectionResetError": "o PostgreSQL fechou a conexão",
    "PostgreSQL can't be reached: ConnectionDoesNotExistError": "o PostgreSQL fechou a conexão",
    "PostgreSQL can't be reached: ConnectionError": "o PostgreSQL não fala TLS",
    "PostgreSQL can't be reached: SSLCertVerificationError": (
        "o certificado do PostgreSQL não confere"
    ),
    # The server's own words; in quotes, what its operator named.
    "password authentication failed for user {}": "senha errada, ou o usuário {} não existe",
    "no password supplied": "falta a senha",
    "role {} does not exist": "o usuário {} não existe",
    "role {} is not permitted to log in": "o usuário {} não pode entrar",
    "database {} does not exist": "o banco {} não existe",
    "database {} is not currently accepting connections": "o banco {} não aceita conexões agora",
    "permission denied for database {}": "o usuário não pode usar o banco {}",
    "permission denied for schema {}": "o usuário não pode usar o esquema {}",
    "permission denied for table {}": "o usuário não pode usar a tabela {}",
    "must be owner of table {}": "a tabela {} é de outro usuário",
    "no pg_hba.conf entry for host {}, user {}, database {}": (
        "pg_hba.conf não deixa entrar de {} o usuário {} no banco {}"
    ),
    "pg_hba.conf rejects connection for host {}, user {}, database {}": (
        "pg_hba.conf recusa de {} o usuário {} no banco {}"
    ),
    "sorry, too many clients already": "o servidor tem conexões demais",
    "too many connections for {} {}": "conexões demais para {1}",
    "remaining connection slots are reserved for {}": "o servidor tem conexões demais",
    "the database system is starting up": "o servidor ainda está começando",
    "the database system is shutting down": "o servidor está terminando",
    "the database system is in recovery mode": "o servidor está se recuperando de uma queda",
    "the database system is not yet accepting connections{}": "o servidor ainda está começando",
    "terminating connection due to administrator command": "o servidor foi mandado terminar",
    "cannot execute {} in a read-only transaction": "o servidor só permite leitura",
    "unrecognized configuration parameter {}": (
        "o servidor é antigo demais: não conhece o ajuste {}"
    ),
    "PostgreSQL refused a migration: PostgresSyntaxError: {}": (
        "o servidor não entende a migração, e pode ser antigo demais: {}"
    ),
    "PostgreSQL refused a migration: InsufficientPrivilegeError: {}": (
        "o PostgreSQL recusou uma migração: {}"
    ),
    "syntax error at or near {}": "erro de sintaxe perto de {}",
    "could not extend file {}: No space left on device{}": "não há espaço no disco do servidor",
    "PostgreSQL refused a migration: {}": "o PostgreSQL recusou uma migração: {}",
    "the address must begin with one of {} and ://": "o endereço deve começar por um de {} e ://",
    "not an address": "não é um endereço",
    "{} needs a driver: {}": "{} precisa de um driver: {}",
    "There is no connector {}": "não há o conector {}",
    "{} must be 64 hexadecimal digits": "{} deve ter 64 dígitos hexadecimais",
    "{} and {} go together": "{} e {} andam juntas",
    "{} can be reached by others: set {} and {}, or {} when a proxy in front has them": (
        "{} pode ser alcançado por outros: defina {} e {}, ou {} quando um proxy na frente os tem"
    ),
    "{} is no network": "{} não é uma rede",
    "{} holds a real installation, which a demonstration never touches": (
        "{} contém uma instalação de verdade, em que uma demonstração nunca toca"
    ),
    "{} can't be written: {}": "{} não pode ser escrito: {}",
    "{} is not a key of {} bytes": "{} não é uma chave de {} bytes",
    "The database is at migration {}, this Ponte knows {}": (
        "o banco está na migração {}, este Ponte conhece até {}"
    ),
    "Migration {} was changed after it was applied": "a migração {} foi mudada depois de aplicada",
    "{} is the demonstration company; producao needs your own": (
        "{} é a empresa de demonstração; producao precisa da sua"
    ),
    # The option parser.
    "No such option: {} (Possible options: {})": "não há a opção {} (parecidas: {})",
    "No such option: {}": "não há a opção {}",
    "Option {} requires an argument": "a opção {} precisa de um valor",
    "Option {} requires {} arguments": "a opção {} precisa de {} valores",
    "Option {} does not take a value": "a opção {} não leva valor",
    "Missing argument {}": "falta o argumento {}",
    "Missing option {}": "falta a opção {}",
    "Missing parameter {}": "falta {}",
    "Missing command": "falta o comando",
    "Got unexpected extra argument(s) ({})": "argumento a mais: {}",
    "Invalid value for {}: {} is not in the range {}": "valor inválido para {}: {} está fora de {}",
    "Invalid value for {}: {} is not a valid integer": (
        "valor inválido para {}: {} não é um número inteiro"
    ),
    "Invalid value for {}: {} is not a valid float": "valor inválido para {}: {} não é um número",
    "Invalid value for {}: {}": "valor inválido para {}: {}",
    # The system, the network and SQLite.
    "[Errno {}] {}: {}": "{2}: {1}",
    "[Errno {}] {}": "{1}",
    "No such file or directory": "arquivo ou pasta não existe",
    "Permission denied": "permissão negada",
    "Operation not permitted": "operação não permitida",
    "Is a directory": "é uma pasta",
    "Not a directory": "não é uma pasta",
    "File exists": "já existe",
    "No space left on device": "não há espaço no disco",
    "Read-only file system": "sistema de arquivos só de leitura",
    "Address already in use": "endereço já em uso",
    "Cannot assign requested address": "este endereço não é desta máquina",
    "Connection refused": "conexão recusada",
    "All connection attempts failed": "ninguém escuta neste endereço",
    "Connect call failed ('{}', {})": "ninguém escuta em {}:{}",
    "Multiple exceptions: {}": "ninguém escuta neste endereço",
    "Name or service not known": "nome desconhecido",
    "Temporary failure in name resolution": "o nome não pôde ser resolvido",
    "timed out": "sem resposta a tempo",
    "timed out during opening handshake": "sem resposta a tempo",
    "unexpected character, {}": "caractere inesperado",
    "unexpected end of data{}": "o texto acaba antes do fim",
    "invalid start byte": "byte inválido",
    "invalid continuation byte": "byte inválido",
    "file is not a database": "o arquivo não é um banco",
    "database disk image is malformed": "o arquivo do banco está danificado",
    "database is locked": "o banco está ocupado",
    "unable to open database file": "o arquivo do banco não abre",
    "attempt to write a readonly database": "o banco só permite leitura",
    "no such table: {}": "falta a tabela {}",
    "server rejected WebSocket connection: HTTP {}": "o servidor recusou a conexão: HTTP {}",
    "did not receive a valid HTTP response": "quem responde não é um servidor HTTP",
    "Request URL is missing an 'http://' or 'https://' protocol": "o endereço precisa de http:// ou https://",
}

_AJUDA = (
    (re.compile(r"^Usage: ", re.MULTILINE), "Uso: "),
    (re.compile(r"^Options:", re.MULTILINE), "Opções:"),
    (re.compile(r"^Arguments:", re.MULTILINE), "Argumentos:"),
    (re.compile(r"^Commands:", re.MULTILINE), "Comandos:"),
    (re.compile(r"\[OPTIONS\]"), "[OPÇÕES]"),
    (re.compile(r"COMMAND \[ARGS\]"), "COMANDO [ARGUMENTOS]"),
    (re.compile(r"(?<=[\[;\s])required\]"), "obrigatório]"),
    (re.compile(r"(?<=[\[;\s])default: "), "padrão: "),
    (re.compile(r"Show this message and exit\."), "Mostra esta ajuda e sai."),
    (re.compile(r"Install completion for the current shell\."), "Instala a completação no shell."),
    (
        re.compile(
            r"Show\s+completion\s+for\s+the\s+current\s+shell,\s+to\s+copy\s+it\s+or"
            r"\s+customize\s+the\s+installation\."
        ),
        "Mostra a completação do shell, para copiar.",
    ),
)


def portuguese(texto: str) -> str:
    """Return a cause in Portuguese, part by part; what is not known stays as it is."""
    known = _whole(texto)
    return known if known is not None else "; ".join(_part(part) for part in texto.split("; "))


def portuguese_help(texto: str) -> str:
    """Return a help page with the parser's own words in Portuguese."""
    for pattern, words in _AJUDA:
        texto = pattern.sub(words, texto)
    return texto


def _part(texto: str) -> str:
    """Translate a sentence, or what follows the name of the thing it speaks of."""
    known = _whole(texto)
    if known is not None:
        return known
    head, colon, rest = texto.partition(": ")
    return f"{head}{colon}{_part(rest)}" if colon else texto


def _whole(texto: str) -> str | None:
    plain = texto.rstrip(".")
    for pattern, words in _patterns():
        found = pattern.fullmatch(plain)
        if found:
            return words.format(*(portuguese(g) if " " in g else g for g in found.groups()))
    return None


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    # The one that says most goes first, so that none hides behind a shorter one.
    most_first = sorted(FRASES.items(), key=lambda pair: -len(pair[0].replace("{}", "")))
    return tuple(
        (re.compile(re.escape(frase).replace(r"\{\}", "(.+?)"), re.DOTALL), words)
        for frase, words in most_first
    )
