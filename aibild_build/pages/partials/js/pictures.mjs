// Written by `aibild pictures`. Prints markup from records (pictures.json) word for word; knows no generator.
const SIGNS = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&#34;", "'": "&#39;" };

export const escaped = (text) => String(text).replace(/[&<>"']/g, (sign) => SIGNS[sign]);

// The picture `id` in a slot (its first one when none is named) and a language (the site's first).
export function find(records, { id, slot, lang }) {
  const picture = records.pictures[id];
  if (!picture) throw new Error(`aibild: there is no picture "${id}" in pictures.json`);
  const name = slot || picture.slot;
  const found = picture.slots[name];
  if (!found) throw new Error(`aibild: picture "${id}" is not cut for the slot "${name}"`);
  return { picture, slot: found, name, lang: records.languages.includes(lang) ? lang : records.languages[0] };
}

// `<picture>`, with a class or another alt text where they are asked for; as `<figure>` with its caption where `figure` is set.
export function picture(records, wanted) {
  const found = find(records, wanted);
  const alt = wanted.alt ?? found.picture.alt[found.lang] ?? "";
  const name = wanted.class ? ` class="${escaped(wanted.class)}"` : "";
  const html = `<picture${name}${found.slot.markup[0]}${escaped(alt)}${found.slot.markup[1]}`;
  return wanted.figure ? `<figure>${html}${found.slot.caption[found.lang]}</figure>` : html;
}

// For <head>: preload, sharing card and JSON-LD of the picture that stands for the page.
export function head(records, wanted) {
  const found = find(records, wanted);
  return found.slot.head[found.lang];
}

// For <head>: the preload alone.
export const preload = (records, wanted) => find(records, wanted).slot.preload;
