import assert from "node:assert/strict";
import { runFresh } from "@posixly/testing";
import { test } from "uvu";
import { perArch, platform } from "@posixly/sys";

test("names the platform in Node's words", () => {
  assert.equal(platform.os, "linux");
  assert.ok(["x64", "arm64"].includes(platform.arch));
  assert.equal(perArch({ x64: "x64", arm64: "arm64" }), platform.arch);
});

for (const [os, arch] of [["darwin", "arm64"], ["linux", "riscv64"]]) {
  test(`on ${os} ${arch} importing works, and the first call says what is missing`, async () => {
    const { status, stdout, stderr } = await runFresh(`
      import process from "node:process";
      if (globalThis.Deno) {
        const build = { ...Deno.build, os: "${os}", arch: "${arch}" };
        Object.defineProperty(Deno, "build", { value: build });
      } else {
        Object.defineProperty(process, "platform", { value: "${os}" });
        Object.defineProperty(process, "arch", { value: "${arch}" });
      }
      const { addressOf, bind, struct, watch } = await import("@posixly/sys");
      const libc = bind({ getppid: ["i32"] });
      console.log(struct({ a: "u32" }).size);
      for (const use of [() => libc.getppid(), () => watch(0, () => {}), () => addressOf(new Uint8Array(1))]) {
        try { use(); } catch (error) { console.log(error.name, error.os, error.arch); }
      }
    `);
    const refusal = `UnsupportedPlatformError ${os} ${arch}\n`;
    assert.deepEqual([status, stdout], [0, `4\n${refusal.repeat(3)}`], stderr);
  });
}

// Node calls the C library it is linked to, whichever that is. Deno has to know it by name.
if ("Deno" in globalThis) {
  test("musl's C library is found where there is no glibc", async () => {
    const { stdout, stderr } = await runFresh(`
      const { dlopen } = Deno;
      const asked = [];
      Deno.dlopen = (name, symbols) => {
        asked.push(name);
        if (!name.startsWith("libc.musl-")) throw new Error("cannot open " + name);
        return dlopen("libc.so.6", symbols);
      };
      const { bind } = await import("@posixly/sys");
      console.log(bind({ close: ["i32", "i32"] }).close(-1), new Set(asked).size, asked[1]);
    `);
    assert.match(stdout, /^-9 2 libc\.musl-(x86_64|aarch64)\.so\.1\n$/, stderr);
  });
}

test.run();
