// The form of a schedule: the next five runs of what is typed, as the server reckons them.
"use strict";
(() => {
  const { element, ask, later, onEach } = window.guicheng;
  onEach("form[action^='/admin/schedule/']", (form) => {
    const anchor = form.querySelector("#time_zone")?.closest(".field");
    if (!anchor) return;
    const title = { en: "Next runs", "zh-Hant": "接下來的執行時間", "zh-Hans": "接下来的执行时间" }[document.documentElement.lang];
    const list = element("ol", { className: "links" });
    const place = element("div", { className: "field wide" }, { role: "status", "data-next-runs": "" }, element("span", { className: "label", textContent: title }), list);
    anchor.after(place);
    let turn = 0;
    const look = later(250, async () => {
      const mine = (turn += 1);
      const body = new FormData();
      for (const name of ["cron", "every", "time_zone"]) body.set(name, form.elements[name]?.value ?? "");
      body.set("reader_zone", Intl.DateTimeFormat().resolvedOptions().timeZone ?? "");
      try {
        const { ok, data } = await ask("/admin/timetable/preview/", { body });
        if (mine !== turn || !ok) return;
        const texts = data.problem ? [data.problem] : data.runs.map((run) => (run.here ? `${run.at} (${run.here})` : run.at));
        list.replaceChildren(...texts.map((text) => element("li", { textContent: text })));
      } catch { /* the form works without */ }
    });
    form.addEventListener("input", (event) => {
      if (["cron", "every", "time_zone"].includes(event.target.name)) look();
    });
    look();
  });
})();
