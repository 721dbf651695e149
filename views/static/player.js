// The run-time of SCORM 1.2 (API) and SCORM 2004 (API_1484_11) on the host of contents. It answers a package at once, by
// the table of elements that the server has, too, and tells the page of the lesson what there is to keep. It has no
// session: the page sends it on, and the server takes nothing that does not fit.
"use strict";
(() => {
  const facts = JSON.parse(document.getElementById("facts").textContent);
  const { version, page, speaks, elements, most } = facts;
  const is12 = version === "1.2";
  const [INTERACTIONS_MAX, OBJECTIVES_MAX, INNER_MAX, CHARACTERS_MAX] = most;
  const SOON = 2000; // a package that never commits loses no more than what it did in so many milliseconds
  const table = new Map(elements.map(([pattern, mode, form, rule]) => [pattern, { mode, form, rule }]));
  const values = new Map(Object.entries(facts.values));
  const OWN = new Map(values); // what is told to the package, and not written by it, is not sent back
  const GOING = 3000; // milliseconds in which a page that was asked whether it may go is gone
  let state = "new", error = "0", detail = "", timer = 0, seq = 0, isLeaving = false;

  const NUMBER = /^-?\d{1,10}(\.\d{1,10})?$/;
  const FORMS = {
    clock: /^\d{2,4}:[0-5]\d:[0-5]\d(\.\d{1,2})?$/,
    time: /^([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,2})?$/,
    duration: /^P(?=.)(?:\d{1,4}Y)?(?:\d{1,4}M)?(?:\d{1,5}D)?(?:T(?=.)(?:\d{1,6}H)?(?:\d{1,7}M)?(?:\d{1,9}(?:\.\d{1,2})?S)?)?$/,
    moment: /^\d{4}(-\d\d(-\d\d(T\d\d(:\d\d(:\d\d(\.\d{1,2})?(Z|[+-]\d\d(:\d\d)?)?)?)?)?)?)?$/,
  };
  // Codes of the standards: [1.2, 2004]
  const CODES = {
    general: ["101", "101"], argument: ["201", "201"], again: ["101", "103"], ended: ["101", "104"],
    stopEarly: ["301", "112"], stopLate: ["301", "113"], readEarly: ["301", "122"], readLate: ["301", "123"],
    writeEarly: ["301", "132"], writeLate: ["301", "133"], keepEarly: ["301", "142"], keepLate: ["301", "143"],
    getFails: ["201", "301"], setFails: ["201", "351"], unknown: ["401", "401"], empty: ["0", "403"],
    readOnly: ["403", "404"], writeOnly: ["404", "405"], form: ["405", "406"], range: ["405", "407"],
    before: ["201", "408"], keyword: ["402", "404"], noChildren: ["202", "301"], noList: ["203", "301"],
  };
  const WORDS = {
    0: "No error", 101: "General exception", 103: "Already initialized", 104: "Content instance terminated",
    112: "Termination before initialization", 113: "Termination after termination", 122: "Retrieve data before initialization",
    123: "Retrieve data after termination", 132: "Store data before initialization", 133: "Store data after termination",
    142: "Commit before initialization", 143: "Commit after termination", 201: is12 ? "Invalid argument error" : "General argument error",
    202: "Element cannot have children", 203: "Element not an array - cannot have count", 301: is12 ? "Not initialized" : "General get failure",
    351: "General set failure", 391: "General commit failure", 401: is12 ? "Not implemented error" : "Undefined data model element",
    402: is12 ? "Invalid set value, element is a keyword" : "Unimplemented data model element",
    403: is12 ? "Element is read only" : "Data model element value not initialized",
    404: is12 ? "Element is write only" : "Data model element is read only",
    405: is12 ? "Incorrect data type" : "Data model element is write only", 406: "Data model element type mismatch",
    407: "Data model element value out of range", 408: "Data model dependency not established",
  };

  const fail = (name, about, result) => { error = CODES[name][is12 ? 0 : 1]; detail = about; return result; };
  const good = (result) => { error = "0"; detail = ""; return result; };
  const patternOf = (name) => name.replace(/\.(\d{1,4})(?=\.|$)/g, ".n");
  const childrenOf = (pattern) => [...new Set([...table.keys()].filter((each) => each.startsWith(`${pattern}.`))
    .map((each) => each.slice(pattern.length + 1).split(".").find((part) => part !== "n")))];
  const isList = (pattern) => [...table.keys()].some((each) => each.startsWith(`${pattern}.n.`));

  function countOf(list) {
    const start = `${list}.`;
    let count = 0;
    for (const name of values.keys()) {
      if (name.startsWith(start)) count = Math.max(count, Number.parseInt(name.slice(start.length), 10) + 1);
    }
    return count;
  }

  // Lists are filled without gaps, and no further than what is kept of them.
  function placesFit(name, isNew) {
    const parts = name.split(".");
    let depth = 0;
    for (let at = 0; at < parts.length; at += 1) {
      if (!/^\d{1,4}$/.test(parts[at])) continue;
      const list = parts.slice(0, at).join("."), place = Number(parts[at]), count = countOf(list);
      const top = depth ? INNER_MAX : list === "cmi.interactions" ? INTERACTIONS_MAX : OBJECTIVES_MAX;
      if (place > count || (place === count && !isNew) || place >= top) return false;
      depth += 1;
    }
    return true;
  }

  // "" where a value fits an element, else the name of the fault
  function misfit({ form, rule }, value) {
    if (form === "text" || form === "id") return value.length > Number(rule) || (form === "id" && !value.trim()) ? "form" : "";
    if (form === "words") return rule.split("|").includes(value) ? "" : "form";
    if (form === "result") return rule.split("|").includes(value) || NUMBER.test(value) ? "" : "form";
    if (form === "score" && value === "") return "";
    if (form === "number" || form === "score") {
      if (!NUMBER.test(value)) return "form";
      const [least, top] = rule.split("..");
      return (least && Number(value) < Number(least)) || (top && Number(value) > Number(top)) ? "range" : "";
    }
    return FORMS[form].test(value) ? "" : "form";
  }

  // In 2004 a line of a list begins with its id, and an answer comes after its kind.
  function comesTooEarly(name, pattern) {
    if (is12) return false;
    const line = /^cmi\.(interactions|objectives)\.\d+/.exec(name);
    if (!line || pattern === `cmi.${line[1]}.n.id`) return false;
    if (!values.has(`${line[0]}.id`)) return true;
    return /\.(learner_response|correct_responses\.n\.pattern)$/.test(pattern) && !values.has(`${line[0]}.type`);
  }

  function get(given) {
    const name = String(given ?? "");
    if (state !== "open") return fail(state === "new" ? "readEarly" : "readLate", name, "");
    if (!name) return fail("getFails", "", "");
    if (name === "cmi._version") return good(is12 ? "3.4" : "1.0");
    const [, stem, keyword] = /^(.*)\.(_children|_count)$/.exec(name) || [];
    if (keyword) {
      const pattern = patternOf(stem);
      if (keyword === "_count") return isList(pattern) ? good(String(countOf(stem))) : fail(table.has(pattern) ? "noList" : "unknown", name, "");
      const children = childrenOf(pattern);
      return children.length ? good(children.join(",")) : fail(table.has(pattern) ? "noChildren" : "unknown", name, "");
    }
    const element = table.get(patternOf(name));
    if (name.startsWith("adl.nav.request_valid.")) return good("unknown");
    if (!element) return fail("unknown", name, "");
    if (element.mode === "w") return fail("writeOnly", name, "");
    if (!placesFit(name, false)) return fail("getFails", name, "");
    if (values.has(name)) return good(values.get(name));
    return is12 ? good("") : fail("empty", name, "");
  }

  function set(given, typed) {
    const name = String(given ?? ""), value = String(typed ?? "");
    if (state !== "open") return fail(state === "new" ? "writeEarly" : "writeLate", name, "false");
    if (!name) return fail("setFails", "", "false");
    if (/\._(children|count|version)$/.test(name)) return fail("keyword", name, "false");
    const pattern = patternOf(name), element = table.get(pattern);
    if (!element) return fail("unknown", name, "false");
    if (element.mode === "r") return fail("readOnly", name, "false");
    if (!placesFit(name, true)) return fail("setFails", name, "false");
    if (comesTooEarly(name, pattern)) return fail("before", name, "false");
    const fault = misfit(element, value);
    if (fault) return fail(fault, name, "false");
    let size = value.length - (values.get(name)?.length ?? 0);
    for (const each of values.values()) size += each.length;
    if (size > CHARACTERS_MAX) return fail("setFails", name, "false");
    values.set(name, value);
    if (!timer) timer = setTimeout(() => { timer = 0; if (state === "open") tell(false); }, SOON);
    return good("true");
  }

  function tell(isOver) {
    clearTimeout(timer);
    timer = 0;
    seq += 1;
    const written = {};
    for (const [name, value] of values) {
      const element = table.get(patternOf(name));
      const isUntouched = OWN.get(name) === value && (value === "not attempted" || value === "unknown");
      if (element && element.mode !== "r" && !isUntouched) written[name] = value;
    }
    parent.postMessage({ kind: "commit", seq, values: written, over: isOver }, page);
    if (isLeaving) navigator.sendBeacon("leave", JSON.stringify({ seq, values: written, over: isOver }));
  }

  function begin(argument) {
    if (String(argument ?? "") !== "") return fail("argument", "", "false");
    if (state === "open") return fail("again", "", "false");
    if (state === "over" && !is12) return fail("ended", "", "false");
    state = "open";
    return good("true");
  }

  function end(argument) {
    if (String(argument ?? "") !== "") return fail("argument", "", "false");
    if (state !== "open") return fail(state === "new" ? "stopEarly" : "stopLate", "", "false");
    tell(true);
    state = "over";
    return good("true");
  }

  function keep(argument) {
    if (String(argument ?? "") !== "") return fail("argument", "", "false");
    if (state !== "open") return fail(state === "new" ? "keepEarly" : "keepLate", "", "false");
    tell(false);
    return good("true");
  }

  const calls = {
    Initialize: begin, Terminate: end, GetValue: get, SetValue: set, Commit: keep,
    GetLastError: () => error,
    GetErrorString: (code) => WORDS[String(code)] ?? "",
    GetDiagnostic: (code) => (String(code ?? "") === "" || String(code) === error ? detail : WORDS[String(code)] ?? ""),
  };
  if (is12) {
    window.API = Object.fromEntries(Object.entries(calls).map(([name, call]) => [`LMS${name === "Terminate" ? "Finish" : name}`, call]));
  } else {
    window.API_1484_11 = calls;
  }
  // Many packages end only as their page goes; by then the page of the lesson hears nothing any more.
  addEventListener("beforeunload", () => { isLeaving = true; setTimeout(() => { isLeaving = false; }, GOING); });
  addEventListener("pagehide", () => { isLeaving = true; if (state === "open") tell(false); });
  const content = document.getElementById("content");
  if (!speaks) content.addEventListener("load", () => tell(true));
  content.src = facts.launch.split("/").map(encodeURIComponent).join("/") + facts.query;
})();
