"""Ingles, textos: what commands print as their result, and what it is in English.

Nouns stay Portuguese, as on the wire.
"""

TEXTOS = {
    # Titles of tables.
    "ativo": "active", "antes": "before", "autor": "author", "até": "until", "causa": "cause",
    "criada em": "created at", "criado em": "created at", "depois": "after", "destino": "sink",
    "erro": "error", "escopos": "scopes", "expira em": "expires at", "fila": "queue",
    "mínimo": "minimum", "motivo": "reason", "nome": "name", "número": "number", "passo": "step",
    "prefixo": "prefix", "preço": "price", "preço antes": "price before",
    "preço depois": "price after", "produto": "product", "quantidade": "quantity",
    "recebido em": "received at", "resolvido": "resolved", "revogada em": "revoked at",
    "severidade": "severity", "situação": "state", "tentativas": "tries", "texto": "text",
    "título": "title", "usada em": "used at", "vezes": "times", "sim": "yes", "não": "no",
    # How it stands.
    "Ponte     {}": "Ponte     {}",
    "parado: li o banco, ninguém trabalha": "stopped: the database was read, nobody works",
    "pronto em {}": "ready at {}",
    "NÃO pronto em {}: {}": "NOT ready at {}: {}",
    "alertas   {} abertos": "alertas   {} open",
    "falhas    {} abertas": "falhas    {} open",
    "estoque   {} abaixo do mínimo": "estoque   {} below the minimum",
    "fila      {} esperando": "queue     {} waiting",
    "vazão     {} pedidos/min": "rate      {} pedidos/min",
    "http      {} requisições/s": "http      {} requests/s",
    "ao vivo   {} páginas ligadas": "live      {} pages connected",
    "quadros   {} quadros/s": "frames    {} frames/s",
    "memória   {} MB": "memory    {} MB",
    "cpu       {} núcleos": "cpu       {} cores",
    "Ctrl-C termina": "Ctrl-C ends",
    # What happens.
    "pedido {} recebido: {}, {} item, {}": "pedido {} received: {}, {} item, {}",
    "pedido {} recebido: {}, {} itens, {}": "pedido {} received: {}, {} items, {}",
    "pedido {} volta à fila": "pedido {} goes back to the queue",
    "pedido {} concluído": "pedido {} done",
    "pedido {} sem estoque: {}": "pedido {} short of stock: {}",
    "pedido {} cancelado: {}": "pedido {} cancelled: {}",
    "pedido {} com erro: {}": "pedido {} with an error: {}",
    "pedido {} tem linha sem produto: {}": "pedido {} has a line without a product: {}",
    "nota {} série {} emitida: pedido {}": "nota {} series {} issued: pedido {}",
    "estoque {} filial {}: {} → {}": "estoque {} filial {}: {} → {}",
    "estoque {} filial {} BAIXO: {} (mínimo {})": "estoque {} filial {} LOW: {} (minimum {})",
    "estoque {} filial {} normal: {}": "estoque {} filial {} normal: {}",
    "estoque: {} quantidades alteradas de uma vez": "estoque: {} quantities changed at once",
    "alerta {}: {}, {}": "alerta {}: {}, {}",
    "alerta resolvido: {}": "alerta resolved: {}",
    "alerta entregue a {}: {}": "alerta delivered to {}: {}",
    "alerta NÃO entregue a {}: {}": "alerta NOT delivered to {}: {}",
    "avisos silenciados até {} por {}": "notices silenced until {} by {}",
    "silêncio encerrado por {}": "silence ended by {}",
    "mensagem {} enviada: {}": "mensagem {} sent: {}",
    "mensagem {} NÃO entregue: {}": "mensagem {} NOT delivered: {}",
    "falha {} em {}: {}": "falha {} in {}: {}",
    "… e mais {} fatos neste segundo: {}": "… and {} more facts in this second: {}",
    "instantâneo: {} itens": "snapshot: {} items",
    "estoque {} filial {}: {} BAIXO": "estoque {} filial {}: {} LOW",
    # What was done.
    "alerta {} disparado; veja: ponte alertas show {}": (
        "alerta {} fired; see: ponte alertas show {}"
    ),
    "alerta {} reconhecido: {}": "alerta {} acknowledged: {}",
    "alerta {} resolvido: {}": "alerta {} resolved: {}",
    "silêncio {} até {}; pega {} alertas abertos": (
        "silence {} until {}; catches {} open alertas"
    ),
    "silêncio {} encerrado": "silence {} ended",
    "{n} falhas em {}": "{} falhas in {}",
    "{n} falhas reprocessadas": "{} falhas put back",
    "{n} falhas descartadas": "{} falhas discarded",
    "chave {} revogada": "key {} revoked",
    "{n} de {n}": "{} of {}",
    "{n} linhas, nada muda": "{} rows, nothing changes",
    "{n} de {n} linhas mudam": "{} of {} rows change",
    "{n} linhas importadas, {n} produtos novos": "{} rows imported, {} new products",
    "pedido {}: {}": "pedido {}: {}",
    "pedido {} {}, R$ {}": "pedido {} {}, R$ {}",
    "pedido {}  {}  R$ {}": "pedido {}  {}  R$ {}",
    "  itens": "  items",
    "  nota {} série {} {}": "  nota {} series {} {}",
    "    chave {}": "    key {}",
    "  história": "  story",
    "{}  {} MiB, conferida": "{}  {} MiB, checked",
    "{} restaurado e provado": "{} restored and proven",
    "{} restaurado e com achados: ponte verify": "{} restored, with findings: ponte verify",
    "O anterior: {}": "The one before: {}",
    "{} aceitos, {} repetidos, {} recusados, {} desligados, {} sem resposta, {} inesperados": (
        "{} accepted, {} repeated, {} refused, {} hung up, {} without an answer, {} unexpected"
    ),
    "Nada a fazer: o banco está em dia.": "Nothing to do: the database is up to date.",
    # Proofs.
    "Tudo provado: {}": "All proven: {}",
    "{} achados: {}": "{} findings: {}",
    "    … e mais {}": "    … and {} more",
    "O contador de pedidos não está atrás do último pedido  ({})": (
        "The counter of pedidos is not behind the last pedido  ({})"
    ),
    "O arquivo do banco está inteiro  ({})": "The database's file is whole  ({})",
    "Quantidade = soma dos movimentos  ({})": "Quantity = sum of the movements  ({})",
    "Cada saldo é o anterior mais o movimento  ({})": (
        "Each balance is the one before plus the movement  ({})"
    ),
    "Quantidade = último saldo  ({})": "Quantity = last balance  ({})",
    "Nunca abaixo de zero  ({})": "Never below zero  ({})",
    "Todo movimento é de um produto com estoque  ({})": (
        "Every movement is of a product with stock  ({})"
    ),
    "Todo pedido recebido está na fila ou em uma falha aberta  ({})": (
        "Every pedido received is in the queue or in an open falha  ({})"
    ),
    "Todo pedido concluído tem exatamente uma nota valendo  ({})": (
        "Every pedido that is done has exactly one valid nota  ({})"
    ),
    "Cada linha com produto de um pedido concluído baixou o estoque uma vez  ({})": (
        "Each line with a product of a pedido that is done lowered the stock once  ({})"
    ),
    "Nenhuma venda sem a linha de pedido que a pediu  ({})": (
        "No sale without the line of a pedido that asked for it  ({})"
    ),
    "Pedido recebido, sem_estoque ou com erro não tem nota nem movimento  ({})": (
        "A pedido recebido, sem_estoque or with an error has neither nota nor movement  ({})"
    ),
    "O que um pedido cancelado tirou do estoque voltou inteiro  ({})": (
        "What a cancelled pedido took from the stock came back whole  ({})"
    ),
    "Pedido cancelado não tem nota valendo  ({})": "A cancelled pedido has no valid nota  ({})",
    "Os números de cada série são seguidos e o contador é o último  ({})": (
        "The numbers of each series have no gap, and the counter is the last  ({})"
    ),
    "Toda nota é de uma série contada e de um pedido que existe  ({})": (
        "Every nota is of a counted series and of a pedido that exists  ({})"
    ),
    "A chave de cada nota é a sua, com o dígito certo  ({})": (
        "The key of each nota is its own, with the right digit  ({})"
    ),
    "Toda mensagem em processamento está na fila do seu canal  ({})": (
        "Every mensagem being processed is in its channel's queue  ({})"
    ),
    "Toda linha da fila e toda falha têm o seu fato  ({})": (
        "Every row of the queue and every falha has its fact  ({})"
    ),
    "Os fatos e os números das salas são seguidos  ({})": (
        "The facts and the numbers of the rooms have no gap  ({})"
    ),
    "Cada contador está no último número dado  ({})": (
        "Each counter stands at the last number given  ({})"
    ),
    # What a proof found.
    "    {}: contador {}, último {}": "    {}: counter {}, last {}",
    "    {} na filial {}: quantidade {}, movimentos somam {}": (
        "    {} in filial {}: quantity {}, movements add up to {}"
    ),
    "    {} na filial {}: quantidade {}, último saldo {}": (
        "    {} in filial {}: quantity {}, last balance {}"
    ),
    "    {} na filial {}: quantidade {}": "    {} in filial {}: quantity {}",
    "    movimento {} de {} na filial {}: saldo {}, esperado {}": (
        "    movement {} of {} in filial {}: balance {}, expected {}"
    ),
    "    movimento {} de {} na filial {}: saldo {}": (
        "    movement {} of {} in filial {}: balance {}"
    ),
    "    movimento {} de {} na filial {} sem estoque": (
        "    movement {} of {} in filial {} without stock"
    ),
    "    pedido {}: recebido, sem fila e sem falha": (
        "    pedido {}: recebido, in no queue and no falha"
    ),
    "    pedido {}: {} notas": "    pedido {}: {} notas",
    "    pedido {} linha {}: {} movimentos de {}, esperado um de {}": (
        "    pedido {} line {}: {} movements of {}, one of {} expected"
    ),
    "    movimento {}: pedido {} linha {} não pede {}": (
        "    movement {}: pedido {} line {} does not ask for {}"
    ),
    "    pedido {} ({}) tem nota ou movimento": "    pedido {} ({}) has a nota or a movement",
    "    pedido {} ({} na filial {}): cancelado, movimentos somam {}": (
        "    pedido {} ({} in filial {}): cancelled, movements add up to {}"
    ),
    "    pedido {}: cancelado, nota {} {}": "    pedido {}: cancelled, nota {} {}",
    "    CNPJ {} modelo {} série {}: {} notas de {} a {}, contador {}": (
        "    CNPJ {} model {} series {}: {} notas from {} to {}, counter {}"
    ),
    "    nota {} série {} do pedido {}: sem contador ou sem pedido": (
        "    nota {} series {} of pedido {}: no counter or no pedido"
    ),
    "    nota {} do pedido {}: a chave não é a da nota": (
        "    nota {} of pedido {}: the key is not the nota's"
    ),
    "    nota {} do pedido {}: dígito verificador errado": (
        "    nota {} of pedido {}: wrong check digit"
    ),
    "    mensagem {}: processando, em nenhuma fila": "    mensagem {}: processando, in no queue",
    "    fila {} linha {}: sem o fato {}": "    queue {} row {}: without its fact {}",
    "    falha {}: sem o fato {}": "    falha {}: without its fact {}",
    "    {}: {} números de {} a {}": "    {}: {} numbers from {} to {}",
    "    contadores: nenhuma linha": "    contadores: no row",
    # Channels.
    "entrou há (s)": "came (s ago)",
    "saiu há (s)": "sent (s ago)",
    "canal {}: parado": "canal {}: stopped",
    "canal {}: enviando": "canal {}: sending",
    "canal {}: {} mensagens novas": "canal {}: {} new messages",
    "canal {}: disjuntores fechados": "canal {}: breakers closed",
    "instância {}: aberta": "instance {}: open",
    "canal {}: o que chega vem para {}": "canal {}: what comes is posted to {}",
    "canal {}: sem webhook": "canal {}: no webhook",
}  # fmt: skip
