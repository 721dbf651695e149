// Approvals in a row: a says yes, r says no with a reason; several rows are decided at once after one question.
"use strict";
(() => {
  const { say, announce, ask, remembered } = window.guicheng;
  const TOLD_FOR = 8000;
  const READ_FOR = 1500;
  const COUNTED = 99;
  const form = document.querySelector("form[data-decide]");
  const dialog = document.getElementById("decide");
  if (!form || !dialog) return;
  const sheet = dialog.querySelector("form");
  const reason = sheet.querySelector("textarea");
  const problem = sheet.querySelector(".errors");
  const toast = document.querySelector("[data-toast]");
  let waiting = null;
  let hides;

  const rowsOf = (givens) => givens.map((given) => form.querySelector(`tr[data-case="${CSS.escape(given)}"]`)).filter(Boolean);
  const refuse = (text) => {
    problem.hidden = false;
    problem.firstElementChild.textContent = text;
    (waiting.kind === "no" ? reason : sheet.querySelector("[data-decide-send]")).focus();
  };

  function tellRow(row, text, ok) {
    const place = row.querySelector(".decide > p");
    place.textContent = text;
    place.hidden = false;
    place.classList.toggle("cell-error", !ok);
  }

  // What was done is seen for a while, and spoken.
  function tell(text) {
    toast.firstElementChild.textContent = text;
    toast.hidden = false;
    clearTimeout(hides);
    hides = setTimeout(() => { toast.hidden = true; }, TOLD_FOR);
    announce(text);
  }

  function setCount(place, count) {
    const number = place?.querySelector(".count");
    if (!number) return;
    if (count) number.firstChild.data = count > COUNTED ? `${COUNTED}+` : count;
    else number.remove();
  }

  // The menu and the top of the page say how much waits, there as here.
  function recount({ decisions, types }) {
    const top = document.querySelector(".topbar a[href='/admin/inbox/']");
    top.setAttribute("aria-label", top.getAttribute("aria-label").replace(/\d+$/, decisions));
    for (const place of [top, document.querySelector("[data-go='inbox']")]) setCount(place, decisions);
    for (const group of document.querySelectorAll(".nav-group")) {
      let sum = 0;
      for (const link of group.querySelectorAll(".nav-list a")) {
        const count = types[link.pathname.split("/")[2]] ?? 0;
        setCount(link, count);
        sum += count;
      }
      setCount(group.querySelector("summary"), sum);
    }
  }

  // A row that was decided leaves; the focus goes to the one that takes its place.
  function leave(row) {
    const next = row.nextElementSibling || row.previousElementSibling;
    const had = row.contains(document.activeElement) || document.activeElement === document.body;
    row.remove();
    if (had && next) next.focus();
    form.querySelector("table").dispatchEvent(new Event("change", { bubbles: true }));
  }

  async function decide(kind, givens, why) {
    const body = new FormData();
    givens.forEach((given) => body.append("case", given));
    Object.entries({ decision: kind, sure: "1", reason: why }).forEach(([name, value]) => body.append(name, value));
    const rows = rowsOf(givens);
    rows.forEach((row) => row.setAttribute("aria-busy", "true"));
    let data = { message: say("noAnswer") };
    try { ({ data } = await ask(form.action, { body })); } catch { /* the sentence above says it */ }
    rows.forEach((row) => row.removeAttribute("aria-busy"));
    if (!data.rows) {
      rows.forEach((row) => tellRow(row, data.message, false));
      announce(data.message);
      return false;
    }
    for (const told of data.rows) {
      const [row] = rowsOf([told.given]);
      if (row && told.ok) leave(row);
      else if (row) tellRow(row, told.text, false);
    }
    tell(data.rows.length === 1 ? `${data.rows[0].number} ${data.message}` : data.message);
    recount(data.waiting);
    if (!form.querySelector("tr[data-case]")) setTimeout(() => location.reload(), READ_FOR);
    return true;
  }

  function question(kind, givens, title) {
    waiting = { kind, givens };
    problem.hidden = true;
    reason.value = "";
    sheet.querySelector("[data-decide-reason]").hidden = kind !== "no";
    dialog.querySelector("h2").textContent = title;
    sheet.querySelector("[data-decide-what]").textContent = rowsOf(givens).map((row) => row.dataset.number).join(", ");
    dialog.showModal();
    (kind === "no" ? reason : sheet.querySelector("[data-decide-send]")).focus();
  }

  sheet.addEventListener("submit", async (event) => {
    event.preventDefault();
    const { kind, givens } = waiting;
    if (kind === "no" && !reason.value.trim()) {
      reason.setAttribute("aria-invalid", "true");
      return refuse(dialog.querySelector("[data-decide-reason] label").textContent);
    }
    reason.removeAttribute("aria-invalid");
    dialog.close();
    await decide(kind, givens, reason.value);
  });

  // Back from the page of a case, where it may have been signed: at its row, or at the one that took its place.
  const key = `decide:${location.pathname}`;
  const cases = () => [...form.querySelectorAll("tr[data-case]")];
  const idOf = (row) => row.dataset.case.split(":")[1];
  form.addEventListener("click", ({ target }) => {
    const row = target.closest("tr[data-case]");
    try { if (row) sessionStorage.setItem(key, `${idOf(row)}:${cases().indexOf(row)}`); } catch { /* then the page begins at its top */ }
  });
  function comeBack() {
    const before = document.referrer && new URL(document.referrer);
    if (!before || before.origin !== location.origin || !/^\/admin\/\w+\/(move|details)\/$/.test(before.pathname)) return;
    let left = null;
    try { left = sessionStorage.getItem(key); } catch { /* as above */ }
    const [id, at] = (left ?? ":").split(":");
    if (!id || id !== (before.searchParams.get("id") ?? id)) return; // one came from elsewhere
    const rows = cases();
    (rows.find((row) => idOf(row) === id) ?? rows[Math.min(Number(at), rows.length - 1)])?.focus();
  }

  form.addEventListener("click", (event) => {
    const one = event.target.closest("[data-decide-one]");
    const many = event.target.closest("[data-decide-many]");
    if (!one && !many) return;
    event.preventDefault();
    if (one) {
      const { case: given } = one.closest("tr").dataset;
      const kind = one.dataset.decideOne;
      if (kind === "no") question(kind, [given], one.textContent);
      else decide(kind, [given], "");
      return;
    }
    const givens = [...form.querySelectorAll("[data-select-row]:checked")].map((box) => box.value);
    if (givens.length) question(many.value, givens, `${many.textContent} (${givens.length})`);
  });

  form.addEventListener("keydown", (event) => {
    const row = event.target.closest("tr[data-case]");
    const kind = { a: "yes", r: "no", d: "done" }[event.key];
    if (!row || !kind || event.ctrlKey || event.metaKey || event.altKey) return;
    if (remembered("shortcuts") === "off" || event.target.matches("input:not([type='checkbox']), textarea, select")) return;
    event.preventDefault();
    const button = row.querySelector(`[data-decide-one="${kind}"]`) || (kind === "no" ? row.querySelector(".decide a.danger") : row.querySelector(".decide a"));
    button?.click();
  });
  comeBack();
})();
