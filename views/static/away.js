// What is typed in a form while the net is away, kept in this browser until the server has it.
"use strict";
window.guicheng.away = (form, isOn) => {
  const PREFIX = "guicheng.away:";
  const { login } = document.body.dataset;
  const key = `${PREFIX}${login}:${form.dataset.draftUrl}:${form.elements.id?.value ?? ""}`;
  const safely = (run) => { try { return run(); } catch { return null; } }; // private windows may refuse storage

  // Whoever signs in next finds nothing of the one before.
  safely(() => Object.keys(localStorage).filter((name) => name.startsWith(PREFIX) && !name.startsWith(`${PREFIX}${login}:`)).forEach((name) => localStorage.removeItem(name)));

  const keep = (typed) => isOn && Boolean(safely(() => { localStorage.setItem(key, typed); return true; }));
  const forget = () => safely(() => localStorage.removeItem(key));

  // The page was closed or loaded anew meanwhile: the server takes it as the draft, which the page then goes on with.
  async function bring() {
    const left = isOn && safely(() => localStorage.getItem(key));
    if (!left) return;
    const pairs = JSON.parse(left);
    const body = new FormData();
    for (const [name, value] of pairs) body.append(name, value);
    const answer = await window.guicheng.ask(form.dataset.draftUrl, { body }).catch(() => ({ ok: false }));
    if (!answer.ok) return;
    forget();
    const address = new URL(location.href);
    address.searchParams.set("draft", form.elements.id?.value ? "1" : pairs.find(([name]) => name === "once")?.[1] ?? "");
    location.replace(address);
  }
  return { keep, forget, bring };
};
