// A form that stayed open longer than its session: asks before it is sent, signs in again in place, then sends it.
"use strict";
(() => {
  const { say, announce, ask, element } = window.guicheng;
  const mine = document.body.dataset.login;
  const dialog = document.getElementById("sign-in");
  if (!mine || !dialog) return;
  const box = dialog.querySelector("form");
  const { password, code } = box.elements;
  const fault = dialog.querySelector("[data-fault]");
  const pending = new Set();
  const passed = new WeakSet();
  let waiting = null;

  // A session begun anew has another token; every form of the page takes it.
  function renew(token) {
    document.querySelector("meta[name='csrf-token']")?.setAttribute("content", token);
    document.querySelectorAll("input[name='csrf_token']").forEach((input) => { input.value = token; });
  }

  function explain(sentence) {
    fault.textContent = sentence;
    fault.hidden = !sentence;
    password.setAttribute("aria-invalid", String(Boolean(sentence)));
  }

  // Who has a second step is asked for its code once the password was right; both are sent again together.
  function askCode(isAsked) {
    code.value = "";
    code.disabled = !isAsked;
    code.closest("[data-second-step]").hidden = !isAsked;
    if (isAsked) code.focus();
  }

  // Resolves to true once the same person is signed in again, to false when they would rather not.
  function signIn() {
    if (waiting) return waiting.promise;
    waiting = {};
    waiting.promise = new Promise((done) => { waiting.done = done; });
    const { promise } = waiting;
    explain("");
    askCode(false);
    password.value = "";
    dialog.showModal();
    password.focus();
    return promise;
  }

  function end(isIn) {
    const { done } = waiting ?? {};
    waiting = null;
    if (dialog.open) dialog.close();
    password.value = "";
    done?.(isIn);
  }
  dialog.addEventListener("close", () => end(false));

  box.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (!waiting) return;
    try {
      const before = await ask(box.dataset.whose);
      renew(before.data.token);
      const { ok, data } = before.data.login === mine ? before : await ask(box.action, { body: new FormData(box) });
      if (!ok || data.login !== mine) {
        explain(data.message || say("noAnswer"));
        askCode(data.needs === "code");
        return;
      }
      renew(data.token);
      announce(box.dataset.done);
      document.dispatchEvent(new Event("signedin"));
      end(true);
    } catch {
      explain(say("noAnswer"));
    }
  });

  async function ready() {
    const { data } = await ask(box.dataset.whose, { signal: AbortSignal.timeout(10000) });
    if (data.login !== mine) return signIn();
    renew(data.token);
    return true;
  }

  function tell(form, sentence) {
    form.querySelector("[data-unsent]")?.remove();
    if (!sentence) return;
    const said = element("div", { className: "notice bad" }, { role: "alert", "data-unsent": "" }, element("p", { textContent: sentence }));
    (form.querySelector(".form-actions") ?? form.lastElementChild).before(said);
  }

  document.addEventListener("submit", async (event) => {
    const { target: form, submitter } = event;
    if (!form.matches("form[data-guard]") || form.getAttribute("method") !== "post") return;
    if (passed.delete(form)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (pending.has(form)) return;
    pending.add(form);
    tell(form, "");
    let may = false;
    try { may = await ready(); } catch { tell(form, say("noAnswer")); }
    pending.delete(form);
    if (!may || !form.isConnected) return;
    passed.add(form);
    form.requestSubmit(submitter);
    passed.delete(form);
  }, true);

  // True when the same person is still signed in, under whatever token.
  async function freshen() {
    const { data } = await ask(box.dataset.whose);
    if (data.login === mine) renew(data.token);
    return data.login === mine;
  }
  Object.assign(window.guicheng, { signIn, freshen });
})();
