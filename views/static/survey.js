// Keeps the answers of a survey while somebody types, so that no reload or crash loses them.
"use strict";
(() => {
  const WAIT = 1500;
  const form = document.querySelector("[data-survey]");
  if (!window.guicheng) window.guicheng = { onEach: (selector, each) => document.querySelectorAll(selector).forEach(each) };
  if (!form) return;
  const note = form.querySelector("[data-kept]");
  let timer = 0;
  let isSending = false;

  async function keep() {
    if (isSending) return;
    const body = new URLSearchParams(new FormData(form));
    body.set("go", "save");
    body.set("quiet", "1");
    try {
      const answer = await fetch(form.action, { method: "POST", body, keepalive: true });
      note.hidden = !answer.ok;
    } catch {
      note.hidden = true;
    }
  }

  for (const type of ["input", "change"]) {
    form.addEventListener(type, () => {
      note.hidden = true;
      clearTimeout(timer);
      timer = setTimeout(keep, WAIT);
    });
  }
  form.addEventListener("submit", () => { isSending = true; clearTimeout(timer); });
  addEventListener("pageshow", () => { isSending = false; });
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden" && timer && !isSending) { clearTimeout(timer); keep(); }
  });
  form.querySelector("[data-new] :is(input, select, textarea):not([type='hidden'])")?.focus();
})();
