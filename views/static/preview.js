// Shows the questions of a form beside it, as those who answer see them; on a narrow screen, or without scripts, in a tab.
"use strict";
(() => {
  const WIDE = window.matchMedia("(min-width: 75rem)");
  const PAUSE = 600;
  const button = document.querySelector("[data-preview]");
  const form = button?.form;
  if (!form) return;
  const beside = document.createElement("aside");
  beside.className = "preview-beside";
  beside.setAttribute("aria-label", button.textContent.trim());
  let timer = 0, turn = 0;

  // The form of a preview page, as a part of this page: what another main region holds stands in a plain block.
  function drawn(text) {
    const page = new DOMParser().parseFromString(text, "text/html");
    const part = document.importNode(page.querySelector("body > form"), true);
    const main = part.querySelector("main"), block = document.createElement("div");
    block.replaceChildren(...main.childNodes);
    main.replaceWith(block);
    for (const head of block.querySelectorAll("h1")) {
      const lower = document.createElement("h2");
      lower.append(...head.childNodes);
      head.replaceWith(lower);
    }
    return part;
  }

  function placeOf(control) {
    return beside.contains(control) && control.name ? `[name="${CSS.escape(control.name)}"][value="${CSS.escape(control.value)}"]` : "";
  }

  async function show(address, data) {
    const mine = ++turn;
    const answer = await fetch(address, { method: "POST", body: data, credentials: "same-origin" });
    const text = await answer.text();
    if (mine !== turn || !text.includes("<form")) return;
    const place = placeOf(document.activeElement);
    const close = document.createElement("button");
    close.type = "button";
    close.className = "btn quiet small";
    close.textContent = button.dataset.close;
    close.addEventListener("click", () => { beside.remove(); document.body.classList.remove("with-preview"); button.focus(); });
    beside.replaceChildren(close, drawn(text));
    if (!beside.isConnected) {
      document.body.append(beside);
      document.body.classList.add("with-preview");
    }
    if (place) beside.querySelector(place)?.focus();
  }

  const anew = () => show(button.formAction, new FormData(form));
  form.addEventListener("submit", (event) => {
    if (event.submitter !== button || !WIDE.matches) return;
    event.preventDefault();
    anew();
  });
  form.addEventListener("change", () => {
    clearTimeout(timer);
    if (beside.isConnected) timer = setTimeout(anew, PAUSE);
  });
  beside.addEventListener("submit", (event) => {
    event.preventDefault();
    const data = new FormData(event.target);
    if (event.submitter?.name) data.append(event.submitter.name, event.submitter.value);
    show(event.target.action, data);
  });
  beside.addEventListener("change", (event) => {
    if (event.target.form) show(event.target.form.action, new FormData(event.target.form));
  });
})();
