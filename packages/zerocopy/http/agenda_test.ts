import assert from "node:assert/strict";
import { performance } from "node:perf_hooks";
import { run } from "@posixly/mux";
import { runFresh, withoutLeaks } from "@posixly/testing";
import { test } from "uvu";
import { Agenda } from "./agenda.ts";

/** Asks for something in no time at all, however busy the processor is. */
function atOnce(ask: () => void): void {
  const { now } = performance;
  const time = performance.now();
  performance.now = () => time;
  try {
    ask();
  } finally {
    performance.now = now;
  }
}

test("what is due first is called first, whichever was asked for first", () =>
  withoutLeaks(async () => {
    const agenda = new Agenda();
    const called: string[] = [];
    await new Promise<void>((resolve) =>
      atOnce(() => {
        agenda.after(20, () => {
          called.push("last");
          resolve();
        });
        agenda.after(1, () => called.push("first"));
        agenda.after(10, () => called.push("second"));
      })
    );
    assert.deepEqual(called, ["first", "second", "last"]);
    agenda.close();
  }));

test("it rings within run, which ends when there is nothing left to do", () =>
  withoutLeaks(() => {
    const agenda = new Agenda();
    let calls = 0;
    const again = () => {
      if (++calls < 5) agenda.after(1, again);
    };
    agenda.after(1, again);
    run();
    assert.equal(calls, 5);
    agenda.close();
  }));

test("what was asked for twice is called once, later; what was cancelled is not", () =>
  withoutLeaks(() => {
    const agenda = new Agenda();
    const called: string[] = [];
    const late = () => called.push("late");
    const never = () => called.push("never");
    atOnce(() => {
      agenda.after(1, late);
      agenda.after(2, never);
      agenda.after(20, late);
      agenda.after(10, () => called.push("early"));
      agenda.cancel(never);
    });
    run();
    assert.deepEqual(called, ["early", "late"]);
    agenda.close();
  }));

test("what throws holds up nothing else", () =>
  withoutLeaks(() => {
    const agenda = new Agenda();
    let isCalled = false;
    agenda.after(1, () => {
      throw new Error("thrown");
    });
    agenda.after(2, () => isCalled = true);
    assert.throws(run, { message: "thrown" });
    run();
    assert.ok(isCalled);
    agenda.close();
  }));

test("what is late is called in its order, unless one before it has put it off", () =>
  withoutLeaks(async () => {
    const agenda = new Agenda();
    const called: string[] = [];
    await new Promise<void>((resolve) => {
      const off = () => called.push("put off");
      atOnce(() => {
        agenda.after(5, () => called.push("second"));
        agenda.after(4, off);
        agenda.after(1, () => {
          called.push("first");
          agenda.after(9, off);
          agenda.after(10, resolve);
        });
      });
      const end = performance.now() + 6;
      while (performance.now() < end); // all are late
    });
    assert.deepEqual(called, ["first", "second", "put off"]);
    agenda.close();
  }));

test("it keeps the program alive only while there is something to do, and it is referenced", async () => {
  const program = (last: string) => `
    import { Agenda } from "${import.meta.url.replace("agenda_test", "agenda")}";
    const agenda = new Agenda();
    ${last}
  `;
  const after = (time: number) => `agenda.after(${time}, () => console.log("called"));`;
  const forms = { [after(5)]: "called\n", [`${after(60_000)} agenda.refer(false);`]: "", "": "" };
  for (const [last, output] of Object.entries(forms)) {
    const { status, stdout, stderr } = await runFresh(program(last));
    assert.deepEqual({ status, stdout }, { status: 0, stdout: output }, stderr);
  }
});

test.run();
