// What a sheet asks of the server: what would become of the typed rows, to save them, to go on with a column, its draft.
"use strict";
(() => {
  const { ask, later } = window.guicheng;

  const bodyOf = (pairs) => {
    const body = new FormData();
    Object.entries(pairs).forEach(([name, value]) => body.append(name, value));
    return body;
  };
  const newKey = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

  // `facts` are those of the list, `changes` what was typed; `onJudged` hears of the rows that were judged.
  class SheetServer {
    constructor(facts, changes, { read, onJudged, onFault, onKept }) {
      Object.assign(this, { facts, changes, read, onJudged, onFault, onKept });
      this.asked = new Set();
      this.turn = Promise.resolve();
      this.keeping = Promise.resolve();
      this.rehearseSoon = later(350, () => this.#inTurn(() => this.#rehearse()));
      this.keepSoon = later(900, () => this.keep());
      this.isKept = true;
      this.key = newKey();
    }

    // After each change: what the gate would say, and a draft in case of a crash.
    changed(ids) {
      ids.forEach((id) => this.asked.add(id));
      this.key = newKey(); // another sending
      this.isKept = false;
      this.rehearseSoon();
      this.keepSoon();
    }

    // One after the other: a rehearsal would stand in the way of the writing of the same rows.
    #inTurn(run) {
      const mine = this.turn.then(run);
      this.turn = mine.catch(() => {});
      return mine;
    }

    async #rehearse() {
      const rows = [...this.asked].map((id) => this.changes.rows.get(id)).filter((row) => row && row.verdict === "new");
      this.asked.clear();
      if (!rows.length) return;
      const turns = new Map(rows.map((row) => [row.id, row.turn]));
      const answer = await this.#send({ rows: JSON.stringify(this.changes.sent(rows)) });
      if (!answer) return void rows.forEach(({ id }) => this.asked.add(id)); // asked again with the next change
      answer.rows.forEach((row) => this.changes.judge(row, turns.get(row.id), this.read));
      this.onJudged(answer.rows.map(({ id }) => id));
      this.#askMerged(answer.rows);
    }

    // Rows that others changed elsewhere are rehearsed anew, in the version that they have now.
    #askMerged(rows) {
      const merged = rows.filter(({ id, verdict }) => verdict === "conflict" && this.changes.rows.get(id)?.verdict === "new");
      if (merged.length) this.changed(merged.map(({ id }) => id));
    }

    // All rows as one act; the same key until something is changed, so that what is sent twice is written once.
    save() { return this.#inTurn(() => this.#save()); }

    async #save() {
      this.asked.clear(); // what is saved need not be rehearsed
      if (!await this.#isSignedIn()) return null;
      const rows = [...this.changes.rows.values()];
      const answer = await this.#send({ rows: JSON.stringify(this.changes.sent(rows)), sure: "1", once: this.key });
      if (!answer) return null;
      this.key = newKey();
      for (const row of answer.rows) if (row.verdict !== "saved") this.changes.judge(row, undefined, this.read);
      this.#askMerged(answer.rows);
      return answer;
    }

    // A session that has ended is begun again in place, by the same person.
    async #isSignedIn() {
      const { freshen, signIn } = window.guicheng;
      try { return !freshen || await freshen() || await signIn(); } catch {
        this.onFault("", 0);
        return false;
      }
    }

    async fill(name, texts, count) {
      const answer = await this.#send({ name, texts: JSON.stringify(texts), count }, "fill/");
      return answer?.texts ?? null;
    }

    async draft() {
      try { return (await ask(`${this.facts.base}sheet/draft/`)).data; } catch { return { rows: [] }; }
    }

    // One after the other, so that what was typed later is not kept before what was typed first.
    keep() {
      this.keeping = this.keeping.then(() => this.#keep());
      return this.keeping;
    }

    async #keep() {
      if (this.isKept) return;
      this.isKept = true;
      const answer = await this.#send({ rows: JSON.stringify(this.changes.packed()) }, "draft/");
      if (!answer) this.isKept = false;
      this.onKept(answer?.at ?? "");
    }

    async #send(pairs, place = "") {
      try {
        const { ok, status, data } = await ask(`${this.facts.base}sheet/${place}`, { body: bodyOf(pairs) });
        if (ok) return data;
        this.onFault(data.message ?? "", status);
      } catch { this.onFault("", 0); }
      return null;
    }
  }
  window.guicheng.SheetServer = SheetServer;
})();
