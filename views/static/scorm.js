// The page of a lesson that is a SCORM package: it opens the package on its own host, listens to its player alone, and
// sends on what is to be kept. What the player says is taken for a claim of the package: the server looks at all of it.
"use strict";
(() => {
  const ALIVE = 60_000, PAUSE = 500, RETRY = 4000, SIZE_MAX = 2_000_000, KEPT_ALIVE_MAX = 60_000, VALUES_MAX = 6000;
  const box = document.querySelector("[data-scorm]");
  if (!box) return;
  const { url, lesson, place, origin, saved, unsaved, gone } = box.dataset;
  const frame = box.querySelector("iframe"), note = box.querySelector("[data-note]"), done = box.querySelector("[data-finished]");
  const token = () => document.querySelector("meta[name='csrf-token']").content;
  let launch = "", waiting = null, isSending = false, timer = 0;

  function post(sent) {
    const body = JSON.stringify(sent);
    const headers = { "Content-Type": "application/json", "X-CSRFToken": token(), "X-Requested-With": "XMLHttpRequest" };
    return fetch(url, { method: "POST", body, headers, keepalive: body.length < KEPT_ALIVE_MAX / 3 });
  }

  // Of a session that has ended the person is told, and begins it again on this page.
  async function comeBack() {
    const { freshen, signIn } = window.guicheng;
    if (!(await freshen())) await signIn();
  }

  async function open() {
    try {
      const answer = await post({ verb: "open", lesson, place: Number(place) });
      const facts = await answer.json();
      if (!answer.ok) { note.textContent = facts.message ?? gone; return; }
      launch = facts.launch;
      if (facts.address.startsWith(`${origin}/c/`)) frame.src = facts.address;
    } catch {
      note.textContent = unsaved;
      setTimeout(open, RETRY);
    }
  }

  // Of a message nothing is believed but its form: from that frame, of that origin, texts by name.
  function isCommit(data) {
    if (data === null || typeof data !== "object" || data.kind !== "commit") return false;
    if (typeof data.over !== "boolean" || !Number.isSafeInteger(data.seq)) return false;
    if (data.values === null || typeof data.values !== "object" || Array.isArray(data.values)) return false;
    const rows = Object.entries(data.values);
    let size = 0;
    for (const [name, value] of rows) {
      if (typeof value !== "string") return false;
      size += name.length + value.length;
    }
    return rows.length <= VALUES_MAX && size <= SIZE_MAX;
  }

  addEventListener("message", (event) => {
    if (event.source !== frame.contentWindow || event.origin !== origin || !launch || !isCommit(event.data)) return;
    waiting = { seq: event.data.seq, values: event.data.values, over: event.data.over || Boolean(waiting?.over) };
    send();
  });

  async function send() {
    if (isSending || !waiting) return;
    clearTimeout(timer);
    isSending = true;
    const sent = waiting;
    waiting = null;
    try {
      const answer = await post({ verb: "commit", launch, ...sent });
      if (answer.status === 400 || answer.status === 401) await comeBack();
      if (answer.status >= 500 || answer.status === 400 || answer.status === 401) throw new Error(String(answer.status));
      const facts = answer.headers.get("Content-Type")?.startsWith("application/json") ? await answer.json() : {};
      note.textContent = answer.ok ? saved : facts.message ?? gone;
      if (facts.done) done.hidden = false;
    } catch {
      waiting ??= sent;
      note.textContent = unsaved;
      timer = setTimeout(send, RETRY);
    } finally {
      await new Promise((go) => { setTimeout(go, PAUSE); });
      isSending = false;
      if (waiting && note.textContent !== unsaved) send();
    }
  }

  setInterval(() => {
    if (launch && document.visibilityState === "visible") post({ verb: "alive", launch }).catch(() => {});
  }, ALIVE);
  addEventListener("pagehide", () => { if (waiting) post({ verb: "commit", launch, ...waiting }).catch(() => {}); });
  open();
})();
