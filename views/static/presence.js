// Says that this page is open, and whether somebody types on it; shows who else has the record open.
"use strict";
(() => {
  const EVERY = 20_000;
  const box = document.querySelector("[data-presence]");
  if (!box) return;
  const token = document.querySelector("input[name='csrf_token']")?.value ?? "";
  const form = box.closest("form");
  let typed = 0;
  let shown = box.innerHTML;
  form?.addEventListener("input", () => { typed = Date.now(); });

  async function look() {
    if (document.visibilityState === "hidden") return;
    const sent = new FormData();
    const isWriting = Date.now() - typed < 3 * EVERY;
    for (const [name, value] of Object.entries({ csrf_token: token, type: box.dataset.type, id: box.dataset.id, writing: isWriting ? "1" : "" })) sent.set(name, value);
    try {
      const answer = await fetch(box.dataset.presence, { method: "POST", body: sent });
      if (!answer.ok) return;
      const html = await answer.text();
      if (html !== shown) { box.innerHTML = html; shown = html; }
    } catch {
      // no connection: the next round asks again
    }
  }

  setInterval(look, EVERY);
  look();
})();
