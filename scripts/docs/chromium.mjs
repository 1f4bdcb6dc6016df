// A headless Chromium, told what to do by the DevTools protocol over two pipes: 3 is what it reads,
// 4 what it writes, and a message ends with a byte of 0.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipe, spawn } from "@posixly/pipe";

const flags = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--remote-debugging-pipe",
];

/** Starts it; `close` ends it. */
export function chromium() {
  return new Chromium();
}

class Chromium {
  #profile = mkdtempSync(join(tmpdir(), "posixly-chromium-"));
  #commands = pipe();
  #answers = pipe();
  #child = spawn("chromium", [...flags, `--user-data-dir=${this.#profile}`], {
    descriptors: { 3: this.#commands.reader, 4: this.#answers.writer },
    stdin: "null",
    stdout: "null",
    stderr: "null",
  });
  #pending = new Map();
  #pages = new Map();
  #count = 0;
  #listening;

  constructor() {
    this.#commands.reader.close();
    this.#answers.writer.close();
    this.#listening = this.#listen();
  }

  /** Opens an empty page, of its own width and colours. */
  async page({ width = 1280, height = 900, dark = false } = {}) {
    const { targetId } = await this.send("Target.createTarget", { url: "about:blank" });
    const { sessionId } = await this.send("Target.attachToTarget", { targetId, flatten: true });
    const page = new Page(this, targetId, sessionId);
    this.#pages.set(sessionId, page);
    await page.begin({ width, height, dark });
    return page;
  }

  async send(method, params = {}, sessionId = undefined) {
    const id = ++this.#count;
    const answer = new Promise((resolve, reject) => this.#pending.set(id, { resolve, reject }));
    const message = `${JSON.stringify({ id, method, params, sessionId })}\0`;
    await this.#commands.writer.write(new TextEncoder().encode(message));
    return answer;
  }

  async #listen() {
    const decoder = new TextDecoder();
    let rest = "";
    for await (const chunk of this.#answers.reader) {
      const messages = (rest + decoder.decode(chunk, { stream: true })).split("\0");
      rest = messages.pop();
      for (const message of messages) this.#hear(JSON.parse(message));
    }
    for (const { reject } of this.#pending.values()) reject(new Error("Chromium has ended"));
  }

  #hear({ id, result, error, sessionId, method, params }) {
    if (id === undefined) return this.#pages.get(sessionId)?.hear(method, params);
    const { resolve, reject } = this.#pending.get(id);
    this.#pending.delete(id);
    if (error) reject(new Error(error.message));
    else resolve(result);
  }

  /** It ends when nobody is left who could tell it anything. */
  async close() {
    this.#commands.writer.close();
    await this.#listening;
    await this.#child.exited;
    this.#answers.reader.close();
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 10 });
  }
}

class Page {
  /** What was wrong: errors that were thrown or logged, and what could not be loaded. */
  problems = [];
  /** Every address that was asked for. */
  requests = [];
  #browser;
  #target;
  #session;
  #loaded = () => {};

  constructor(browser, target, session) {
    this.#browser = browser;
    this.#target = target;
    this.#session = session;
  }

  async begin({ width, height, dark }) {
    for (const domain of ["Page", "Runtime", "Log", "Network"]) await this.send(`${domain}.enable`);
    await this.send("Emulation.setDeviceMetricsOverride", {
      width,
      height,
      deviceScaleFactor: 1,
      mobile: width < 600,
    });
    await this.send("Emulation.setEmulatedMedia", {
      features: [
        { name: "prefers-color-scheme", value: dark ? "dark" : "light" },
        { name: "prefers-reduced-motion", value: "reduce" },
      ],
    });
  }

  send(method, params) {
    return this.#browser.send(method, params, this.#session);
  }

  hear(method, params) {
    if (method === "Page.loadEventFired") this.#loaded();
    else if (method === "Network.requestWillBeSent") this.requests.push(params.request.url);
    else if (method === "Runtime.exceptionThrown") {
      const { exception, text } = params.exceptionDetails;
      this.problems.push(exception?.description ?? text);
    } else if (method === "Log.entryAdded" && params.entry.level === "error") {
      this.problems.push(`${params.entry.text} ${params.entry.url ?? ""}`);
    } else if (method === "Runtime.consoleAPICalled" && params.type === "error") {
      this.problems.push(
        params.args.map(({ value, description }) => value ?? description).join(" "),
      );
    }
  }

  /** Goes somewhere, and waits until everything is there. */
  async open(url) {
    const loaded = this.loading();
    const { errorText } = await this.send("Page.navigate", { url });
    if (errorText) throw new Error(`${url}: ${errorText}`);
    await loaded;
  }

  /** Waits until the next page is there, of which the way has begun or is about to. */
  loading() {
    return new Promise((resolve) => this.#loaded = resolve);
  }

  /** The value of an expression in the page, or what it promises. */
  async evaluate(expression) {
    const { result, exceptionDetails } = await this.send("Runtime.evaluate", {
      expression,
      awaitPromise: true,
      returnByValue: true,
    });
    if (exceptionDetails) {
      throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    }
    return result.value;
  }

  /** Waits until an expression is true, and ten seconds at the most. */
  until(expression) {
    return this.evaluate(`new Promise((resolve, reject) => {
      const begun = performance.now();
      const look = () => {
        if (${expression}) resolve();
        else if (performance.now() - begun < 10_000) setTimeout(look, 10);
        else reject(new Error("It never came: " + ${JSON.stringify(expression)}));
      };
      look();
    })`);
  }

  /** Presses a key: Tab, Enter or Escape. */
  async press(key) {
    const windowsVirtualKeyCode = { Tab: 9, Enter: 13, Escape: 27 }[key];
    const event = { key, code: key, windowsVirtualKeyCode };
    const text = key === "Enter" ? "\r" : undefined;
    await this.send("Input.dispatchKeyEvent", { type: "keyDown", text, ...event });
    await this.send("Input.dispatchKeyEvent", { type: "keyUp", ...event });
  }

  /** Types a text where the focus is. */
  type(text) {
    return this.send("Input.insertText", { text });
  }

  /** A picture of what is in the window, as PNG. */
  async screenshot() {
    const { data } = await this.send("Page.captureScreenshot");
    return Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
  }

  close() {
    return this.#browser.send("Target.closeTarget", { targetId: this.#target });
  }
}
