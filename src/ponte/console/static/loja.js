// @ts-check
/**
 * Makes the shop page live: availability, prices and order notices from the public WebSocket.
 *
 * The page already says everything without this module. It starts from the frame that the page was
 * rendered at (`data-epoca`, `data-seq`), so nothing between the two is missed, and after a gap it
 * reads the page itself again: the one snapshot that holds counts, prices and orders together.
 *
 * @typedef {{tipo: string, epoca?: string, seq?: number, desde?: number, dados?: any}} Quadro
 * @typedef {{disponivel?: number, preco?: string, seq: number}} Mudanca
 * @typedef {{numero: number, tipo: string, itens: number, em: string}} Pedido
 * @typedef {{numero?: number, titulo?: string, tipo: string, itens?: number, em: string}} Aviso
 */

const RECUO_MS = 250; // SPEC §5: first wait, doubled up to the last, full jitter
const RECUO_MAX_MS = 15_000;
const LOTE_MS = 100; // the DOM changes at most ten times a second
const VOZ_MS = 10_000; // a screen reader hears at most one sentence in this time
const FORA_MS = 20_000; // offline this long, the page says so and reads itself again
const RELER_MS = 15_000;
const ABRIR_MS = 10_000; // a handshake that takes longer is given up
const ESTAVEL_MS = 5_000; // a connection that lived this long makes the next wait short again
const VISTOS_MAX = 5_000; // order numbers kept to tell a repeat; far above any gap that is resumed
const MOSTRAR_MAX = 50; // orders waiting to be drawn; the list holds fewer
const ANO_S = 31_536_000;

const { documentElement: raiz, body: corpo } = document;
/** @param {string} id */
const pegar = (id) => /** @type {HTMLElement} */ (document.getElementById(id));
/** @type {Record<string, string>} */
const textos = JSON.parse(pegar("textos").textContent ?? "{}");
const { icones = "", filial, fuso } = corpo.dataset;
const mostradoAte = Number(corpo.dataset.ate);
const plurais = new Intl.PluralRules(raiz.lang);
const reais = new Intl.NumberFormat(raiz.lang, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const relogio = new Intl.DateTimeFormat("pt-BR", { hour: "2-digit", minute: "2-digit", timeZone: fuso });

/** @param {string} chave @param {Record<string, unknown>} [valores] */
const t = (chave, valores = {}) =>
  textos[`loja.${chave}`].replace(/\{(\w+)\}/g, (_, nome) => String(valores[nome]));
/** @param {string} chave @param {number} n @param {Record<string, unknown>} [valores] */
const tn = (chave, n, valores) =>
  t(`${chave}.${plurais.select(n) === "one" ? "one" : "other"}`, { n, ...valores });
/** @param {Element} perto @param {string} nome */
const icone = (perto, nome) => perto.querySelector("use")?.setAttribute("href", `${icones}#${nome}`);
/** @param {Date | string} em */
const hora = (em) => relogio.format(new Date(em));
/** @param {string} nome @param {string} valor */
const lembrar = (nome, valor) => {
  document.cookie = `${nome}=${valor};path=/;max-age=${ANO_S};samesite=lax`;
};

/* ---- what was received, and what of it the page shows ---- */

let epoca = corpo.dataset.epoca ?? "";
let seq = Number(corpo.dataset.seq);
let atualizada = new Date(corpo.dataset.gerada ?? Date.now());
const aberta = new Date();
let contados = 0;
let pausado = false;
let lote = 0;
/** @type {Map<string, Mudanca>} */
const mudancas = new Map();
/** @type {Map<number, Pedido>} */
const porMostrar = new Map();
/** Order numbers already counted, oldest first. @type {Set<number>} */
const vistos = new Set();
let anonimos = 0; // orders that came as a count only

/** @type {Map<string, {cartao: HTMLElement, seq: number}>} */
const produtos = new Map();
for (const cartao of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-produto]"))) {
  produtos.set(cartao.dataset.produto ?? "", { cartao, seq });
}
/** The fixed places of the list: words move between them, boxes never do. */
const lugares = /** @type {HTMLElement[]} */ ([...document.querySelectorAll(".aviso")]);
/** What the places show, newest first. */
const avisos = orders(document);
for (const { numero } of avisos) vistos.add(numero ?? 0);

/** The orders that a page lists. @param {Document} pagina @returns {Aviso[]} */
function orders(pagina) {
  return /** @type {HTMLElement[]} */ ([...pagina.querySelectorAll(".aviso")])
    .filter(({ dataset }) => dataset.numero)
    .map((linha) => ({
      numero: Number(linha.dataset.numero),
      tipo: linha.dataset.tipo ?? "",
      itens: Number(linha.dataset.itens),
      em: linha.querySelector("time")?.dateTime ?? "",
    }));
}

/** @param {Quadro} quadro */
function receive(quadro) {
  const { tipo, dados = {} } = quadro;
  if (tipo === "ressincronizar") return void reread(true);
  const numero = quadro.seq ?? dados.seq;
  if (tipo === "instantaneo") {
    [epoca, seq] = [quadro.epoca ?? epoca, numero ?? seq];
    for (const item of dados.itens ?? []) stock(item, seq);
    return schedule();
  }
  if (numero === undefined) return;
  if (quadro.epoca === epoca && numero <= seq) return; // seen before the reconnection
  const primeiro = quadro.desde ?? numero; // a resumo covers a range
  if ((quadro.epoca === epoca && primeiro > seq + 1) || dados.produtos_omitidos) reread(true);
  [epoca, seq] = [quadro.epoca ?? epoca, numero];
  atualizada = new Date();
  if (tipo === "resumo") summary(dados);
  else if (tipo.startsWith("pedido.")) order({ ...dados, tipo: tipo.slice(7) }, tipo === "pedido.recebido");
  else if (tipo.startsWith("estoque.")) stock(dados, seq);
  schedule();
}

/** @param {any} dados @param {number} em */
function stock(dados, em) {
  if (dados.filial_id !== filial || !produtos.has(dados.produto_id)) return;
  const disponivel = dados.disponivel ?? dados.quantidade;
  mudancas.set(dados.produto_id, { disponivel, preco: dados.preco, seq: em });
}

/** @param {Pedido} pedido @param {boolean} conta whether this is how a new order shows itself */
function order(pedido, conta) {
  if (conta && !vistos.has(pedido.numero)) {
    vistos.add(pedido.numero);
    contados += 1;
    speech.pedidos += 1;
  }
  porMostrar.set(pedido.numero, pedido);
  trim(vistos, VISTOS_MAX);
  trim(porMostrar, MOSTRAR_MAX);
}

/** Forget the oldest. @param {Set<number> | Map<number, unknown>} numeros @param {number} max */
function trim(numeros, max) {
  for (const numero of numeros.keys()) {
    if (numeros.size <= max) return;
    numeros.delete(numero);
  }
}

/** Counts instead of single frames: SPEC §5, above 50 facts a second. @param {any} dados */
function summary(dados) {
  const novos = dados.contagens?.["pedido.recebido"] ?? 0;
  contados += novos;
  anonimos += novos;
  speech.pedidos += novos;
  for (const item of dados.produtos ?? []) stock(item, seq);
}

/**
 * Read the page again and take from it all that is newer than what is shown.
 * @param {boolean} conta whether its orders are new ones; not when the frames themselves will still come
 */
async function reread(conta) {
  try {
    const resposta = await fetch(location.href, { headers: { accept: "text/html" } });
    if (!resposta.ok) return;
    const nova = new DOMParser().parseFromString(await resposta.text(), "text/html");
    const ate = nova.body.dataset.epoca === epoca ? Number(nova.body.dataset.seq) : Infinity;
    for (const cartao of /** @type {NodeListOf<HTMLElement>} */ (nova.querySelectorAll("[data-produto]"))) {
      const id = cartao.dataset.produto ?? "";
      const antes = Math.max(produtos.get(id)?.seq ?? Infinity, mudancas.get(id)?.seq ?? 0);
      if (antes > ate) continue;
      const preco = cartao.querySelector("data")?.value;
      mudancas.set(id, { disponivel: Number(cartao.dataset.mostrado), preco, seq: Math.min(ate, seq) });
    }
    for (const pedido of orders(nova).reverse()) order(/** @type {Pedido} */ (pedido), conta);
    atualizada = new Date();
    schedule();
  } catch {
    // Offline: the badge already says since when, and the next try comes by itself.
  }
}

/* ---- drawing, in batches ---- */

function schedule() {
  lote ||= window.setTimeout(draw, LOTE_MS);
}

function draw() {
  lote = 0;
  state();
  if (pausado) return;
  for (const [id, mudanca] of mudancas) paint(id, mudanca);
  mudancas.clear();
  if (anonimos) notice({ titulo: tn("novos", anonimos), tipo: "pedidos", em: new Date().toISOString() });
  anonimos = 0;
  for (const pedido of porMostrar.values()) notice(pedido);
  if (porMostrar.size) speech.ultimo = said([...porMostrar.values()].at(-1));
  porMostrar.clear();
  if (contados) pegar("contagem").textContent = tn("contagem", contados, { hora: hora(aberta) });
  speak();
}

/** @param {string} id @param {Mudanca} mudanca */
function paint(id, mudanca) {
  const produto = produtos.get(id);
  if (!produto) return;
  const { cartao } = produto;
  produto.seq = mudanca.seq;
  if (mudanca.preco !== undefined) price(cartao, mudanca.preco);
  if (mudanca.disponivel === undefined) return;
  const n = Math.max(0, Math.min(mudanca.disponivel, mostradoAte + 1));
  if (n === Number(cartao.dataset.mostrado)) return;
  const nivel = n === 0 ? "esgotado" : n <= mostradoAte ? "poucas" : "ok";
  cartao.dataset.mostrado = String(n);
  cartao.dataset.nivel = nivel;
  const selo = /** @type {Element} */ (cartao.querySelector(".disp"));
  icone(selo, nivel);
  /** @type {Element} */ (selo.lastElementChild).textContent =
    nivel === "poucas" ? tn("disp.poucas", n) : t(`disp.${nivel}`);
  tint(cartao);
}

/** @param {HTMLElement} cartao @param {string} preco */
function price(cartao, preco) {
  const lugar = cartao.querySelector("data");
  if (!lugar || Number(lugar.value) === Number(preco)) return;
  lugar.value = preco;
  lugar.textContent = `R$ ${reais.format(Number(preco))}`;
  tint(cartao);
}

/** @param {Element} elemento */
function tint(elemento) {
  elemento.classList.remove("mudou");
  void (/** @type {HTMLElement} */ (elemento).offsetWidth); // restarts the animation
  elemento.classList.add("mudou");
}

/** @param {{tipo: string}} pedido */
const situation = ({ tipo }) => textos[`loja.situacao.${tipo}`] ?? textos["loja.situacao.recebido"];
/** @param {Pedido | undefined} pedido */
const said = (pedido) => (pedido ? `${t("pedido", pedido)} ${situation(pedido)}` : "");

/** Put one notice into the list; an order that is there already changes in place. @param {Aviso} aviso */
function notice(aviso) {
  const onde = aviso.numero ? avisos.findIndex(({ numero }) => numero === aviso.numero) : -1;
  if (onde < 0) avisos.unshift(aviso);
  else if (Date.parse(avisos[onde].em) <= Date.parse(aviso.em)) avisos[onde] = aviso;
  avisos.length = Math.min(avisos.length, lugares.length);
  lugares.forEach((lugar, n) => avisos[n] && fill(lugar, avisos[n], avisos[n] === aviso));
  /** @type {HTMLElement} */ (document.querySelector(".avisos-nenhum")).hidden = true;
}

/** @param {HTMLElement} lugar @param {Aviso} aviso @param {boolean} novo */
function fill(lugar, aviso, novo) {
  const { numero = "", tipo, itens = 0, em } = aviso;
  /** @param {string} classe @param {string} texto */
  const escrever = (classe, texto) => lugar.querySelector(classe)?.replaceChildren(texto);
  Object.assign(lugar.dataset, { numero, tipo, itens });
  icone(lugar, tipo === "reprocessado" ? "recebido" : tipo);
  escrever(".aviso-pedido", aviso.titulo ?? t("pedido", { numero }));
  escrever(".aviso-situacao", numero ? situation(aviso) : "");
  escrever(".aviso-itens", itens ? tn("itens", itens) : "");
  escrever("time", hora(em));
  lugar.querySelector("time")?.setAttribute("datetime", em);
  if (novo) tint(lugar);
}

/* ---- one polite voice for the whole page ---- */

const speech = { pedidos: 0, ultimo: "", estado: "", dito: 0, espera: 0 };

function speak() {
  if (!speech.pedidos && !speech.estado) return;
  clearTimeout(speech.espera);
  const falta = speech.dito + VOZ_MS - Date.now();
  if (falta > 0) {
    speech.espera = window.setTimeout(speak, falta);
    return;
  }
  const chave = speech.ultimo ? "voz.pedidos" : "novos";
  const frase = speech.estado || (pausado ? "" : tn(chave, speech.pedidos, { ultimo: speech.ultimo }));
  if (!frase) return;
  pegar("voz").textContent = frase;
  Object.assign(speech, { pedidos: 0, ultimo: "", estado: "", dito: Date.now() });
}

/* ---- the connection, and what the badge says of it ---- */

/** @type {WebSocket | undefined} */
let soquete;
let aberto = false;
let tentativas = 0;
let caiu = 0; // when the connection was lost; 0 while it stands or was never there
let recusado = false;
let relida = 0;
let espera = 0;
let estavel = 0;
let mostrado = "";

function connect() {
  clearTimeout(espera);
  if (recusado) return;
  const url = new URL("/ws", location.href);
  url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  if (epoca) url.search = String(new URLSearchParams({ epoca, desde: String(seq) }));
  const novo = (soquete = new WebSocket(url));
  const prazo = setTimeout(() => novo.close(), ABRIR_MS);
  novo.onopen = () => {
    clearTimeout(prazo);
    estavel = window.setTimeout(() => (tentativas = 0), ESTAVEL_MS);
    aberto = true;
    if (caiu) speech.estado = t("conexao.vivo");
    caiu = 0;
    atualizada = new Date();
    schedule();
  };
  novo.onmessage = ({ data }) => receive(JSON.parse(data));
  novo.onclose = ({ code }) => {
    clearTimeout(prazo);
    if (novo === soquete) lost(code);
  };
}

/** @param {number} code */
function lost(code) {
  clearTimeout(estavel);
  clearTimeout(espera);
  aberto = false;
  caiu ||= Date.now();
  recusado = code === 4403;
  if (code === 1012) tentativas = 0; // the server restarts and is back at once
  const teto = Math.min(RECUO_MAX_MS, RECUO_MS * 2 ** tentativas++);
  if (!recusado) espera = window.setTimeout(connect, Math.random() * teto);
  state();
}

/** The network changed: what was open can't be trusted, though it may take minutes to close. */
function drop() {
  const velho = soquete;
  soquete = undefined;
  velho?.close();
  lost(0);
}

/** Try at once. */
function reconnect() {
  if (!document.hidden && (soquete?.readyState ?? WebSocket.CLOSED) > WebSocket.OPEN) connect();
}

function state() {
  const fora = recusado || (caiu && (!navigator.onLine || Date.now() - caiu > FORA_MS));
  if (!aberto && !caiu) return; // the first handshake: what the page says still holds
  const nome = fora ? "fora" : caiu ? "reconectando" : pausado ? "pausado" : "vivo";
  const valores = { s: Math.round((Date.now() - caiu) / 1000), hora: hora(atualizada) };
  const chave = recusado ? "recusado" : nome;
  const selo = pegar("conexao");
  if (nome !== mostrado) {
    selo.dataset.estado = nome;
    icone(selo, nome);
    if (nome === "fora") speech.estado = t(`conexao.${chave}`, valores);
    mostrado = nome;
    speak();
  }
  const texto = t(`conexao.${chave}`, valores);
  const lugar = /** @type {Element} */ (selo.lastElementChild);
  if (lugar.textContent !== texto) lugar.textContent = texto;
}

/** Once a second while offline: the seconds in the badge, and a new reading now and then. */
function tick() {
  if (!caiu) return;
  state();
  if (mostrado !== "fora" || document.hidden || Date.now() - relida < RELER_MS) return;
  relida = Date.now();
  reread(false);
}

/* ---- controls ---- */

const pausar = pegar("pausar");
pausar.onclick = () => {
  pausado = !pausado;
  pausar.setAttribute("aria-pressed", String(pausado));
  icone(pausar, pausado ? "retomar" : "pausado");
  /** @type {Element} */ (pausar.lastElementChild).textContent = t(pausado ? "avisos.retomar" : "avisos.pausar");
  draw();
};

/** @param {boolean} mostra */
function toggle(mostra) {
  pegar("avisos").hidden = !mostra;
  pegar("mostrar").hidden = mostra;
  document.querySelector(".colunas")?.classList.toggle("sem-avisos", !mostra);
  lembrar("ponte_avisos", mostra ? "sim" : "nao");
  pegar(mostra ? "pausar" : "mostrar").focus();
}
pegar("fechar").onclick = () => toggle(false);
pegar("mostrar").onclick = () => toggle(true);

const menu = /** @type {HTMLDetailsElement} */ (pegar("tema"));
menu.onclick = (evento) => {
  const escolha = /** @type {HTMLElement} */ (evento.target).closest("a");
  if (!escolha) return;
  evento.preventDefault();
  const tema = escolha.dataset.tema ?? "sistema";
  lembrar("ponte_tema", tema);
  raiz.dataset.tema = tema;
  menu.querySelector("[aria-current]")?.removeAttribute("aria-current");
  escolha.setAttribute("aria-current", "true");
  menu.open = false;
  menu.querySelector("summary")?.focus();
};
document.addEventListener("keydown", ({ key }) => {
  if (key !== "Escape" || !menu.open) return;
  menu.open = false;
  menu.querySelector("summary")?.focus();
});
document.addEventListener("click", ({ target }) => {
  if (!menu.contains(/** @type {Node} */ (target))) menu.open = false;
});

corpo.classList.add("vivo");
window.addEventListener("online", () => (drop(), connect()));
window.addEventListener("offline", drop);
document.addEventListener("visibilitychange", reconnect);
window.addEventListener("pagehide", () => soquete?.close());
window.addEventListener("pageshow", ({ persisted }) => persisted && connect());
setInterval(tick, 1000);
connect();
