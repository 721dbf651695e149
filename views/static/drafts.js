// Keeps what is typed in a form on the server every few seconds, and says quietly whether that worked.
"use strict";
(() => {
  const { announce, ask, onEach } = window.guicheng;
  const PAUSE = 3000;
  const PAUSE_AFTER_FAULT = 15000;
  const clock = new Intl.DateTimeFormat(document.documentElement.lang, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  const now = () => clock.format(new Date());

  onEach("form[data-draft-url]", (form) => {
    const status = form.querySelector("[data-draft-status]");
    const { keptAt, notKept, endedText, signIn: signInWords } = form.dataset;
    const pairs = () => [...new FormData(form)].filter(([name, value]) => name !== "csrf_token" && !(value instanceof File));
    const contents = () => JSON.stringify(pairs());
    const opened = contents();
    const isFresh = form.dataset.guard !== "dirty";
    let kept = opened;
    let since = now();
    let timer = null;
    let isBusy = false;
    let isSent = false;
    let hasFailed = false;

    // A checklist on a phone: what cannot be sent stays in this browser, for whoever typed it alone, and is sent when the net is back.
    const away = window.guicheng.away(form, "offline" in form.dataset);
    const later = (pause) => { timer ??= setTimeout(beat, pause); };

    async function beat() {
      timer = null;
      const typed = contents();
      if (isBusy || isSent) return;
      if (typed === kept) { away.forget(); return; }
      isBusy = true;
      const body = new FormData();
      for (const [name, value] of pairs()) body.append(name, value);
      if (isFresh && typed === opened) body.append("is_blank", "1");
      let answer = { ok: false, status: 0, data: {} };
      try { answer = await ask(form.dataset.draftUrl, { body, signal: AbortSignal.timeout(20000) }); } catch { /* said below */ }
      isBusy = false;
      if (isSent) return;
      if (answer.ok) {
        if (contents() === typed) away.forget();
        kept = typed;
        since = answer.data.at || now();
        hasFailed = false;
        status.textContent = answer.data.at ? keptAt.replace("{at}", answer.data.at) : "";
        if (contents() !== kept) later(PAUSE);
      } else failed(answer);
    }

    async function failed({ status: code, data }) {
      if (code === 400 && !hasFailed && await window.guicheng.freshen?.().catch(() => false)) return later(0);
      if (!code && away.keep(contents())) {
        status.textContent = form.dataset.offline;
        later(PAUSE_AFTER_FAULT);
        return;
      }
      const sentence = code === 401 ? endedText : data.message || notKept.replace("{at}", since); // signed out, the server no longer knows the language
      status.textContent = sentence;
      if (!hasFailed) announce(sentence);
      hasFailed = true;
      if (code === 401) offerSignIn();
      else if (code !== 422 && code !== 403) later(PAUSE_AFTER_FAULT);
    }

    // The button goes away with the sentence; whoever pressed it goes on in the field where they were.
    let place = form.contains(document.activeElement) ? document.activeElement : null;
    form.addEventListener("focusin", ({ target }) => { if (!status.contains(target)) place = target; });
    function offerSignIn() {
      const button = Object.assign(document.createElement("button"), { type: "button", className: "btn small", textContent: signInWords });
      button.addEventListener("click", async () => { if (await window.guicheng.signIn?.()) { timer = null; place?.focus(); beat(); } });
      status.append(" ", button);
    }

    addEventListener("online", () => { clearTimeout(timer); beat(); });
    if (isFresh) away.bring(pairs());
    for (const type of ["input", "change"]) form.addEventListener(type, () => { away.keep(contents()); later(PAUSE); });
    document.addEventListener("visibilitychange", () => { if (document.visibilityState === "hidden") beat(); });
    form.addEventListener("submit", (event) => { isSent = !event.defaultPrevented && !event.submitter?.formTarget; if (isSent && contents() !== opened) away.send(contents()); });
    addEventListener("pageshow", (event) => { if (event.persisted) isSent = false; });
  });
})();
