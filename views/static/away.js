// What is typed in a form while the net is away, kept in this browser until the server has it.
"use strict";
(() => {
  const PREFIX = "guicheng.away:";
  const SENT = "guicheng.sent";
  const { login } = document.body.dataset;
  const safely = (run) => { try { return run(); } catch { return null; } }; // private windows may refuse storage
  const same = (pairs) => JSON.stringify(pairs.filter(([name]) => !["version", "once", "confirm"].includes(name)));

  // Whoever signs in next finds nothing of the one before.
  safely(() => Object.keys(localStorage).filter((name) => name.startsWith(PREFIX) && !name.startsWith(`${PREFIX}${login}:`)).forEach((name) => localStorage.removeItem(name)));

  // The server leads on from a form to its record only once it has saved it: then nothing is left to be kept.
  const sent = safely(() => sessionStorage.getItem(SENT));
  if (sent && location.pathname.endsWith("/details/") && performance.getEntriesByType("navigation")[0]?.redirectCount) {
    safely(() => { localStorage.removeItem(sent); sessionStorage.removeItem(SENT); });
  }

  window.guicheng.away = (form, isOn) => {
    const key = `${PREFIX}${login}:${form.dataset.draftUrl}:${form.elements.id?.value ?? ""}`;
    const keep = (typed) => isOn && Boolean(safely(() => { localStorage.setItem(key, typed); return true; }));
    const forget = () => isOn && safely(() => localStorage.removeItem(key));

    // A form that is on its way may not arrive: what is in it goes when the answer is here.
    const send = (typed) => keep(typed) && safely(() => sessionStorage.setItem(SENT, key));

    // The page was closed or loaded anew meanwhile: the server takes it as the draft, which the page then goes on with.
    async function bring(shown) {
      const left = isOn && safely(() => localStorage.getItem(key));
      if (!left) return;
      const pairs = JSON.parse(left);
      if (same(pairs) === same(shown)) { forget(); return; }
      const body = new FormData();
      for (const [name, value] of pairs) body.append(name, value);
      const answer = await window.guicheng.ask(form.dataset.draftUrl, { body }).catch(() => ({ ok: false }));
      if (!answer.ok) return;
      forget();
      if (!answer.data.at) return; // it was saved, and only the answer was lost
      const address = new URL(location.href);
      address.searchParams.set("draft", form.elements.id?.value ? "1" : pairs.find(([name]) => name === "once")?.[1] ?? "");
      location.replace(address);
    }
    return { keep, forget, send, bring };
  };
})();
