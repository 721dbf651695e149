// What is copied from and to a spreadsheet: rows of cells out of HTML or text, and both out of rows of cells.
"use strict";
(() => {
  const { sheetOf } = window.guicheng;
  const isHidden = (part) => /display\s*:\s*none/i.test(part.getAttribute("data-style") || "");
  const BLOCKS = new Set(["P", "DIV", "LI", "TR"]);

  // The text of a cell as it is drawn: blanks of the source are one, lines are lines.
  function textIn(node) {
    if (node.nodeType === Node.TEXT_NODE) return node.data.replace(/[ \t\r\n]+/g, " ");
    if (node.nodeName === "BR") return "\n";
    const text = [...node.childNodes].map(textIn).join("");
    return BLOCKS.has(node.nodeName) ? `\n${text}\n` : text;
  }
  const cellText = (cell) => textIn(cell).replace(/\u00a0/g, " ").replace(/ *\n */g, "\n").replace(/\n{2,}/g, "\n").trim();

  // The first table of what was copied; a merged cell fills its first place. Nothing where there is no table.
  function tableOf(html) {
    const plain = html.replace(/<style[\s>][\s\S]*?<\/style>/gi, "").replace(/\sstyle\s*=/gi, " data-style="); // the policy takes no styles
    const table = plain ? new DOMParser().parseFromString(plain, "text/html").querySelector("table") : null;
    if (!table) return null;
    const rows = [];
    const covered = new Map();
    [...table.rows].filter((row) => !isHidden(row)).forEach((row, r) => {
      const texts = [];
      const skip = () => { while (covered.has(`${r},${texts.length}`)) texts.push(""); };
      for (const cell of [...row.cells].filter((one) => !isHidden(one))) {
        skip();
        const at = texts.length;
        for (let down = 1; down < Math.min(cell.rowSpan, 1000); down += 1) {
          for (let right = 0; right < cell.colSpan; right += 1) covered.set(`${r + down},${at + right}`, true);
        }
        texts.push(cellText(cell), ...Array(cell.colSpan - 1).fill(""));
      }
      skip();
      rows.push(texts);
    });
    return rows.length && rows.some((row) => row.length) ? rows : null;
  }

  // Both are there mostly; HTML says exactly which cells there are.
  const rowsOf = (clipboard) => tableOf(clipboard.getData("text/html")) ?? sheetOf(clipboard.getData("text/plain"));

  const isNumber = (text) => /^[-+]?[\d,. ]*%?$/.test(text);
  const defused = (text) => (/^[=+\-@\t\r]/.test(text) && !isNumber(text) ? `'${text}` : text); // a spreadsheet would compute it
  const quoted = (text) => (/["\t\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const textOf = (rows) => rows.map((row) => row.map((text) => quoted(defused(text))).join("\t")).join("\n");

  function htmlOf(rows) {
    const table = document.createElement("table");
    for (const row of rows) {
      const line = table.insertRow();
      for (const text of row) {
        const cell = line.insertCell();
        if (/^0\d|^\d{12,}$/.test(text)) cell.setAttribute("data-text", ""); // digits that are no number
        cell.append(...defused(text).split("\n").flatMap((part, at) => (at ? [document.createElement("br"), part] : [part])));
      }
    }
    return table.outerHTML.replaceAll('data-text=""', `style='mso-number-format:"\\@"'`);
  }
  window.guicheng.cells = { tableOf, rowsOf, textOf, htmlOf };
})();
