// Keeps the lists beside a form in step with what is chosen and typed in it.
"use strict";
(() => {
  const WAIT = 700;
  const box = document.querySelector("[data-beside]");
  const form = box?.closest("form");
  if (!form) return;
  const names = box.dataset.fields.split(" ");
  let timer = 0;
  let last = "";

  const values = () => {
    const all = new FormData(form); // what a picker has chosen stands beside its text, which has the same id
    const sent = new FormData();
    for (const name of [...names, "csrf_token", "id"]) {
      const value = all.get(name);
      if (typeof value === "string") sent.set(name, value);
    }
    return sent;
  };

  async function look() {
    const sent = values();
    const now = names.map((name) => sent.get(name)).join("\n");
    if (now === last) return;
    last = now;
    try {
      const answer = await fetch(box.dataset.beside, { method: "POST", body: sent });
      if (!answer.ok) return;
      box.innerHTML = await answer.text();
      box.hidden = !box.textContent.trim();
    } catch {
      last = ""; // no connection: the next letter asks again
    }
  }

  for (const type of ["input", "change"]) {
    form.addEventListener(type, () => {
      clearTimeout(timer);
      timer = setTimeout(look, WAIT);
    });
  }
})();
