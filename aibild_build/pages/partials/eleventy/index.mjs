// Written by `aibild pictures`: a plugin. In eleventy.config.js: config.addPlugin(aibild), from "./aibild/eleventy/index.mjs".
// Shortcodes, in Nunjucks: {% aibild "quay", "hero", { lang: "en" } %}, {% aibildHead "quay", "hero" %}, {% aibildPreload "quay" %}
import { readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

import * as pictures from "../js/pictures.mjs";

const FOLDER = fileURLToPath(new URL("..", import.meta.url));
const RECORDS = path.join(FOLDER, "pictures.json");

export default function aibild(config) {
  const here = path.relative(process.cwd(), FOLDER);
  let records;
  config.on("eleventy.before", () => {
    records = undefined; // read anew: pictures may have changed
  });
  const read = () => (records ??= JSON.parse(readFileSync(RECORDS, "utf8")));
  const add = (name, print) => {
    config.addShortcode(name, function (id, slot, more) {
      const lang = this?.ctx?.lang ?? this?.page?.lang;
      return print(read(), { lang, ...more, id, slot });
    });
  };
  add("aibild", pictures.picture);
  add("aibildHead", pictures.head);
  add("aibildPreload", pictures.preload);
  config.addPassthroughCopy({ [path.join(here, "pictures")]: "pictures", [path.join(here, "slots.css")]: "aibild.css" });
  config.addWatchTarget(RECORDS);
  config.ignores?.add(path.join(here, "**"));
}
