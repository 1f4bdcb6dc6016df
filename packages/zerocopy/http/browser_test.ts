// A browser that downloads a file, and plays one of which it fetches what it needs.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import process from "node:process";
import { testNeeding } from "@posixly/testing";
import { test } from "uvu";
import { served } from "./serve_fixture.ts";
import { bytes, folder } from "./site_fixture.ts";

/** Ten minutes of silence: two channels of 16 bits, 44,100 times a second. */
const SECONDS = 600;
const RATE = 4 * 44_100;

function writeSilence(path: string): void {
  const header = new DataView(new ArrayBuffer(44));
  const text = (at: number, letters: string) =>
    [...letters].forEach((letter, i) => header.setUint8(at + i, letter.charCodeAt(0)));
  text(0, "RIFF");
  header.setUint32(4, 36 + SECONDS * RATE, true);
  text(8, "WAVEfmt ");
  header.setUint32(16, 16, true); // so long is what follows up to "data"
  header.setUint16(20, 1, true); // as it is
  header.setUint16(22, 2, true);
  header.setUint32(24, RATE / 4, true);
  header.setUint32(28, RATE, true);
  header.setUint16(32, 4, true);
  header.setUint16(34, 16, true);
  text(36, "data");
  header.setUint32(40, SECONDS * RATE, true);
  writeFileSync(path, new Uint8Array(header.buffer));
  truncateSync(path, 44 + SECONDS * RATE);
}

/** It plays the last second, downloads a file, and says by a request what came of it. */
const page = `<!doctype html>
  <audio id="audio" muted preload="auto" src="silence.wav"></audio>
  <script type="module">
    const tell = (what) => fetch("/told?" + new URLSearchParams(what));
    audio.onerror = () => tell({ error: audio.error.message });
    audio.onloadedmetadata = () => audio.currentTime = audio.duration - 1;
    audio.onseeked = () => audio.play().catch((error) => tell({ error }));
    audio.onended = async () => {
      const bytes = await (await fetch("large.bin")).arrayBuffer();
      const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
      const sum = [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
      tell({ duration: audio.duration, length: bytes.byteLength, sum });
    };
  </script>`;

testNeeding(
  "chromium",
  "a browser plays the end of a long file, and downloads another whole",
  () =>
    served({}, async ({ server, finished, finishedSoon }) => {
      writeFileSync(`${folder}/index.html`, page);
      writeSilence(`${folder}/silence.wav`);
      const home = mkdtempSync("/var/tmp/posixly-browser-");
      const browser = spawn("chromium", [
        ...["--headless=new", "--no-sandbox", "--disable-gpu", "--mute-audio"],
        ...["--autoplay-policy=no-user-gesture-required", `--user-data-dir=${home}`, server.url!],
      ], { stdio: ["ignore", "ignore", "pipe"], env: { ...process.env, HOME: home } });
      browser.stderr.resume();
      const close = once(browser, "close"); // when its children, which write to its home, are gone too
      try {
        const told = () => finished.find(({ target }) => target.startsWith("/told?"))?.target;
        while (told() === undefined) await finishedSoon(finished.length + 1);
        assert.deepEqual(Object.fromEntries(new URLSearchParams(told()!.slice("/told?".length))), {
          duration: String(SECONDS),
          length: String(bytes.length),
          sum: createHash("sha256").update(bytes).digest("hex"),
        });
      } finally {
        browser.kill();
        await close;
        rmSync(home, { recursive: true });
      }
      const played = finished.filter(({ target }) => target === "/silence.wav");
      assert.ok(played.length >= 2, "it fetched no parts");
      assert.ok(played.every(({ status }) => status === 206));
      assert.ok(played.every(({ bytes }) => bytes < SECONDS * RATE), "it fetched all");
    }),
);

test.run();
