"""Ingles, ajuda: the help pages' Portuguese, and what it is in English."""

AJUDA = {
    # The tree.
    "Exemplos:": "Examples:",
    "Comandos": "Commands",
    "Ponte: pedidos, estoque, notas e alertas do varejo em um só lugar.": (
        "Ponte: a shop's pedidos, estoque, notas and alertas in one place."
    ),
    "Roda tudo em um processo (--demo: loja de exemplo).": (
        "Run everything in one process (--demo: a sample shop)."
    ),
    "Roda só o papel HTTP e WebSocket.": "Run the HTTP and WebSocket role alone.",
    "Roda só o papel que faz o trabalho.": "Run the role that does the work alone.",
    "Roda só o papel que olha o relógio.": "Run the role that keeps time alone.",
    "Mostra prontidão, filas e alertas em uma tela.": (
        "Show readiness, queues and alertas on one screen."
    ),
    "Mostra números vivos em uma tela.": "Show live figures on one screen.",
    "Manda fregueses inventados a um Ponte que roda.": (
        "Send invented customers to a Ponte that runs."
    ),
    "Examina a instalação e diz o que consertar.": (
        "Examine the installation and say what to mend."
    ),
    "Prova estoque, filas e numeração das notas.": "Prove estoque, queues and nota numbering.",
    "Prepara uma pasta com Ponte e seus motores.": "Prepare a folder with Ponte and its engines.",
    "Põe o banco na versão deste Ponte.": "Bring the database to this Ponte's version.",
    "Copia o banco enquanto ele trabalha.": "Copy the database while it works.",
    "Põe uma cópia no lugar do banco.": "Put a copy in the database's place.",
    "list, show, create, cancel, reprocess, parse.": (
        "list, show, create, cancel, reprocess, parse."
    ),
    "list, get, set, adjust, watch, import.": "list, get, set, adjust, watch, import.",
    "list, show, ack, resolve, silence, test.": "list, show, ack, resolve, silence, test.",
    "list, show, reprocess, discard, export.": "list, show, reprocess, discard, export.",
    "list: todos os fatos, em ordem.": "list: every fact, in order.",
    "create, list, revoke: chaves da API.": "create, list, revoke: keys of the API.",
    "Mostra os fatos ao vivo.": "Show the facts live.",
    # Flags of every command.
    "Resultado em JSON.": "The result as JSON.",
    "Só dados e erros.": "Data and errors alone.",
    "Diz mais.": "Say more.",
    "auto, always ou never.": "auto, always or never.",
    "Sem barras.": "No bars.",
    "Confirma sem perguntar.": "Yes to what would be asked.",
    "Ponte a usar (PONTE_URL).": "The Ponte to use (PONTE_URL).",
    "Mostra a versão e sai.": "Show the version and exit.",
    # Serving.
    "Roda tudo em um processo, sobre SQLite.": "Run everything in one process, on SQLite.",
    "Roda só o papel HTTP e WebSocket; `ponte worker` faz o trabalho.": (
        "Run the HTTP and WebSocket role alone; `ponte worker` does the work."
    ),
    "Roda só o papel que faz o trabalho: estoque, nota, alertas.": (
        "Run the role that does the work alone: estoque, nota, alertas."
    ),
    "Endereço (PONTE_HOST).": "Address (PONTE_HOST).",
    "Porta, 0 escolhe uma livre (PONTE_PORT).": "Port, 0 takes a free one (PONTE_PORT).",
    "Loja de exemplo, com pedidos.": "A sample shop, with pedidos.",
    "Abre a página da loja.": "Open the shop's page.",
    "Pedidos por segundo, com --demo.": "Pedidos a second, with --demo.",
    "A mesma semente vende o mesmo.": "The same seed sells the same.",
    # Demonstration.
    "Manda fregueses inventados a um Ponte que roda, até Ctrl-C.": (
        "Send invented customers to a Ponte that runs, until Ctrl-C."
    ),
    "Pedidos por segundo.": "Pedidos a second.",
    "A mesma semente compra o mesmo.": "The same seed buys the same.",
    "Alguns repetem, erram ou desligam no meio.": "Some repeat, err or hang up half-way.",
    "Fregueses; sem isso, sem fim.": "Customers; without it, no end.",
    "Em vez disso, roda o simulador desta: whatsapp, …": (
        "Instead of that, serve the stand-in of this one: whatsapp, …"
    ),
    "Com --demo, as plataformas falham ao acaso.": "With --demo, platforms fail at random.",
    "Com --caos: leve, medio ou forte.": ("With --caos: leve, medio or forte."),
    "Com --caos, só estas plataformas, separadas por vírgula.": (
        "With --caos, these platforms alone, separated by commas."
    ),
    "Para onde a plataforma conta o que houve.": "Where the platform tells what happened.",
    "Porta da plataforma, 0 escolhe uma livre.": "The platform's port, 0 takes a free one.",
    # Caring.
    "Prova, só lendo, que o banco cumpre o prometido: estoque, pedidos, notas, filas.": (
        "Prove, reading alone, that the database keeps what was promised: estoque, pedidos,"
        " notas, queues."
    ),
    "Outro banco, como uma cópia.": "Another database, such as a copy.",
    "Põe o banco na versão deste Ponte; `ponte up` faz o mesmo ao começar.": (
        "Bring the database to this Ponte's version; `ponte up` does so as it starts."
    ),
    "Leva tudo do arquivo a um PostgreSQL vazio.": (
        "Take everything from the file to an empty PostgreSQL."
    ),
    "Só diz o que falta.": "Only say what is missing.",
    "Examina relógio, disco, banco, filas, conectores, portas, exposição e arquivos.": (
        "Examine clock, disk, database, queues, connectors, ports, exposure and files."
    ),
    "Conserta o que é seguro.": "Mend what is safe.",
    "Grava um zip sem segredos.": "Write a zip without secrets.",
    "Prontidão, pedidos, filas, alertas e falhas em uma tela.": (
        "Readiness, pedidos, queues, alertas and falhas on one screen."
    ),
    "Pedidos, filas, páginas ligadas, memória: os números vivos de um Ponte que roda.": (
        "Pedidos, queues, pages connected, memory: the live figures of a Ponte that runs."
    ),
    "Uma tela e fim.": "One screen, and done.",
    "Segundos de uma tela à outra.": "Seconds from one screen to the next.",
    "Escreve .env com segredos novos, compose.yml, painéis, alertas e unidades do systemd.": (
        "Write .env with fresh secrets, compose.yml, dashboards, alert rules and systemd units."
    ),
    "Entre vírgulas: {}.": "With commas between: {}.",
    "A pasta, criada se faltar.": "The folder, made when it is missing.",
    "Troca o que existe; os segredos do .env ficam.": (
        "Replace what exists; the secrets of .env stay."
    ),
    "Copia o banco inteiro, de um só instante, enquanto Ponte trabalha.": (
        "Copy the whole database, as of one instant, while Ponte works."
    ),
    "Arquivo da cópia; uma pasta dá nome por si.": "File of the copy; a folder names it itself.",
    "Põe uma cópia no lugar do banco; Ponte tem de estar parado.": (
        "Put a copy in the database's place; Ponte must be stopped."
    ),
    "Arquivo de `ponte backup`.": "A file of `ponte backup`.",
    # Pedidos.
    "Pedidos: o que foi vendido, e o que foi feito disso.": (
        "Pedidos: what was sold, and what became of it."
    ),
    "Id, número ou id externo do pedido.": "Id, number or external id of the pedido.",
    "Por quê; fica no registro.": "Why; it is kept.",
    "Lista pedidos, os mais novos primeiro.": "List pedidos, newest first.",
    "recebido, concluido, sem_estoque, cancelado ou erro.": (
        "recebido, concluido, sem_estoque, cancelado or erro."
    ),
    "Id, documento, telefone, SKU ou chave da nota.": (
        "Id, document, phone, SKU or key of the nota."
    ),
    "RFC 3339, como 2026-11-24T12:00:00Z.": "RFC 3339, like 2026-11-24T12:00:00Z.",
    "RFC 3339, sem incluir.": "RFC 3339, not included.",
    "Quantos no máximo.": "How many at most.",
    "Quantas no máximo.": "How many at most.",
    "Mostra um pedido: linhas, nota e a história toda.": (
        "Show a pedido: lines, nota and the whole story."
    ),
    "Cria um pedido, de itens SKU=QUANTIDADE[@PREÇO] ou de um arquivo JSON.": (
        "Create a pedido, from items SKU=QUANTITY[@PRICE] or from a JSON file."
    ),
    "SKU=QUANTIDADE[@PREÇO]": "SKU=QUANTITY[@PRICE]",
    "Corpo de POST /pedido; - é a entrada.": "Body of POST /pedido; - is the input.",
    "Id externo; repetir não duplica.": "External id; a repeat makes no second one.",
    "Cancela um pedido e devolve o estoque, uma vez.": (
        "Cancel a pedido and give the stock back, once."
    ),
    "Tenta de novo um pedido parado em sem_estoque ou erro.": (
        "Try a pedido that stands in sem_estoque or erro again."
    ),
    "Mostra a visão neutra de um pedido de fora; não lê banco nenhum.": (
        "Show the neutral view of an outside pedido; reads no database."
    ),
    "CPF ou CNPJ do cliente.": "CPF or CNPJ of the customer.",
    "- é a entrada.": "- is the input.",
    "Conector: rappi, …": "Connector: rappi, …",
    "Evento, quando o corpo não diz.": "Event, when the body does not say it.",
    # Estoque.
    "Só esta filial.": "This filial alone.",
    "Por quê; fica no livro.": "Why; it is kept in the ledger.",
    "Lista o estoque; o que está abaixo do mínimo vem marcado BAIXO.": (
        "List the stock; what is below its minimum is marked BAIXO."
    ),
    "Só abaixo do mínimo.": "Below the minimum alone.",
    "SKU, nome, categoria ou EAN.": "SKU, name, category or EAN.",
    "Mostra um produto.": "Show a product.",
    "Registra uma contagem; o que for vendido depois continua valendo.": (
        "Record a count; what is sold after it still counts."
    ),
    "Unidades contadas.": "Units counted.",
    "Preciso se o produto é novo.": "Needed when the product is new.",
    "Como 25.90.": "Like 25.90.",
    "Soma ou tira unidades.": "Add or take units.",
    "+12 ou -3.": "+12 or -3.",
    "Importa um CSV: todas as linhas ou nenhuma. --dry-run só mostra a diferença.": (
        "Import a CSV: every row or none. --dry-run only shows the difference."
    ),
    "Só mostra a diferença.": "Only show the difference.",
    "Mostra cada mudança do estoque, ao vivo.": "Show each change of the stock, live.",
    # Alertas and silences.
    "Lista alertas, os mais novos primeiro; os abertos, a menos que --todos.": (
        "List alertas, newest first; the open ones, unless --todos."
    ),
    "Também os resolvidos.": "The resolved ones too.",
    "info, aviso ou critico.": "info, aviso or critico.",
    "Mostra um alerta e cada aviso que saiu dele.": "Show an alerta and each notice it led to.",
    "Diz que alguém está cuidando.": "Say that somebody is on it.",
    "Fecha um alerta e avisa quem foi avisado.": "Close an alerta and tell whoever was told.",
    "Dispara um alerta de teste em todos os destinos ligados.": (
        "Fire a test alerta to every sink that is on."
    ),
    "Id do alerta.": "Id of the alerta.",
    "O que dizer.": "What to say.",
    "Esconde os avisos de alguns alertas por um tempo; os alertas continuam registrados.": (
        "Hide the notices of some alertas for a while; the alertas are recorded all the same."
    ),
    "Nome dos alertas a calar.": "Name of the alertas to silence.",
    "Por quê.": "Why.",
    "Por quanto tempo: 30m, 2h ou 1d.": "For how long: 30m, 2h or 1d.",
    "NOME=VALOR que o alerta tem; repetível.": "NAME=VALUE that the alerta has; repeatable.",
    "Quem decidiu.": "Who decided.",
    "Lista os silêncios em vigor; com --todos, também os que acabaram.": (
        "List the silences in force; with --todos, also those that ended."
    ),
    "Também os que acabaram.": "Those that ended too.",
    "Acaba um silêncio agora; o que ele escondeu e está aberto é avisado.": (
        "End a silence now; what it hid and is open is told."
    ),
    "Id do silêncio.": "Id of the silence.",
    # Falhas.
    "Falhas: o que foi posto de lado.": "Falhas: what was set aside.",
    "Id da falha.": "Id of the falha.",
    "Ids de falhas.": "Ids of falhas.",
    "Todas as abertas desta causa.": "All open ones of this cause.",
    "Todas as abertas desta fila.": "All open ones of this queue.",
    "aberta, reprocessada ou descartada.": "aberta, reprocessada or descartada.",
    "Lista o que foi posto de lado, o mais novo primeiro.": (
        "List what was set aside, newest first."
    ),
    "Mostra uma falha inteira: fato, motivo, cada tentativa.": (
        "Show a falha whole: fact, reason, each try."
    ),
    "Devolve falhas à fila, com o mesmo id.": "Put falhas back into their queue, with the same id.",
    "Decide que um trabalho não será feito; fica registrado.": (
        "Decide that some work will not be done; it is kept on record."
    ),
    "Copia falhas inteiras, uma por linha (NDJSON).": "Copy falhas whole, one a line (NDJSON).",
    "Arquivo; sem ele, a saída.": "A file; without it, the output.",
    # Facts and keys.
    "Fatos, em ordem.": "Facts, in order.",
    "Lista os fatos na ordem em que aconteceram.": "List the facts in the order they happened.",
    "Depois desta posição.": "After this position.",
    "Só deste tipo.": "Of this tipo alone.",
    "Mostra os fatos ao vivo, até Ctrl-C; volta sozinho quando a conexão cai.": (
        "Show the facts live, until Ctrl-C; comes back by itself when the connection falls."
    ),
    "pedidos,estoque,alertas,falhas,… ; precisa de chave.": (
        "pedidos,estoque,alertas,falhas,… ; needs a key."
    ),
    "Sai depois de tantos.": "Exit after so many.",
    "Repassa cada fato a este endereço, por POST.": "Hand each fact on to this address, by POST.",
    "Chaves da API.": "Keys of the API.",
    "Faz uma chave e a mostra, só desta vez.": "Make a key and show it, this once.",
    "Como as pessoas a chamam.": "What people call it.",
    "O que pode fazer; repita para mais.": "What it may do; repeat for more.",
    "RFC 3339; sem isso, nunca.": "RFC 3339; without it, never.",
    "Lista as chaves; o segredo não está em lugar nenhum.": (
        "List the keys; the secret is nowhere."
    ),
    "Revoga uma chave, em todo processo em segundos.": "Revoke a key, in every process in seconds.",
    "Id da chave, não ela mesma.": "The key's id, not the key itself.",
    # Channels.
    "list, test, pause, resume, reset, pull, connect, disconnect, parse, classify.": (
        "list, test, pause, resume, reset, pull, connect, disconnect, parse, classify."
    ),
    "Busca o que um canal escreveu enquanto ninguém ouvia.": (
        "Fetch what a canal wrote down while nobody listened."
    ),
    "RFC 3339; sem isso, de onde parou.": "RFC 3339; without it, from where it ended.",
    "whatsapp, instagram, facebook, tiktok, telegram ou x.": (
        "whatsapp, instagram, facebook, tiktok, telegram or x."
    ),
    "Mostra como está cada canal.": "Show how each canal is.",
    "Sonda um canal agora.": "Probe a canal now.",
    "Para de enviar em um canal; as mensagens esperam.": (
        "Stop sending on a canal; its messages wait."
    ),
    "Volta a enviar em um canal.": "Send on a canal again.",
    "Fecha os disjuntores de um canal e volta a enviar.": (
        "Close the breakers of a canal and send again."
    ),
    "Pareia um celular de WhatsApp: mostra o código e espera, até Ctrl-C; ou liga o webhook"
    " do Telegram.": (
        "Pair a WhatsApp telephone: shows the code and waits, until Ctrl-C; or switch Telegram's"
        " webhook on."
    ),
    "Nome da instância, feita se não houver; ou telegram.": (
        "The instance's name, made where there is none; or telegram."
    ),
    "Desliga o webhook do Telegram; o que chega espera lá, e é buscado.": (
        "Switch Telegram's webhook off; what comes waits there, and is fetched."
    ),
    "telegram.": "telegram.",
    "Código de digitar para este número, só dígitos.": (
        "A code to type for this number, digits alone."
    ),
    "Canais.": "Channels.",
    "whatsapp, whatsapp_cloud, instagram, telegram, …": (
        "whatsapp, whatsapp_cloud, instagram, telegram, …"
    ),
    "Mostra os eventos de um corpo recebido, ou de vários; não lê banco nenhum.": (
        "Show the events of a received body, or of several; reads no database."
    ),
    "Diz a classe de uma resposta: status, headers e body; não lê banco nenhum.": (
        "Say the class of an answer: status, headers and body; reads no database."
    ),
}
