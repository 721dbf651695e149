// A number that is promised first and shown later: chosen here, kept by this browser, and filled in when it is asked for.
"use strict";
(() => {
  const { element, onEach } = window.guicheng;
  const BYTES = 16;
  const keyOf = (digest) => `guicheng.number.${document.body.dataset.login}.${digest}`; // a new record has no id yet
  const formerKeyOf = (input) => keyOf(`${input.form?.elements.id?.value ?? ""}.${input.dataset.of}`); // kept by an earlier version
  const hex = (bytes) => [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const store = (key, value) => { try { localStorage.setItem(key, value); } catch { /* it stands on the page */ } };
  const stored = (key) => { try { return localStorage.getItem(key); } catch { return null; } };

  onEach("input[data-commitment]", (input) => {
    if (!window.crypto?.subtle) return; // only over a secure connection
    const button = element("button", { type: "button", className: "btn" }, {}, input.dataset.choose);
    const note = element("p", { className: "help" });
    note.setAttribute("role", "status");
    input.after(button, note);
    button.addEventListener("click", async () => {
      const number = hex(crypto.getRandomValues(new Uint8Array(BYTES)));
      const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(number));
      input.value = hex(new Uint8Array(digest));
      store(keyOf(input.value), number);
      note.textContent = input.dataset.keptWords.replace("{number}", number);
      input.dispatchEvent(new Event("input", { bubbles: true }));
    });
  });

  onEach("input[data-committed]", (input) => {
    if (!input.value) input.value = stored(keyOf(input.dataset.committed)) ?? stored(formerKeyOf(input)) ?? "";
  });
})();
