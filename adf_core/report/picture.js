"use strict";
// Runs in the page that picture.py writes. It draws the diagram, and leaves what came of it as the page's text: JSON
// with `svg`, or with `error`.

const SVG = "http://www.w3.org/2000/svg";
const MARGIN = 4;

function create(name, attributes, text = "") {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.textContent = text;
  return element;
}

// Mermaid draws labels as HTML inside of the SVG, which only browsers show. Its own labels without HTML leave out what
// looks like Markdown (`code`, addresses, links). So the browser lays the HTML out, and SVG text takes its place.
function textInPlaceOf(foreignObject) {
  const toParent = foreignObject.parentNode.getScreenCTM().inverse();
  const place = (x, y) => new DOMPoint(x, y).matrixTransform(toParent);
  const group = create("g", {});
  for (const element of foreignObject.querySelectorAll("*")) {
    const colour = getComputedStyle(element).backgroundColor;
    const box = element.getBoundingClientRect();
    if (colour === "rgba(0, 0, 0, 0)" || box.width === 0) continue;
    const { x, y } = place(box.left, box.top);
    group.append(create("rect", { x, y, width: box.width, height: box.height, style: `fill:${colour};stroke:none` }));
  }
  const nodes = document.createTreeWalker(foreignObject, NodeFilter.SHOW_TEXT);
  while (nodes.nextNode()) {
    for (const line of linesOf(nodes.currentNode)) group.append(textOf(line, place));
  }
  return group;
}

// The lines that the browser broke a text node into, each with its place on the screen.
function linesOf(node) {
  const lines = [];
  const range = document.createRange();
  for (const { segment, index } of new Intl.Segmenter("en").segment(node.data)) {
    range.setStart(node, index);
    range.setEnd(node, index + segment.length);
    const box = range.getClientRects()[0];
    if (!box || (box.width === 0 && !segment.trim())) continue; // white space that takes no room
    let line = lines.at(-1);
    if (!line || Math.abs(line.top - box.top) > 1) {
      line = { text: "", left: box.left, right: box.right, top: box.top, height: box.height, node };
      lines.push(line);
    }
    line.text += segment.replace(/\s/, " ");
    line.left = Math.min(line.left, box.left);
    line.right = Math.max(line.right, box.right);
  }
  return lines.filter((line) => line.text.trim());
}

const pen = document.createElement("canvas").getContext("2d");

function textOf(line, place) {
  const style = getComputedStyle(line.node.parentElement);
  const font = { style: style.fontStyle, weight: style.fontWeight, size: style.fontSize, family: style.fontFamily };
  pen.font = Object.values(font).join(" ");
  const { fontBoundingBoxAscent: above, fontBoundingBoxDescent: below } = pen.measureText("x");
  const { x, y } = place(line.left, line.top + (line.height * above) / (above + below));
  // Where the fonts of this machine are missing, the text is squeezed or stretched to the room that was made for it.
  const room = { textLength: line.right - line.left, lengthAdjust: "spacingAndGlyphs" };
  const text = create("text", { x, y, ...room, "xml:space": "preserve" }, line.text);
  for (const [key, value] of Object.entries(font)) text.style.setProperty(`font-${key}`, value);
  text.style.fill = style.color;
  text.style.textAnchor = "start";
  return text;
}

// A diagram may bring style rules of its own; none of them may lead to another file.
function closeStyle(element) {
  const rules = [...element.sheet.cssRules].map((rule) => rule.cssText);
  element.textContent = rules.join("\n").replace(/url\("(?!#)[^"]*"\)/g, "none");
}

// The box in whole units, so that a PNG has no half-filled pixels at its edges, with some room around it.
function frame(box) {
  const [x, y] = [Math.floor(box.x) - MARGIN, Math.floor(box.y) - MARGIN];
  return { x, y, width: Math.ceil(box.x + box.width) + MARGIN - x, height: Math.ceil(box.y + box.height) + MARGIN - y };
}

async function draw({ text, config }) {
  mermaid.initialize(config);
  document.body.innerHTML = (await mermaid.render("diagram", text)).svg;
  const svg = document.body.firstElementChild;
  const { x, y, width, height } = frame(svg.viewBox.baseVal);
  svg.removeAttribute("style");
  svg.setAttribute("viewBox", [x, y, width, height].join(" "));
  svg.setAttribute("width", width);
  svg.setAttribute("height", height);
  const labels = [...svg.querySelectorAll("foreignObject")];
  const texts = labels.map(textInPlaceOf); // all before the first change: each change has the browser lay out anew
  labels.forEach((label, index) => label.replaceWith(texts[index]));
  svg.querySelectorAll("style").forEach(closeStyle);
  svg.querySelectorAll("[data-points]").forEach((path) => path.removeAttribute("data-points"));
  const { background } = mermaid.mermaidAPI.getConfig().themeVariables;
  const fill = CSS.supports("color", background) ? background : "white";
  svg.querySelector("style").after(create("rect", { x, y, width, height, style: `fill:${fill};stroke:none` }));
  return new XMLSerializer().serializeToString(svg);
}

async function answer(question) {
  if (!window.mermaid) return { missing: true };
  try {
    return { svg: await draw(question) };
  } catch (error) {
    return { error: String(error?.message ?? error) };
  }
}

answer(JSON.parse(document.getElementById("question").textContent)).then((result) => {
  document.body.textContent = JSON.stringify(result);
});
