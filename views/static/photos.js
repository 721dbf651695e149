// Photographs beside a checklist: kept in this browser until the server has them. Each goes under a key of its own, so
// that it is attached once, however often it is sent; what is refused stays, with the reason.
"use strict";
(() => {
  const { element, announce, ask, onEach } = window.guicheng;
  const STORE = "photos";
  const PAUSE_AFTER_FAULT = 15000;
  const SEND_AT_MOST = 120000;
  const { login } = document.body.dataset;

  const database = new Promise((resolve, reject) => {
    const request = indexedDB.open("guicheng-away", 1);
    request.addEventListener("upgradeneeded", () => request.result.createObjectStore(STORE, { keyPath: "key" }));
    request.addEventListener("success", () => resolve(request.result));
    request.addEventListener("error", () => reject(request.error));
  });
  database.catch(() => {}); // said where something should be kept

  // Resolves once the browser has written it.
  async function inStore(mode, run) {
    const work = (await database).transaction(STORE, mode);
    return new Promise((resolve, reject) => {
      const request = run(work.objectStore(STORE));
      work.addEventListener("complete", () => resolve(request.result));
      work.addEventListener("abort", () => reject(work.error));
    });
  }
  const keep = (row) => inStore("readwrite", (store) => store.put(row)).then(() => true, () => false);
  const forget = (row) => inStore("readwrite", (store) => store.delete(row.key)).catch(() => {});

  // Whoever signs in next finds nothing of the one before.
  async function mine() {
    const rows = await inStore("readonly", (store) => store.getAll()).catch(() => []);
    for (const row of rows) if (row.login !== login) forget(row);
    return rows.filter((row) => row.login === login).sort((a, b) => a.at - b.at);
  }

  onEach("[data-photos]", (section) => {
    const words = JSON.parse(section.dataset.words);
    const { photos: url, record, kind } = section.dataset;
    const most = Number(section.dataset.maxBytes);
    const place = `${url}:${record}`;
    const input = section.querySelector("input[type='file']");
    const list = section.querySelector("ul");
    const rows = new Map(); // by key: those that wait, and their lines
    let isBusy = false;
    let timer = null;
    let isFresh = false;

    function show(row, sentence, tone = "quiet-text") {
      let line = rows.get(row.key)?.line;
      if (!line) {
        const drop = element("button", { type: "button", className: "btn quiet small", textContent: words.drop });
        drop.addEventListener("click", () => { rows.delete(row.key); forget(row); line.remove(); input?.focus(); });
        line = element("li", {}, {}, element("bdi", { textContent: row.name }), element("span"), drop);
        list.append(line);
        rows.set(row.key, { row, line });
        section.hidden = false;
      }
      const note = line.querySelector("span");
      if (note.textContent !== sentence) announce(`${row.name}: ${sentence}`);
      Object.assign(note, { textContent: sentence, className: tone });
    }

    async function refuse(row, sentence) {
      row.said = sentence;
      await keep(row);
      show(row, sentence, "late");
    }

    async function take(file) {
      const row = { key: crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`, login, place, at: Date.now(), name: file.name, blob: file, said: "" };
      if (!file.type.startsWith("image/")) return refuse(row, words.kind);
      if (file.size > most) return refuse(row, words.large);
      return show(row, await keep(row) ? words.kept : words.unkept);
    }

    // True where the next one may be tried: what one of them is refused for is its own matter.
    async function send(row) {
      const body = new FormData();
      for (const [name, value] of Object.entries({ id: record, kind, once: row.key, stays: "1" })) body.append(name, value);
      body.append("file", row.blob, row.name);
      let answer = { ok: false, status: 0, data: {} };
      try { answer = await ask(url, { body, signal: AbortSignal.timeout(SEND_AT_MOST) }); } catch { /* the net is away */ }
      const { ok, status, data } = answer;
      if (ok) {
        await forget(row);
        show(row, words.done);
        rows.get(row.key)?.line.querySelector("button").remove();
        rows.delete(row.key);
      } else if ([403, 404, 409, 413, 415, 422].includes(status)) {
        await refuse(row, data.message || words.refused);
      } else if (status === 400 && !isFresh && await window.guicheng.freshen?.().catch(() => false)) {
        isFresh = true;
        return send(row);
      } else {
        show(row, status === 401 ? words.ended : words.kept);
        return false;
      }
      isFresh = false;
      return true;
    }

    async function sendAll() {
      clearTimeout(timer);
      if (isBusy) return;
      isBusy = true;
      let isGoing = true;
      for (const { row } of [...rows.values()]) if (isGoing && !row.said && rows.has(row.key)) isGoing = await send(row);
      isBusy = false;
      if (!isGoing) timer = setTimeout(sendAll, PAUSE_AFTER_FAULT);
      else if ([...rows.values()].some(({ row }) => !row.said)) sendAll();
    }

    input?.addEventListener("change", async () => {
      const files = [...input.files];
      for (const file of files) await take(file);
      input.value = "";
      sendAll();
    });
    addEventListener("online", sendAll);
    document.addEventListener("signedin", sendAll);
    mine().then((left) => {
      for (const row of left) if (row.place === place) show(row, row.said || words.kept, row.said ? "late" : "quiet-text");
      sendAll();
    });
  });
})();
