// Draws the plots of the page in its colours, and says in data-drawn how many there are.
(function () {
  "use strict";
  window.addEventListener("error", function (trouble) { document.documentElement.dataset.trouble = trouble.message; });
  const content = JSON.parse(document.getElementById("content").textContent);
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const small = window.matchMedia("(max-width: 560px)");
  const colors = {
    light: { ink: "#1d2430", line: "#d9dee6", limit: "#c2410c", others: "#9aa6b6", chosen: "#c2410c",
      way: ["#2563a8", "#d97706", "#15803d", "#b91c1c", "#7c3aed", "#0e7490", "#be185d", "#4d7c0f", "#6b7280", "#92400e"] },
    dark: { ink: "#e4e9f0", line: "#323b49", limit: "#fb923c", others: "#5b6675", chosen: "#fb923c",
      way: ["#7fb2ea", "#fbbf24", "#4ade80", "#f87171", "#c4b5fd", "#22d3ee", "#f472b6", "#a3e635", "#cbd5e1", "#fdba74"] }
  };

  function bytes(base64) {
    const text = atob(base64);
    const result = new Uint8Array(text.length);
    for (let i = 0; i < text.length; i++) result[i] = text.charCodeAt(i);
    return result;
  }

  function decode(column) {
    if (Array.isArray(column)) return column;
    const view = new DataView(bytes(column.data).buffer);
    const width = column.type === "f4" ? 4 : 2;
    const values = new Array(view.byteLength / width);
    for (let i = 0; i < values.length; i++) {
      if (width === 4) values[i] = view.getFloat32(4 * i, true);
      else {
        const code = view.getUint16(2 * i, true);
        values[i] = code === 65535 ? null : column.offset + column.step * code;
      }
    }
    return values;
  }

  // plotly.js reads tags such as <b> in text, which names are not meant as.
  function escaped(name) {
    return String(name).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
  }

  const columns = {};
  for (const name of Object.keys(content.columns)) columns[name] = decode(content.columns[name]);

  function values(wanted) {
    let found = columns[wanted.$column];
    if ("group" in wanted) found = found.filter(function (_, i) { return columns.group[i] === wanted.group; });
    if (wanted.every > 1) found = found.filter(function (_, i) { return i % wanted.every === 0; });
    if (wanted.labels) {
      const labels = content.columns[wanted.$column].labels;
      found = found.map(function (code) { return code === null ? "(none)" : escaped(labels[code]); });
    }
    return found;
  }

  const canvas = document.createElement("canvas");
  const hasWebGl = Boolean(canvas.getContext("webgl"));
  // Without WebGL so many points are drawn as shapes, which browsers can do.
  const mostShapes = 10000;

  // Puts whole columns and the colours of the theme where they are named.
  function resolve(node, theme) {
    if (Array.isArray(node)) return node.map(function (inner) { return resolve(inner, theme); });
    if (node === null || typeof node !== "object") return node;
    if ("$column" in node) return values(node);
    const result = {};
    for (const key of Object.keys(node)) result[key] = resolve(node[key], theme);
    if (typeof result.color === "string" && result.color.charAt(0) === "$") result.color = theme[result.color.slice(1)];
    return result;
  }

  function thin(trace) {
    const step = Math.ceil(trace.x.length / mostShapes);
    if (step < 2) return;
    const some = function (list) { return list.filter(function (_, i) { return i % step === 0; }); };
    trace.x = some(trace.x);
    trace.y = some(trace.y);
    if (trace.text) trace.text = some(trace.text);
    if (Array.isArray(trace.marker.color)) trace.marker.color = some(trace.marker.color);
  }

  function trace(described, theme) {
    const made = resolve(described, theme);
    for (const key of ["text", "hovertext", "name", "y"]) {
      if (Array.isArray(made[key])) made[key] = made[key].map(function (one) { return typeof one === "string" ? escaped(one) : one; });
      else if (typeof made[key] === "string") made[key] = escaped(made[key]);
    }
    if (made.type === "$points") {
      made.type = hasWebGl && made.x.length > 4000 ? "scattergl" : "scatter";
      if (made.type === "scatter") thin(made);
    }
    if (made.type === "violin") {
      made.line = { color: theme.way[0], width: 1 };
      made.fillcolor = theme.way[0] + "55";
    }
    return made;
  }

  function axis(described, theme) {
    const made = Object.assign({ automargin: true, gridcolor: theme.line, linecolor: theme.line, zeroline: false }, described);
    if (made.ticktext) made.ticktext = made.ticktext.map(escaped);
    if (made.type === "log") made.exponentformat = "power";
    return made;
  }

  function layout(described, theme) {
    const made = resolve(described, theme);
    made.xaxis = axis(made.xaxis, theme);
    made.yaxis = axis(made.yaxis, theme);
    return Object.assign({
      height: 360,
      // The buttons have the room above the plot.
      margin: { l: 56, r: 16, t: 40, b: 48 },
      modebar: { bgcolor: "rgba(0,0,0,0)", color: theme.others, activecolor: theme.ink },
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      font: { color: theme.ink, size: 12, family: "system-ui, sans-serif" },
      colorway: theme.way,
      hovermode: "closest",
      legend: { orientation: "h", x: 0, y: -0.26, yanchor: "top", itemsizing: "constant" }
    }, made);
  }

  const config = { responsive: true, displaylogo: false, displayModeBar: small.matches ? false : "hover",
    modeBarButtonsToRemove: ["lasso2d", "select2d", "autoScale2d"] };

  function draw(isDark) {
    const theme = isDark ? colors.dark : colors.light;
    return Promise.all(content.figures.map(function (figure) {
      const place = document.getElementById("plot-" + figure.id);
      return Plotly.react(place, figure.traces.map(function (each) { return trace(each, theme); }), layout(figure.layout, theme), config);
    })).then(function () {
      document.documentElement.dataset.drawn = String(document.querySelectorAll(".plot .main-svg:first-child").length);
    }, function (trouble) {
      document.documentElement.dataset.trouble = String(trouble);
    });
  }

  draw(dark.matches);
  dark.addEventListener("change", function () { draw(dark.matches); });
  window.addEventListener("beforeprint", function () { draw(false); });
  window.addEventListener("afterprint", function () { draw(dark.matches); });
})();
