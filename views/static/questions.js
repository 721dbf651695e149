// Shows the questions of a form that are to be answered, by the conditions that the server goes by.
"use strict";
(() => {
  const NUMBER = /^(-?)([0-9]+)(?:\.([0-9]+))?$/;
  const PLACES = 6;

  // A number as a whole number of millionths, exactly; null: it is none.
  function exact(text) {
    const parts = NUMBER.exec(text);
    if (!parts) return null;
    const [, sign, whole, rest = ""] = parts;
    const number = BigInt(whole + rest.padEnd(PLACES, "0").slice(0, PLACES));
    return sign ? -number : number;
  }
  const ORDER = {
    "=": (given, value) => given === value,
    "!=": (given, value) => given !== value,
    "<": (given, value) => given < value,
    "<=": (given, value) => given <= value,
    ">": (given, value) => given > value,
    ">=": (given, value) => given >= value,
  };
  const LIST = {
    has: (given, value) => given.includes(value),
    lacks: (given, value) => !given.includes(value),
  };
  const isGiven = (given) => given !== undefined && (typeof given === "string" ? given !== "" : Object.keys(given).length > 0);

  // Whether a condition holds for the answers to the questions that are shown, by key.
  function holds(tree, answers) {
    if (!tree) return true;
    const [name, key, value, kind] = tree;
    if (name === "all") return key.every((part) => holds(part, answers));
    if (name === "any") return key.some((part) => holds(part, answers));
    const given = answers[key];
    if (name === "answered") return isGiven(given);
    if (name === "unanswered") return !isGiven(given);
    if (!isGiven(given)) return false;
    if (LIST[name]) return LIST[name](given, value);
    if (kind !== "number") return ORDER[name](given, value);
    const [left, right] = [exact(given), exact(value)];
    return left !== null && right !== null && ORDER[name](left, right);
  }

  function answerIn(place) {
    const kind = place.dataset.kind;
    const inputs = [...place.querySelectorAll("input[type='radio'], input[type='checkbox'], select, textarea, input[type='text'], input[type='date']")];
    const own = inputs.filter((input) => !input.name.endsWith("/other"));
    const values = own.filter((input) => !["radio", "checkbox"].includes(input.type) || input.checked).map((input) => input.value.trim()).filter(Boolean);
    if (["multiple", "ranking", "matrix"].includes(kind)) return values;
    return kind === "number" ? (values[0] || "").replace(/(\d),(?=\d{3}(\D|$))/g, "$1") : values[0] || "";
  }

  function show(box) {
    const answers = {};
    let isOpen = true;
    for (const place of box.querySelectorAll("[data-question]")) {
      const isShown = holds(place.dataset.showIf && JSON.parse(place.dataset.showIf), answers);
      if (place.dataset.kind === "section") isOpen = isShown;
      place.hidden = !(isOpen && isShown);
      if (!place.hidden) answers[place.dataset.question] = answerIn(place);
    }
    const seen = box.querySelector("[data-seen]");
    if (seen) seen.value = Object.keys(answers).join(" ");
  }

  window.guicheng.holds = holds;
  window.guicheng.onEach("[data-questions]", (box) => {
    for (const help of box.querySelectorAll("[data-show-if] .help")) help.hidden = true;
    for (const type of ["input", "change"]) box.addEventListener(type, () => show(box));
    show(box);
  });
})();
