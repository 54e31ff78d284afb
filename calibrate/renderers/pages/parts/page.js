"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const get = (id) => document.getElementById(id);
  const LEFT = 44, TOP = 10, SIDE = 340, LOW = 64, FOOT = 428;
  const y = (value) => TOP + (1 - value) * SIDE;
  const set = (element, values) => {
    for (const name in values) element.setAttribute(name, values[name]);
  };

  // Tables: a button in each head sorts by its column.
  const key = (row, column) => row.cells[column].dataset.sort ?? row.cells[column].textContent.trim();
  const compare = (a, b) => {
    if (a === b) return 0;
    if (a === "" || b === "") return a === "" ? 1 : -1;
    const both = [Number(a), Number(b)];
    return both.some(Number.isNaN) ? a.localeCompare(b, undefined, { numeric: true }) : both[0] - both[1];
  };
  const sort = (table, head, column) => {
    const down = head.getAttribute("aria-sort") === "ascending";
    for (const other of head.parentNode.cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const body = table.tBodies[0];
    const rows = [...body.rows].map((row) => [key(row, column), row]);
    rows.sort(([a], [b]) => (a === "" || b === "" || !down ? compare(a, b) : compare(b, a)));
    body.append(...rows.map(([, row]) => row));
  };
  for (const table of document.querySelectorAll("table.sortable")) {
    if (table.tBodies[0].rows.length < 2) continue;
    [...table.tHead.rows[0].cells].forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => sort(table, head, column));
    });
  }

  // What is pointed at, tapped or focused is said beneath the diagram.
  const readout = get("readout");
  let pointed = null;
  const point = (mark) => {
    if (pointed) pointed.classList.remove("pointed");
    pointed = mark;
    if (!mark) return;
    mark.classList.add("pointed");
    if (readout) readout.textContent = mark.getAttribute("aria-label");
  };
  const marksOf = (group) =>
    [...group.querySelectorAll("[role=img]")].filter((mark) => mark.getClientRects().length > 0);
  const step = (group, mark, by) => {
    const marks = marksOf(group);
    const next = marks[(marks.indexOf(mark) + by + marks.length) % marks.length];
    if (!next) return;
    mark.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  };
  for (const group of document.querySelectorAll("[data-walk], svg.diagram[id]")) {
    for (const name of ["pointerover", "focusin", "click"]) {
      group.addEventListener(name, (event) => {
        const mark = event.target.closest("[role=img]");
        if (mark) point(mark);
      });
    }
    group.addEventListener("keydown", (event) => {
      const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      const mark = event.target.closest("[role=img]");
      if (!by || !mark) return;
      event.preventDefault();
      step(group, mark, by);
    });
  }

  // The temperature.
  const slider = get("slider");
  if (slider && data.t) {
    const bins = [...document.querySelectorAll("#live .bin")].map((g) => ({
      g,
      bar: g.querySelector(".bar"),
      gap: g.querySelector(".gap"),
      accuracy: g.querySelector(".accuracy"),
      confidence: g.querySelector(".confidence"),
      band: g.querySelector(".band"),
      share: g.querySelector(".share"),
    }));
    const [x, right, over, under] = data.words;
    const said = (i, share, c, a) => {
      const where = `${x} ${data.edges[i].toFixed(3)} to ${data.edges[i + 1].toFixed(3)}`;
      if (share === null) return `${where}: no rows`;
      return `${where}: ${(100 * share).toFixed(2)} % of the rows, mean ${x} ${c.toFixed(4)}, ` +
        `${right} ${a.toFixed(4)}, ${c > a ? over : under} by ${Math.abs(c - a).toFixed(4)}`;
    };
    const draw = () => {
      const at = Number(slider.value);
      const shares = data.share[at], band = data.bands[at];
      const most = Math.max(...shares.map((share) => share ?? 0)) || 1;
      bins.forEach((bin, i) => {
        const share = shares[i], empty = share === null;
        const c = data.confidence[at][i] ?? 0, a = data.accuracy[at][i] ?? 0;
        const known = band && band[0][i] !== null && band[1][i] !== null && !empty;
        bin.g.classList.toggle("empty", empty);
        bin.g.classList.toggle("few", !empty && share < data.few);
        bin.g.setAttribute("aria-label", said(i, share, c, a));
        set(bin.bar, { y: y(Math.min(c, a)), height: Math.min(c, a) * SIDE });
        set(bin.gap, {
          y: y(Math.max(c, a)),
          height: Math.abs(c - a) * SIDE,
          fill: `url(#live-${c > a ? "over" : "under"})`,
          class: `gap ${c > a ? "over" : "under"}`,
        });
        set(bin.accuracy, { y1: y(a), y2: y(a) });
        set(bin.confidence, { y1: y(c), y2: y(c) });
        set(bin.band, { y1: known ? y(band[0][i]) : 0, y2: known ? y(band[1][i]) : 0 });
        set(bin.share, { y: FOOT - (LOW * (share ?? 0)) / most, height: (LOW * (share ?? 0)) / most });
      });
      get("band-key").hidden = !band;
      get("few-key").hidden = !bins.some(({ g }) => g.classList.contains("few"));
      const { error, nll, mean } = data.figures;
      get("error").textContent = error[at];
      get("nll").textContent = nll[at];
      get("mean").textContent = mean[at];
      get("t").textContent = data.short[at];
      get("exact").textContent = String(data.t[at]);
      const place = (1000 * at) / (data.t.length - 1);
      set(get("now"), { x1: place, x2: place });
      slider.setAttribute("aria-valuetext",
        `T = ${data.short[at]}, ${slider.dataset.error} ${error[at]}, NLL ${nll[at]}, mean confidence ${mean[at]}`);
      if (pointed) readout.textContent = pointed.getAttribute("aria-label");
    };
    slider.dataset.error = document.querySelector(".stats dt").textContent;
    slider.addEventListener("input", draw);
    for (const button of document.querySelectorAll("[data-at]")) {
      button.addEventListener("click", () => {
        slider.value = button.dataset.at;
        draw();
      });
    }
    draw();
  }

  // Models: which are shown, and without or with their temperature.
  const update = () => {
    const side = document.querySelector("[name=side]:checked")?.value;
    for (const curve of document.querySelectorAll("[data-model]")) {
      const box = get(`model-${curve.dataset.model}`);
      curve.toggleAttribute("hidden", !box.checked || curve.dataset.side !== side);
      curve.style.display = curve.hasAttribute("hidden") ? "none" : "";
    }
  };
  const switches = document.querySelectorAll("[name=side], .legend input");
  for (const each of switches) each.addEventListener("change", update);
  if (switches.length) update();
})();
