"""Ingles, ditas: errors, hints, findings of the doctor and talk, and what they are in English."""

DITAS = {
    # An error and what to try.
    "Erro": "Error",
    "Tente": "Try",
    "{} [s/N] ": "{} [y/N] ",
    "Interrompido.": "Interrupted.",
    "Falta confirmar": "A confirmation is missing",
    "repetir com -y para confirmar": "again with -y to confirm",
    "Nada foi feito": "Nothing was done",
    "não confirmado": "not confirmed",
    "Acesso negado": "Access denied",
    "Ponte recusou": "Ponte refused",
    "Ponte não responde": "Ponte does not answer",
    "de novo em alguns segundos, ou ponte doctor": "again in a few seconds, or ponte doctor",
    "PONTE_API_KEY=…, ou PONTE_KEY_FILE=…/admin.key": (
        "PONTE_API_KEY=…, or PONTE_KEY_FILE=…/admin.key"
    ),
    "PONTE_KEY_FILE=…, ou PONTE_API_KEY": "PONTE_KEY_FILE=…, or PONTE_API_KEY",
    "PONTE_API_KEY com os escopos das salas": "PONTE_API_KEY with the scopes of the rooms",
    "ponte up, ou --url com o endereço certo": "ponte up, or --url with the right address",
    "{} não é um endereço": "{} is not an address",
    "ninguém escuta": "nobody listens",
    "ninguém escuta, e não há banco local": "nobody listens, and there is no local database",
    "A chave não pode ser lida": "The key can't be read",
    "Configuração inválida": "Invalid configuration",
    "corrigir a variável no ambiente ou no .env (veja .env.example)": (
        "mend the variable in the environment or in .env (see .env.example)"
    ),
    "{} não é lida por ninguém": "{} is read by nobody",
    "talvez {}": "perhaps {}",
    "Aviso: {}.": "Warning: {}.",
    "Não há o comando {}": "There is no command {}",
    "--color não aceita {}": "--color does not take {}",
    "auto, always ou never": "auto, always or never",
    "Não posso começar": "Ponte can't start",
    "outra porta com --port, ou parar quem a usa": (
        "another port with --port, or stop who uses it"
    ),
    "--host 127.0.0.1, ou TLS como em .env.example": (
        "--host 127.0.0.1, or TLS as in .env.example"
    ),
    "usar o Ponte que escreveu este banco, ou outro PONTE_DATA_DIR": (
        "use the Ponte that wrote this database, or another PONTE_DATA_DIR"
    ),
    "O arquivo não pode ser lido": "The file can't be read",
    "O arquivo não é texto UTF-8": "The file is not UTF-8 text",
    "O arquivo não é JSON": "The file is not JSON",
    "O arquivo não pode ser escrito": "The file can't be written",
    "{} já existe": "{} exists already",
    "outro nome, ou -y para trocar": "another name, or -y to replace it",
    # The database.
    "Não há banco": "There is no database",
    "{} não existe": "{} does not exist",
    "PONTE_DATA_DIR=… , ou começar com `ponte up`": "PONTE_DATA_DIR=… , or begin with `ponte up`",
    "O banco não pode ser lido": "The database can't be read",
    "O endereço do banco não serve": "The database's address is no good",
    "O banco não responde": "The database does not answer",
    "conferir o servidor, o usuário e a senha de PONTE_DATABASE_URL": (
        "check server, user and password of PONTE_DATABASE_URL"
    ),
    "O banco não pode ser escrito": "The database can't be written",
    "conferir dono e permissões da pasta, ou PONTE_DATA_DIR": (
        "check owner and modes of the folder, or PONTE_DATA_DIR"
    ),
    "O banco não é desta versão": "The database is not of this version",
    "usar o Ponte que o escreveu, ou mais novo": "use the Ponte that wrote it, or a newer one",
    "ponte restore CÓPIA": "ponte restore COPY",
    "Ponte está rodando": "Ponte is running",
    "{} processo(s) usam {}": "{} process(es) use {}",
    "parar todos (Ctrl-C ou SIGTERM) e repetir": "stop them all (Ctrl-C or SIGTERM) and try again",
    "Trocar {} pela cópia? O atual fica guardado ao lado.": (
        "Replace {} by the copy? The present one is kept beside it."
    ),
    "A cópia saiu danificada": "The copy came out damaged",
    "A cópia não pode ser escrita": "The copy can't be written",
    "{} não é um banco de Ponte": "{} is not a database of Ponte",
    "Dentro: {}.": "In it: {}.",
    "pedidos, estoque, notas, filas, fatos, alertas, hashes das chaves, tokens cifrados": (
        "pedidos, estoque, notas, queues, facts, alertas, hashes of keys, encrypted tokens"
    ),
    "Fora: {}. Guarde-os à parte, e a cópia cifrada: ela tem dados pessoais.": (
        "Not in it: {}. Keep those apart, and the copy encrypted: it holds personal data."
    ),
    "chave.mestra (abre os tokens cifrados), admin.key, .env, Logs": (
        "chave.mestra (opens the encrypted tokens), admin.key, .env, Logs"
    ),
    "{} não é uma cópia de `ponte backup`": "{} is not a copy of `ponte backup`",
    "{} não pode ser lido": "{} can't be read",
    "O banco do servidor tem outras tabelas": "The server's database has other tables",
    "um banco vazio, só de Ponte": "an empty database, for Ponte alone",
    "restaurar sem PONTE_DATABASE_URL, e então ponte migrate --to postgresql://…": (
        "restore without PONTE_DATABASE_URL, and then ponte migrate --to postgresql://…"
    ),
    "parar todos (Ctrl-C ou SIGTERM), esperar {} s e repetir": (
        "stop them all (Ctrl-C or SIGTERM), wait for {} s and try again"
    ),
    "Falta o programa {}": "The program {} is missing",
    "instalar os programas do cliente (postgresql-client-{})": (
        "install the client's programs (postgresql-client-{})"
    ),
    "o servidor é PostgreSQL {}": "the server is PostgreSQL {}",
    "o servidor é PostgreSQL {}, e o daqui é o {}": (
        "the server is PostgreSQL {}, and this machine's is {}"
    ),
    "A cópia não foi feita nem restaurada": "The copy was neither made nor restored",
    "Agora: PONTE_DATABASE_URL={} (com usuário e senha), e começar Ponte.": (
        "Now: PONTE_DATABASE_URL={} (with user and password), and start Ponte."
    ),
    "Fica onde está, e ainda serve: {} (chave.mestra, admin.key).": (
        "Stays where it is, and still serves: {} (chave.mestra, admin.key)."
    ),
    "{} linhas de {} tabelas levadas e conferidas, uma a uma: {}": (
        "{} rows of {} tables taken over and compared, one by one: {}"
    ),
    "--to e --dry-run não andam juntos": "--to and --dry-run don't go together",
    "sem PONTE_DATABASE_URL, para levar o arquivo": (
        "without PONTE_DATABASE_URL, to take the file over"
    ),
    "O banco de destino não está vazio": "The database it is to go to is not empty",
    "O banco está ocupado": "The database is in use",
    "um banco novo: createdb": "a new database: createdb",
    # The doctor.
    "disco": "disk", "gravação": "writing", "arquivos": "files", "variáveis": "variables",
    "exposição": "exposure", "porta": "port", "banco": "database", "esquema": "schema",
    "relógio": "clock", "chaves": "keys", "conectores": "connectors", "falhas": "falhas",
    "conector {}": "connector {}", "motor da fila": "queue's engine",
    "motor do stream": "stream's engine",
    "{} GiB livres em {}": "{} GiB free in {}",
    "liberar espaço; sem ele Ponte responde 503": "make room; without it Ponte answers 503",
    "{} não aceita escrita": "{} can't be written",
    "{} não aceita escrita: {}": "{} can't be written: {}",
    "conferir dono e permissões, ou PONTE_DATA_DIR": "check owner and modes, or PONTE_DATA_DIR",
    "fsync em {} ms (mediana)": "fsync in {} ms (median)",
    "um disco local; cada pedido espera por um fsync": (
        "a local disk; every pedido waits for an fsync"
    ),
    "só o dono os lê": "only their owner reads them",
    "outros leem {}": "others read {}",
    "todas as PONTE_* são lidas": "every PONTE_* is read",
    "corrigir o nome no ambiente ou no .env (veja .env.example)": (
        "mend the name in the environment or in .env (see .env.example)"
    ),
    "--host 127.0.0.1, ou TLS": "--host 127.0.0.1, or TLS",
    "{}, com chave para o que não é público": "{}, with a key for what is not public",
    "Ponte responde em {}": "Ponte answers at {}",
    "{} livre, nenhum Ponte nela": "{} free, no Ponte on it",
    "outro programa usa {}": "another program uses {}",
    "ainda não há {}": "no {} so far",
    "`ponte up` o faz": "`ponte up` makes it",
    "faltam {}": "{} are missing",
    "em dia": "up to date",
    "{}, zona {}": "{}, zone {}",
    "está {} s antes do último fato": "it is {} s before the last fact",
    "acertar o relógio (NTP)": "set the clock (NTP)",
    "{} esperando, o mais antigo há {} s": "{} waiting, the oldest for {} s",
    "papéis vivos: {}": "living roles: {}",
    "papéis vivos: nenhum": "living roles: none",
    "ponte up, ou ponte worker": "ponte up, or ponte worker",
    "{} abertas": "{} open",
    "{} de demonstração": "{} of a demonstration",
    "ponte keys list e revoke": "ponte keys list and revoke",
    "ligado": "on",
    "ligado e respondendo": "on and answering",
    "PONTE_{}__… no .env": "PONTE_{}__… in .env",
    "o próprio banco": "the database itself",
    "{} em {}": "{} at {}",
    "{} em {}: {}": "{} at {}: {}",
    "{} responde em {}": "{} answers at {}",
    "até lá tudo anda sem ele": "until then everything goes on without it",
    "{} responde em {}, em {} ms": "{} answers at {}, in {} ms",
    "ligar o {}, ou corrigir {}": "start {}, or mend {}",
    "corrigir {}": "mend {}",
    "corrigir {} (veja .env.example)": "mend {} (see .env.example)",
    "até lá os pedidos entram e andam pelo banco": (
        "until then pedidos come in and go on through the database"
    ),
    "até lá os fatos esperam no banco": "until then the facts wait in the database",
    "o nome {} é desconhecido nesta rede": "the name {} is unknown in this network",
    "sem resposta em {} s": "no answer in {} s",
    "um firewall no caminho?": "a firewall on the way?",
    "ninguém escuta ali": "nobody listens there",
    "usuário ou senha recusados": "user or password refused",
    "o vhost não existe, ou este usuário não pode usá-lo": (
        "the vhost does not exist, or this user may not use it"
    ),
    "o certificado não confere": "the certificate can't be verified",
    "não fala TLS": "it does not speak TLS",
    "a porta abre, mas quem responde não é um {} pronto ({})": (
        "the port opens, but who answers is no {} that is ready ({})"
    ),
    "Pacote sem segredos: {}": "Bundle without secrets: {}",
    "O pacote não pode ser escrito": "The bundle can't be written",
    # Nouns' own.
    "Nenhum Ponte está rodando: os avisos esperam na fila por `{} up`.": (
        "No Ponte is running: the notices wait in the queue for `{} up`."
    ),
    "Nenhum Ponte está rodando: o pedido espera na fila por `{} up`.": (
        "No Ponte is running: the pedido waits in the queue for `{} up`."
    ),
    "Teste de alerta": "Test of an alerta",
    "Teste, nada a fazer.": "A test, nothing to do.",
    "Importar {} linhas?": "Import {} rows?",
    "{} não é um número": "{} is not a number",
    "+12 ou -3": "+12 or -3",
    "Descartar? O trabalho não será feito.": "Discard? The work will not be done.",
    "Falta dizer quais falhas": "It was not said which falhas",
    "um id, --causa ou --fila": "an id, --causa or --fila",
    "Nenhuma falha aberta com este id": "No open falha with this id",
    "--rate vai de 0,01 a 100 pedidos por segundo": "--rate goes from 0.01 to 100 pedidos a second",
    "Este Ponte já tem {} produtos. Pôr os de exemplo e vendê-los?": (
        "This Ponte has {} products already. Put the samples in and sell them?"
    ),
    "Loja de exemplo: {} linhas de estoque.": "Sample shop: {} rows of estoque.",
    "Sem resposta: {}": "No answer: {}",
    "INESPERADO: {}": "UNEXPECTED: {}",
    "a repetição de {} virou outro pedido, {}": "the repeat of {} became another pedido, {}",
    "HTTP {} em vez de {}": "HTTP {} in place of {}",
    "{} já tem {}": "{} already has {}",
    "{} já tem {} e mais": "{} already has {} and more",
    "outra pasta com --dir, ou --force para trocar": (
        "another folder with --dir, or --force to replace them"
    ),
    "--engines não conhece {}": "--engines does not know {}",
    "--engines: sqlite e postgres são dois bancos": (
        "--engines: sqlite and postgres are two databases"
    ),
    "A pasta não pode ser feita": "The folder can't be made",
    "Segredos novos em {}, que só você lê. Agora:": (
        "Fresh secrets in {}, which only you read. Now:"
    ),
    "Chave {} ({}): não será mostrada de novo.": "Key {} ({}): it will not be shown again.",
    "Revogar a chave {}? Quem a usa perde o acesso.": (
        "Revoke the key {}? Who uses it loses access."
    ),
    "Conexão caída; volto em até {} s.": "The connection fell; back within {} s.",
    "Ouvindo o que é público.": "Listening to what is public.",
    "Ouvindo: {}.": "Listening: {}.",
    "{} fatos não foram repassados": "{} facts were not handed on",
    "  → {} em {} ms": "  → {} in {} ms",
    "  → NÃO repassado: {}": "  → NOT handed on: {}",
    "--forward-to não aceita {}": "--forward-to does not take {}",
    "Faltam os itens": "The items are missing",
    "Itens ou --file, não os dois": "Items or --file, not both",
    "Cancelar o pedido {} e devolver o estoque?": "Cancel the pedido {} and give the stock back?",
    "Pedido {} não encontrado": "Pedido {} not found",
    "{} são vários pedidos": "{} are several pedidos",
    "{} não é SKU=QUANTIDADE[@PREÇO]": "{} is not SKU=QUANTITY[@PRICE]",
    "Falta o que calar": "It was not said what to silence",
    "um NOME, --label NOME=VALOR, ou ambos": "a NAME, --label NAME=VALUE, or both",
    "--por não aceita {}": "--por does not take {}",
    "30m, 2h ou 1d": "30m, 2h or 1d",
    "--label NOME=VALOR": "--label NAME=VALUE",
    "--label não aceita {}": "--label does not take {}",
    "Não há a fonte {}": "There is no source {}",
    "{} não contou o que houve": "{} did not tell what happened",
    "Ainda não chegou ao fim; o papel scheduler continua.": (
        "Not at its end yet; the scheduler role goes on."
    ),
    "{} não respondeu bem": "{} did not answer well",
    "Aviso: sem PONTE_ENDERECO_PUBLICO os eventos não chegam aqui.": (
        "Warning: without PONTE_ENDERECO_PUBLICO its events don't come here."
    ),
    "{} se liga com as chaves no .env e, na plataforma, o webhook": (
        "{} is connected by its keys in .env and, on the platform, the webhook"
    ),
    "os passos estão em docs/connectors/{}.md": "the steps are in docs/connectors/{}.md",
    "Digite no celular: {}": "Type on the telephone: {}",
    "Leia com o WhatsApp do celular, em Aparelhos conectados:": (
        "Scan with the telephone's WhatsApp, under Linked devices:"
    ),
    "O servidor ainda não tem código; esperando.": "The server has no code yet; waiting.",
    "Não há o canal {}": "There is no canal {}",
    "{} não recebe mensagens": "{} takes no messages",
    "{} não julga respostas": "{} judges no answers",
    "O arquivo não é uma resposta": "The file is no answer",
    "falta o número em status": "the number in status is missing",
    "{} não traz pedidos": "{} brings no pedidos",
    "O arquivo não é um corpo de {}": "The file is not a body of {}",
    "--evento com o nome do evento do endereço": "--evento with the name of the address's event",
    # Serving.
    "Encerrando: termino o que aceitei.": "Ending: what was accepted is being finished.",
    "Números em {}/metrics": "Figures at {}/metrics",
    "Ponte {}, papéis: {}": "Ponte {}, roles: {}",
    "  loja       {}/": "  shop       {}/",
    "  dados      {}": "  data       {}",
    "  motores    banco {}, fila {}": "  engines    database {}, queue {}",
    "  conectores {}": "  connectors {}",
    "  conectores nenhum": "  connectors none",
    "  chave      {}": "  key        {}",
    "a de PONTE_API_KEY": "that of PONTE_API_KEY",
    "a que já existe; se perdida, comece com PONTE_API_KEY=…": (
        "the one that exists; when it is lost, begin with PONTE_API_KEY=…"
    ),
    "             mostrada só desta vez; guardada em {}": (
        "             shown this once; kept in {}"
    ),
    "Instalação vazia. Primeiro um produto, depois um pedido:": (
        "An empty installation. First a product, then a pedido:"
    ),
    "Ou uma loja de exemplo neste Ponte: {} demo": "Or a sample shop in this Ponte: {} demo",
    "A demonstração só atende esta máquina": "The demonstration serves this machine alone",
    "suas chaves e dados são de exemplo": "its keys and data are samples",
    "--host 127.0.0.1 e sem PONTE_TLS_CERT": "--host 127.0.0.1 and no PONTE_TLS_CERT",
    "Demonstração: {} pedido/s, semente {}. Veja:": "Demonstration: {} pedido/s, seed {}. See:",
    "  loja ao vivo       {}/": "  shop, live         {}/",
    "  canais             {}": "  channels           {}",
    "O que cada plataforma de mentira recebeu:": "What each make-believe platform got:",
    "A demonstração não sabe fazer isso": "The demonstration can't do that",
    "Plataformas que falham: {}": "Platforms that fail: {}",
    "Não há simulador de {}": "There is no stand-in of {}",
    "Não há o nível {}": "There is no level {}",
    "A demonstração não tem {}": "The demonstration has no {}",
    "--caos só vale com --demo": "--caos goes with --demo alone",
    "A porta {} está ocupada": "Port {} is taken",
    "Simulador de {} em {}; Ctrl-C encerra.": "Stand-in of {} at {}; Ctrl-C ends it.",
    "  linha de comando   {}": "  command line       {}",
}  # fmt: skip
