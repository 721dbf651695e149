// Editors of questions: options and rows line by line, conditions as question, comparison and value, texts by language.
// What they write is the text that stands in the field without them; every editor shows it "as text", too.
"use strict";
(() => {
  const box = document.querySelector("[data-editor-words]");
  if (!box) return;
  const { element, later } = window.guicheng;
  const words = JSON.parse(box.dataset.editorWords);
  const languages = JSON.parse(box.dataset.editorLanguages);
  const table = box.closest("[data-builder]").querySelector("table[data-lines]");
  const body = table.tBodies[0];
  const mounted = new WeakMap();
  const word = (key, values = {}) => words[key].replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
  const columnIn = (row, column) => row.querySelector(`[name$="-${column}"]:not([type="hidden"])`);
  const valueIn = (row, column) => (columnIn(row, column)?.value || "").trim();

  const pointed = element("input", { type: "checkbox" }, { "data-part": "" }); // whether options are worth points

  // --- what stands in a text -------------------------------------------------------------------------------------
  const readOptions = (text) => text.split("\n").map((line) => line.replaceAll("｜", "|").split("|").map((part) => part.trim()))
    .filter((parts) => parts.some(Boolean)).map(([key, label = "", points = ""]) => ({ key, label, points }));
  const isBare = (text) => text.split("\n").some((line) => line.trim() && !/[|｜]/.test(line)); // a list without codes
  const writeOptions = (options) => options.filter(({ key, label, points }) => key || label || points)
    .map(({ key, label, points }) => [key, label.replaceAll("|", "/"), ...(points ? [points] : [])].join(" | ")).join("\n");
  const TRANSLATION = /^\s*([A-Za-z-]+)(?:\/([A-Za-z0-9_]+))?\s*[:：]\s*(.+)$/;
  function readTexts(text) {
    const texts = new Map();
    for (const line of text.split("\n")) {
      const parts = TRANSLATION.exec(line);
      if (parts) texts.set(`${parts[1]}/${parts[2] || ""}`, parts[3].trim());
    }
    return texts;
  }
  const writeTexts = (texts) => [...texts].filter(([, text]) => text).map(([name, text]) => `${name.replace(/\/$/, "")}: ${text.replace(/\s*\n\s*/g, " ")}`).join("\n");
  const SAME = { "且": "and", "或": "or", "含": "has", "不含": "lacks", "已答": "answered", "未答": "unanswered", "≠": "!=", "≤": "<=", "≥": ">=", "＝": "=", "（": "(", "）": ")" };
  const KNOWN = ["and", "or", "(", ")", "answered", "unanswered", "=", "!=", "<", "<=", ">", ">=", "has", "lacks"];
  const LONE = ["answered", "unanswered"];

  // A condition as {join, items}, an item being {code, sign, value} or another such group; null: it cannot be read.
  function readCondition(text) {
    const parts = (text.match(/!=|<=|>=|[=<>()≠≤≥＝（）]|[^\s=<>!()≠≤≥＝（）]+|\S/g) || []).map((part) => SAME[part] || (KNOWN.includes(part.toLowerCase()) ? part.toLowerCase() : part));
    let at = 0;
    const name = () => { const part = parts[at]; at += 1; if (!part || KNOWN.includes(part)) throw new Error("name"); return part; };
    function single(depth) {
      if (parts[at] === "(" && depth < 10) {
        at += 1;
        const group = any(depth + 1);
        if (parts[at] !== ")") throw new Error("bracket");
        at += 1;
        return group;
      }
      const code = name();
      const sign = parts[at];
      at += 1;
      if (LONE.includes(sign)) return { code, sign, value: "" };
      if (!KNOWN.includes(sign) || ["and", "or", "(", ")"].includes(sign)) throw new Error("sign");
      return { code, sign, value: name() };
    }
    function joined(join, next) {
      const items = [next()];
      while (parts[at] === join) { at += 1; items.push(next()); }
      return items.length === 1 ? items[0] : { join, items };
    }
    const all = (depth) => joined("and", () => single(depth));
    const any = (depth) => joined("or", () => all(depth));
    try {
      const tree = any(0);
      if (at < parts.length) return null;
      return tree.items ? tree : { join: "and", items: [tree] };
    } catch { return null; }
  }
  // Brackets stand where a group stands within another one.
  function writeCondition({ join, items }) {
    const texts = items.map((item) => {
      if (!item.items) return [item.code, item.sign, item.value].filter(Boolean).join(" ");
      const inner = writeCondition(item);
      return inner && item.items.length > 1 ? `(${inner})` : inner;
    });
    return texts.filter(Boolean).join(` ${join} `);
  }
  Object.assign(window.guicheng, { readCondition, writeCondition });

  // --- what all editors share ------------------------------------------------------------------------------------
  function write(area, text) {
    if (area.value === text) return;
    area.value = text;
    area.dataset.own = "1";
    for (const type of ["input", "change"]) area.dispatchEvent(new Event(type, { bubbles: true }));
    delete area.dataset.own;
  }
  const button = (text, run, name = "btn small quiet") => {
    const made = element("button", { type: "button", className: name, textContent: text }, { "data-part": "" });
    made.addEventListener("click", run);
    return made;
  };
  const icon = (sign, label, run) => {
    const made = button(sign, run, "btn quiet square");
    made.setAttribute("aria-label", label);
    made.tabIndex = -1;
    return made;
  };
  function entry(label, value, changed, facts = {}) {
    const made = element("input", { value, type: "text", autocomplete: "off", ...facts }, { "aria-label": label, "data-part": "" });
    made.addEventListener("input", () => changed(made.value));
    return made;
  }
  function choice(label, pairs, value, changed) {
    const made = element("select", {}, { "aria-label": label, "data-part": "" });
    made.append(...pairs.map(([key, text]) => element("option", { value: key, textContent: text, selected: key === value })));
    made.addEventListener("change", () => changed(made.value));
    return made;
  }
  function mount(area, draw) {
    const place = element("div", { className: `editor-rows ${area.dataset.editor}` });
    const toggle = button(word("asText"), () => {
      place.hidden = !place.hidden;
      area.hidden = !place.hidden;
      named(place.hidden ? "asRows" : "asText");
      if (area.hidden) draw(); else area.focus();
    }, "link-like small");
    function named(key) {
      toggle.textContent = word(key);
      toggle.setAttribute("aria-label", `${word(key)}: ${area.getAttribute("aria-label") || ""}`);
    }
    named("asText");
    area.hidden = true;
    area.before(place);
    area.after(toggle);
    area.addEventListener("change", () => { if (!area.dataset.own && area.hidden) draw(); });
    mounted.set(area, { draw, place });
    return place;
  }
  const languagesIn = () => new Set([...box.parentElement.querySelectorAll("[data-language]:checked")].map((tick) => tick.value));

  // --- options and rows of a matrix ------------------------------------------------------------------------------
  function optionEditor(area, row) {
    const isRows = area.name.endsWith("-rows");
    let options = [];
    const texts = () => readTexts(valueIn(row, "translations"));
    const hasPoints = () => !isRows && pointed.checked && ["single", "multiple", "matrix"].includes(valueIn(row, "kind"));
    const place = mount(area, draw);
    let dragged = null;
    function keep() { write(area, writeOptions(options)); }
    function free() {
      const taken = new Set(options.map(({ key }) => key));
      let n = 1;
      while (taken.has(String(n))) n += 1;
      return String(n);
    }
    function setText(language, key, text) {
      const all = texts();
      if (text.trim()) all.set(`${language}/${key}`, text.trim()); else all.delete(`${language}/${key}`);
      write(columnIn(row, "translations"), writeTexts(all));
    }
    function rename(option, key) {
      const old = option.key;
      option.key = key.trim();
      keep();
      const all = texts();
      const moved = [...all].map(([name, text]) => [old && name.endsWith(`/${old}`) ? `${name.slice(0, name.indexOf("/"))}/${option.key}` : name, text]);
      write(columnIn(row, "translations"), writeTexts(new Map(moved)));
      if (old && !isRows) renameIn(row, (leaf) => { if (leaf.code === valueIn(row, "code") && leaf.value === old) leaf.value = option.key; });
    }
    function move(from, to) {
      if (to < 0 || to >= options.length) return;
      options.splice(to, 0, ...options.splice(from, 1));
      keep();
      draw();
      place.querySelectorAll("li")[to]?.querySelector("input").focus();
    }
    function remove(at) {
      options.splice(at, 1);
      keep();
      draw();
      (place.querySelectorAll("li")[Math.min(at, options.length - 1)]?.querySelector("input") ?? place.querySelector("button")).focus();
    }
    function add(at = options.length, label = "") {
      options.splice(at, 0, { key: label ? free() : "", label, points: "" });
      draw();
      place.querySelectorAll("li")[at].querySelector("input").focus();
    }
    function line(option, at) {
      const item = element("li");
      const handle = element("span", { className: "handle", textContent: "⠿", draggable: true }, { "aria-hidden": "true" });
      const code = entry(word("code"), option.key, () => {}, { className: "option-code", size: 6 });
      code.addEventListener("change", () => rename(option, code.value));
      const label = entry(`${word(isRows ? "row" : "label")} ${at + 1}`, option.label, (text) => {
        option.label = text;
        if (!option.key && text.trim()) code.value = option.key = free();
        keep();
      });
      label.addEventListener("paste", (event) => {
        const lines = (event.clipboardData?.getData("text/plain") || "").split(/\r?\n/).map((text) => text.trim()).filter(Boolean);
        if (lines.length < 2) return;
        event.preventDefault();
        event.stopPropagation();
        const made = isBare(lines.join("\n")) ? lines.map((text) => ({ key: "", label: text, points: "" })) : readOptions(lines.join("\n"));
        options.splice(at, option.label ? 0 : 1, ...made);
        for (const each of options) each.key ||= each.label ? free() : "";
        keep();
        draw();
      });
      item.append(handle, label);
      const others = texts();
      for (const [language, name] of languages) {
        if (!languagesIn().has(language)) continue;
        const other = entry(`${name} ${at + 1}`, others.get(`${language}/${option.key}`) || "", (text) => setText(language, option.key, text), { lang: language, placeholder: name });
        item.append(other);
      }
      item.append(code);
      if (hasPoints()) item.append(entry(word("points"), option.points, (text) => { option.points = text.trim(); keep(); }, { className: "number", inputMode: "decimal", size: 4, placeholder: word("points") }));
      item.append(icon("↑", word("up"), () => move(at, at - 1)), icon("↓", word("down"), () => move(at, at + 1)), icon("×", word("remove"), () => remove(at)));
      item.addEventListener("keydown", (event) => {
        const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
        if (event.altKey && step) move(at, at + step);
        else if (step && !event.altKey) place.querySelectorAll("li")[at + step]?.querySelector("input").focus();
        else if (event.ctrlKey && event.key === "Delete") remove(at);
        else if (event.key === "Enter" && !event.ctrlKey) { if (option.label.trim()) add(at + 1); }
        else if (event.key === "Backspace" && event.target === label && !label.value && options.length > 1) remove(at);
        else return;
        event.preventDefault();
        event.stopPropagation();
      });
      handle.addEventListener("dragstart", (event) => { dragged = at; event.stopPropagation(); event.dataTransfer.effectAllowed = "move"; });
      item.addEventListener("dragover", (event) => { if (dragged !== null) { event.preventDefault(); event.stopPropagation(); } });
      item.addEventListener("drop", (event) => { event.preventDefault(); event.stopPropagation(); if (dragged !== null) move(dragged, at); dragged = null; });
      handle.addEventListener("dragend", () => { dragged = null; });
      return item;
    }
    function draw() {
      options = readDrawn();
      place.replaceChildren(element("ol", {}, {}, ...options.map(line)), button(`+ ${word(isRows ? "addRow" : "addOption")}`, () => add()));
    }
    // A blank row that was just added is not in the text yet, and stays while others are written.
    function readDrawn() {
      const stored = readOptions(area.value);
      const kept = options.filter(({ key, label, points }) => key || label || points);
      return writeOptions(kept) === writeOptions(stored) ? options : stored;
    }
    draw();
  }

  // --- texts in other languages ----------------------------------------------------------------------------------
  function textEditor(area, row) {
    const place = mount(area, draw);
    function draw() {
      const texts = readTexts(area.value);
      const shown = languages.filter(([language]) => languagesIn().has(language));
      area.closest("td").classList.toggle("unused", !shown.length && !area.value.trim());
      place.replaceChildren(...shown.map(([language, name]) => {
        const input = element("textarea", { rows: 1, value: texts.get(`${language}/`) || "", lang: language, placeholder: name }, { "aria-label": `${word("text")} (${name})`, "data-part": "" });
        input.addEventListener("input", () => {
          const now = readTexts(area.value);
          now.set(`${language}/`, input.value.trim());
          write(area, writeTexts(now));
        });
        return input;
      }));
    }
    draw();
  }

  // --- conditions ------------------------------------------------------------------------------------------------
  const SIGNS = { number: ["=", "!=", "<", "<=", ">", ">="], date: ["=", "!=", "<", "<=", ">", ">="], single: ["=", "!="], multiple: ["has", "lacks"], rating: ["=", "!=", "<", "<=", ">", ">="], promoter: ["=", "!=", "<", "<=", ">", ">="] };
  const DATED = { "<": "before", ">": "after", ">=": "from", "<=": "until" };
  const steps = (from, to) => Array.from({ length: to - from + 1 }, (_, at) => [String(from + at), String(from + at)]);
  function earlier(row) {
    const questions = new Map();
    for (const [at, other] of [...body.rows].entries()) {
      if (other === row) break;
      const [kind, code] = [valueIn(other, "kind"), valueIn(other, "code")];
      if (!code || !kind || ["section", "note"].includes(kind)) continue;
      const options = readOptions(valueIn(other, "options")).map(({ key, label }) => [key, label || key]);
      if (columnIn(other, "other")?.checked) options.push(["other", word("other")]);
      const values = { single: options, multiple: options, rating: steps(1, 5), promoter: steps(0, 10) }[kind];
      questions.set(code, { kind, values, name: `${at + 1}. ${valueIn(other, "text").slice(0, 60) || code}` });
    }
    return questions;
  }
  function firstOf(questions) {
    const [code, question] = [...questions].at(-1) || [];
    if (!code) return null;
    const sign = SIGNS[question.kind]?.[0] || "answered";
    return { code, sign, value: LONE.includes(sign) ? "" : question.values?.[0]?.[0] || "" };
  }

  function conditionEditor(area, row) {
    let tree = null;
    const place = mount(area, draw);
    function keep(isDrawn = true) {
      const whole = (group) => ({ ...group, items: group.items.filter((item) => (item.items ? whole(item).items.length : LONE.includes(item.sign) || item.value)).map((item) => (item.items ? whole(item) : item)) });
      write(area, tree ? writeCondition(whole(tree)) : "");
      if (isDrawn) show();
    }
    function leafRow(leaf, group, at, questions) {
      const question = questions.get(leaf.code);
      const pairs = [...questions].map(([code, { name }]) => [code, name]);
      if (!question) pairs.unshift([leaf.code, leaf.code]);
      const pick = choice(word("question"), pairs, leaf.code, (code) => {
        Object.assign(leaf, firstOf(new Map([[code, questions.get(code)]])));
        keep();
        focusAt(group, at, 0);
      });
      const parts = [pick];
      if (!question) pick.setAttribute("aria-invalid", "true");
      const signs = [...(question ? SIGNS[question.kind] || [] : [leaf.sign]), ...LONE];
      if (question && !signs.includes(leaf.sign)) signs.unshift(leaf.sign);
      parts.push(choice(word("sign"), [...new Set(signs)].map((sign) => [sign, word(question?.kind === "date" && DATED[sign] ? DATED[sign] : sign)]), leaf.sign, (sign) => {
        leaf.sign = sign;
        if (LONE.includes(sign)) leaf.value = "";
        else if (!leaf.value) leaf.value = question?.values?.[0]?.[0] || "";
        keep();
        focusAt(group, at, 1);
      }));
      if (!LONE.includes(leaf.sign)) parts.push(valueOf(leaf, question));
      const line = element("div", { className: "condition-row" });
      const joins = [["and", word("and")], ["or", word("or")]];
      const join = at === 0 ? element("span", { textContent: group === tree ? word("if") : "(", className: "join" }) : choice(word("joined"), joins, group.join, (name) => { group.join = name; keep(); focusAt(group, at, 0, "select"); });
      line.append(join, ...parts, icon("×", word("remove"), () => removeFrom(group, at)));
      if (!question) line.append(element("p", { className: "errors", textContent: word("gone", { code: leaf.code }) }));
      return line;
    }
    function valueOf(leaf, question) {
      const changed = (value) => { leaf.value = value; keep(false); };
      if (question?.values) {
        const pairs = [...question.values];
        if (!pairs.some(([key]) => key === leaf.value)) pairs.unshift([leaf.value, leaf.value || "—"]);
        return choice(word("value"), pairs, leaf.value, changed);
      }
      const type = question?.kind === "date" ? { type: "date" } : { inputMode: "decimal", size: 8 };
      return entry(word("value"), leaf.value, (text) => changed(text.trim().replaceAll(" ", "")), type);
    }
    function focusAt(group, at, control, kind = "") {
      const line = place.querySelectorAll(".condition-group")[groups().indexOf(group)]?.querySelectorAll(":scope > .condition-row, :scope > .condition-group")[at];
      const controls = [...(line?.querySelectorAll(kind || "select, input") || [])].filter((each) => kind || !each.matches(".join, [aria-label='" + word("joined") + "']"));
      controls[Math.min(control, controls.length - 1)]?.focus();
    }
    function groups(group = tree) { return group ? [group, ...group.items.filter((item) => item.items).flatMap((item) => groups(item))] : []; }
    function removeFrom(group, at) {
      group.items.splice(at, 1);
      const drop = (parent) => { parent.items = parent.items.filter((item) => !item.items || (drop(item), item.items.length)); };
      drop(tree);
      if (!tree.items.length) tree = null;
      keep();
      (place.querySelector("select, button"))?.focus();
    }
    function groupBox(group, questions, depth) {
      const parts = group.items.map((item, at) => {
        if (!item.items) return leafRow(item, group, at, questions);
        const inner = groupBox(item, questions, depth + 1);
        if (at) inner.prepend(choice(word("joined"), [["and", word("and")], ["or", word("or")]], group.join, (name) => { group.join = name; keep(); }));
        return inner;
      });
      const foot = element("p", { className: "actions" }, {}, button(`+ ${word("addCondition")}`, () => { group.items.push(firstOf(questions)); keep(); focusAt(group, group.items.length - 1, 0); }));
      if (depth < 9) foot.append(button(`+ ${word("addGroup")}`, () => {
        group.items.push({ join: group.join === "and" ? "or" : "and", items: [firstOf(questions), firstOf(questions)] });
        keep();
      }));
      return element("div", { className: "condition-group" }, { role: "group", "aria-label": word(depth ? "group" : "if") }, ...parts, ...(questions.size ? [foot] : []));
    }
    function show() {
      delete place.dataset.stale;
      const questions = earlier(row);
      if (!tree) {
        const begin = button(`+ ${word("showIf")}`, () => { tree = { join: "and", items: [firstOf(questions)] }; keep(); focusAt(tree, 0, 0); });
        begin.disabled = !questions.size;
        if (!questions.size) begin.title = word("none");
        return place.replaceChildren(begin);
      }
      return place.replaceChildren(groupBox(tree, questions, 0));
    }
    function draw() {
      const text = area.value.trim();
      const read = text ? readCondition(text) : null;
      if (text && !read) return place.replaceChildren(element("p", { className: "errors", textContent: word("unreadable") }));
      // rows that lack their value are not in the text, and stay while they are filled in
      if (!tree || !read || writeCondition(tree) !== writeCondition(read)) tree = read;
      return show();
    }
    place.addEventListener("focusout", ({ relatedTarget }) => {
      if (!("stale" in place.dataset) || place.contains(relatedTarget)) return;
      delete place.dataset.stale;
      setTimeout(draw);
    });
    place.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && event.target.matches("input")) event.preventDefault();
      if (event.key === "Delete" && event.ctrlKey) {
        const line = event.target.closest(".condition-row");
        line?.querySelector("button[aria-label]")?.click();
        if (line) { event.preventDefault(); event.stopPropagation(); }
      }
    });
    draw();
  }

  // What names a question or an option by its code goes along when that is changed.
  function renameIn(row, rename) {
    for (const other of body.rows) {
      const area = columnIn(other, "show_if");
      const tree = area && area.value.trim() && readCondition(area.value);
      if (!tree || other.sectionRowIndex <= row.sectionRowIndex) continue;
      const walk = (group) => group.items.forEach((item) => (item.items ? walk(item) : rename(item)));
      walk(tree);
      const text = writeCondition(tree);
      if (text === writeCondition(readCondition(area.value))) continue;
      write(area, text);
      mounted.get(area)?.draw();
    }
  }
  function redrawConditions() {
    for (const row of body.rows) {
      const area = columnIn(row, "show_if");
      if (!area?.hidden || !mounted.has(area)) continue;
      const { draw, place } = mounted.get(area);
      if (place.contains(document.activeElement)) place.dataset.stale = "";
      else draw();
    }
  }

  function redrawTexts() {
    for (const area of body.querySelectorAll("textarea[data-editor]")) if (area.dataset.editor !== "condition" && area.hidden) mounted.get(area)?.draw();
  }
  const redrawSoon = later(150, redrawConditions);
  const EDITORS = { options: optionEditor, translations: textEditor, condition: conditionEditor };
  function enhance(row) {
    for (const area of row.querySelectorAll("textarea[data-editor]")) if (!mounted.has(area)) EDITORS[area.dataset.editor](area, row);
    const code = columnIn(row, "code");
    if (code) row.dataset.code = code.value.trim();
  }

  const used = new Set([...body.querySelectorAll("textarea[data-editor='translations']")].flatMap((area) => [...readTexts(area.value).keys()].map((name) => name.split("/")[0])));
  const ticks = element("p", { className: "choices builder-languages" }, { role: "group", "aria-label": word("languages") }, element("span", { textContent: word("languages") }));
  for (const [language, name] of languages) {
    const tick = element("input", { type: "checkbox", value: language, checked: used.has(language) }, { "data-language": "", "data-part": "" });
    tick.addEventListener("change", redrawTexts);
    ticks.append(element("label", { className: "choice" }, {}, tick, ` ${name}`));
  }
  pointed.checked = [...body.querySelectorAll("textarea[name$='-options']")].some((area) => readOptions(area.value).some(({ points }) => points));
  pointed.addEventListener("change", redrawTexts);
  ticks.append(element("label", { className: "choice" }, {}, pointed, ` ${word("points")}`));
  box.after(ticks);
  [...body.rows].forEach(enhance);
  new MutationObserver((changes) => {
    for (const change of changes) change.addedNodes.forEach((node) => { if (node.matches?.("tr")) enhance(node); });
    redrawConditions();
  }).observe(body, { childList: true });
  body.addEventListener("change", ({ target }) => {
    const row = target.closest("tr");
    if (!row || !target.name) return;
    const column = target.name.split("-").at(-1);
    if (column === "code" && row.dataset.code && row.dataset.code !== target.value.trim()) {
      const old = row.dataset.code;
      renameIn(row, (leaf) => { if (leaf.code === old) leaf.code = target.value.trim(); });
    }
    if (column === "code") row.dataset.code = target.value.trim();
    if (column === "kind") for (const name of ["options", "rows"]) { const area = columnIn(row, name); if (area) mounted.get(area)?.draw(); }
    if (["code", "kind", "text", "options", "other"].includes(column)) redrawSoon();
  });
})();
