// Written by `aibild pictures`: serves and copies the picture files. In astro.config.mjs: integrations: [aibild()]
import { createReadStream } from "node:fs";
import { cp, stat } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";

const FOLDER = fileURLToPath(new URL("../pictures/", import.meta.url));
const TYPES = { ".avif": "image/avif", ".webp": "image/webp", ".jpg": "image/jpeg", ".png": "image/png", ".c2pa": "application/c2pa" };

export default function aibild() {
  return {
    name: "aibild",
    hooks: {
      "astro:server:setup": ({ server }) => {
        server.middlewares.use(async (request, response, next) => {
          const name = (request.url ?? "").split("?")[0].split("/pictures/")[1];
          const file = name && path.join(FOLDER, path.basename(name));
          if (!file || !(await stat(file).catch(() => undefined))?.isFile()) return next();
          response.setHeader("Content-Type", TYPES[path.extname(file)] ?? "application/octet-stream");
          createReadStream(file).pipe(response);
        });
      },
      "astro:build:done": async ({ dir }) => {
        await cp(FOLDER, fileURLToPath(new URL("pictures/", dir)), { recursive: true });
      },
    },
  };
}
