// Keeps each answer of a quiz when it is given, and shows what is left of the time that the server has set.
"use strict";
(() => {
  const WAIT = 700, RETRY = 4000, MINUTE = 60, SECOND = 1000;
  const KEPT_ALIVE_MAX = 60_000; // bytes; browsers send no more than 64 KiB of a page that is being left
  const form = document.querySelector("form[data-quiz]");
  if (!form) return;
  const note = form.querySelector("[data-note]");
  const clock = form.querySelector("[data-left]");
  const end = clock ? performance.now() + Number(clock.dataset.left) * SECOND : 0;
  const waiting = new Set();
  let timer = 0, isSending = false, isHandingIn = false;

  function bodyOf(boxes) {
    const body = new URLSearchParams();
    body.set("csrf_token", form.querySelector("input[name='csrf_token']").value);
    for (const box of boxes) {
      for (const input of box.querySelectorAll("input, select, textarea")) {
        if (input.name && (!["radio", "checkbox"].includes(input.type) || input.checked)) body.append(input.name, input.value);
      }
    }
    return body;
  }

  function showProblems(boxes, problems) {
    for (const box of boxes) {
      const list = box.querySelector("ul.errors");
      const sentence = problems[box.dataset.question];
      list.hidden = !sentence;
      list.replaceChildren(...(sentence ? [Object.assign(document.createElement("li"), { textContent: sentence })] : []));
    }
  }

  async function save() {
    if (isSending || isHandingIn || !waiting.size) return;
    isSending = true;
    const boxes = [...waiting];
    waiting.clear();
    try {
      const body = bodyOf(boxes);
      const answer = await fetch(form.action, { method: "POST", body, keepalive: body.toString().length < KEPT_ALIVE_MAX, headers: { "X-Requested-With": "XMLHttpRequest" } });
      if (answer.status === 409) { location.reload(); return; }
      if (!answer.ok) throw new Error(String(answer.status));
      const { held, problems } = await answer.json();
      for (const box of boxes) box.querySelector("input[name^='held-']").value = held[box.dataset.question];
      showProblems(boxes, problems);
      note.textContent = Object.keys(problems).length ? form.dataset.wrong : form.dataset.saved;
    } catch {
      boxes.forEach((box) => waiting.add(box));
      note.textContent = form.dataset.unsaved;
      timer = setTimeout(save, RETRY);
    } finally {
      isSending = false;
      if (waiting.size && !timer) timer = setTimeout(save, WAIT);
    }
  }

  for (const type of ["input", "change"]) {
    form.addEventListener(type, (event) => {
      const box = event.target.closest("[data-question]");
      if (!box) return;
      waiting.add(box);
      clearTimeout(timer);
      timer = setTimeout(() => { timer = 0; save(); }, WAIT);
    });
  }
  form.addEventListener("submit", () => { isHandingIn = true; clearTimeout(timer); });
  addEventListener("pageshow", () => { isHandingIn = false; });
  document.addEventListener("visibilitychange", () => { if (document.visibilityState === "hidden") save(); });

  function tick() {
    const left = Math.max(0, Math.round((end - performance.now()) / SECOND));
    clock.textContent = `${Math.floor(left / MINUTE)}:${String(left % MINUTE).padStart(2, "0")}`;
    if (left) return;
    clearInterval(ticking);
    save().then(() => setTimeout(() => location.reload(), 7 * SECOND));
  }
  const ticking = clock ? setInterval(tick, SECOND) : 0;
})();
