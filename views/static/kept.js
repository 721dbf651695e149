// Comments, reasons and remarks stay in this window until they are sent, by record and step; signing out drops them.
"use strict";
(() => {
  const { onEach } = window.guicheng;
  const PREFIX = "typed:";
  const { login } = document.body.dataset;

  function stored(key, texts) {
    try {
      if (texts && Object.keys(texts).length) sessionStorage.setItem(key, JSON.stringify(texts));
      else if (texts) sessionStorage.removeItem(key);
      return JSON.parse(sessionStorage.getItem(key) || "{}");
    } catch { return {}; } // private windows may refuse storage
  }

  // Whoever sits here next finds nothing of the one before.
  function dropOthers() {
    const isMine = (key) => login && key.startsWith(`${PREFIX}${login}:`);
    try {
      Object.keys(sessionStorage).filter((key) => key.startsWith(PREFIX) && !isMine(key)).forEach((key) => sessionStorage.removeItem(key));
    } catch { /* then nothing was kept either */ }
  }
  dropOthers();

  onEach("form[data-kept]", (form) => {
    const key = `${PREFIX}${login}:${form.dataset.kept}`;
    const areas = [...form.querySelectorAll("textarea[name]")];
    const typed = () => Object.fromEntries(areas.filter(({ value }) => value).map(({ name, value }) => [name, value]));
    for (const area of areas) area.value ||= stored(key)[area.name] ?? "";
    form.addEventListener("input", () => stored(key, typed()));
    form.addEventListener("submit", (event) => { if (!event.defaultPrevented) stored(key, {}); });
    form.addEventListener("sent", () => stored(key, {}));
  });
})();
