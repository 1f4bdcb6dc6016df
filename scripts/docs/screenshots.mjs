// Pictures of the site, to be looked at: each page on a desk and on a phone, by day and by night.
//
//   node scripts/docs/screenshots.mjs FOLDER index.html documents/Pipes.html
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { serveStatic } from "@posixly/zerocopy/http";
import { readArguments, refuse } from "../arguments.mjs";
import { chromium } from "./chromium.mjs";
import { ensureSite, site } from "./site.mjs";

const { positionals: [folder, ...pages] } = readArguments({ allowPositionals: true });
if (pages.length === 0) refuse("Which folder, and which pages of the site?");
const complaints = ensureSite();
if (complaints) refuse(complaints);

mkdirSync(folder, { recursive: true });
const server = serveStatic(site);
const browser = chromium();
for (const path of pages) {
  for (const [screen, width] of [["desk", 1280], ["phone", 360]]) {
    for (const dark of [false, true]) {
      const page = await browser.page({ width, height: 1000, dark });
      await page.open(server.url + path);
      await page.until("!document.body.style.display");
      const words = [path.replaceAll(/\W+/g, "_"), screen, dark ? "night" : "day"];
      const file = join(folder, `${words.join("-")}.png`);
      writeFileSync(file, await page.screenshot());
      console.log(file);
      await page.close();
    }
  }
}
await browser.close();
await server.close({ timeout: 0 });
