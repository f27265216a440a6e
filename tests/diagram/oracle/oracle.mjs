// Mermaid's own answer for a diagram: a JSON string in on each line; out, for each, a JSON line with the model in the
// words of adf_core.diagram ("" where that has None), {"error": why Mermaid refuses the text}, or {"crash": …} where
// Mermaid's code breaks.

import readline from "node:readline";
import { JSDOM } from "jsdom";

const { window } = new JSDOM("");
globalThis.window = window;
globalThis.document = window.document;

const { default: DOMPurify } = await import("dompurify");
// Mermaid cleans titles and accessibility texts of HTML that might do harm. We compare what was written.
DOMPurify.sanitize = (text) => text;

const { default: mermaid } = await import("mermaid");
mermaid.initialize({ logLevel: "fatal", suppressErrorRendering: true });

const CARDINALITIES = {
  ZERO_OR_ONE: "zero_or_one",
  ONE_OR_MORE: "one_or_more",
  ZERO_OR_MORE: "zero_or_more",
  ONLY_ONE: "only_one",
  MD_PARENT: "parent",
};

async function answer(text) {
  try {
    const { type, db } = await mermaid.mermaidAPI.getDiagramFromText(text);
    if (type !== "er") return { error: `a diagram of the type ${type}` };
    return withCharacters({ ...model(db), title: await title(text, db) });
  } catch (error) {
    return { [error instanceof TypeError ? "crash" : "error"]: String(error.message ?? error) };
  }
}

// Only when it draws does Mermaid set the title. There is nothing here to draw on, but by then it is set.
async function title(text, db) {
  if (/^\s*---/.test(text)) await mermaid.render("drawing", text).catch(() => undefined);
  return db.getDiagramTitle();
}

function model(db) {
  const entities = [...db.getEntities()];
  const subgraphs = db.getSubGraphs();
  const nameOf = new Map(entities.map(([name, entity]) => [entity.id, name]));
  const known = new Set([...entities.map(([name]) => name), ...subgraphs.map((subgraph) => subgraph.id)]);
  return {
    direction: db.getDirection(),
    acc_title: db.getAccTitle(),
    acc_descr: db.getAccDescription(),
    entities: entities.map(([name, entity]) => ({
      name,
      alias: entity.alias,
      classes: entity.cssClasses.split(" ").slice(1), // the first is always "default"
      styles: entity.cssStyles,
      attributes: entity.attributes.map(({ type, name, keys, comment }) => ({ type, name, keys, comment })),
    })),
    relationships: db.getRelationships().map(({ entityA, entityB, roleA, relSpec }) => ({
      left: nameOf.get(entityA) ?? entityA, // an endpoint that is a subgraph has its name for an id
      left_cardinality: CARDINALITIES[relSpec.cardB], // B, for Mermaid names them from the other end
      right_cardinality: CARDINALITIES[relSpec.cardA],
      right: nameOf.get(entityB) ?? entityB,
      identifying: relSpec.relType === "IDENTIFYING",
      label: roleA,
    })),
    subgraphs: subgraphs.map((subgraph) => ({
      name: subgraph.id,
      title: subgraph.title,
      direction: subgraph.dir ?? "",
      members: subgraph.nodes.filter((name) => known.has(name)), // Mermaid lists words such as "style" too
      classes: subgraph.classes,
      styles: subgraph.cssStyles,
    })),
    style_classes: [...db.getClasses().values()].map(({ id, styles }) => ({ name: id, styles })),
  };
}

// Character codes such as #35; are kept in signs of Mermaid's own until a browser draws them.
function withCharacters(value) {
  if (typeof value === "string") return value.replace(/ﬂ°(°?)(\w+)¶ß/g, (_, number, name) => character(number, name));
  if (Array.isArray(value)) return value.map(withCharacters);
  if (typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withCharacters(inner)]));
}

function character(number, name) {
  const reference = `&${number ? "#" : ""}${name};`;
  const area = window.document.createElement("textarea");
  area.innerHTML = reference;
  return area.value === reference ? `#${name};` : area.value;
}

for await (const line of readline.createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await answer(JSON.parse(line))));
}
