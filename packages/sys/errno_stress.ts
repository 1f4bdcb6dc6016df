/**
 * Proves that errno is the errno of the call just made: ten million failing calls
 * in each of three threads at once, while the garbage collector is kept busy.
 *
 * Run by `npm run stress`, in every runtime.
 */
import process from "node:process";
import { isMainThread, parentPort, Worker } from "node:worker_threads";
import { bind, cstring, errno, toAddress } from "@posixly/sys";

const CALLS = 10_000_000;
const WORKERS = 2;
const MAP_PRIVATE_ANONYMOUS = 0x22;

const libc = bind({
  close: ["i32", "i32"],
  lseek: ["i64", "i32", "i64", "i32"],
  mmap: ["address", "address", "u64", "i32", "i32", "i32", "i64"],
  open: ["i32", "buffer", "i32"],
  pipe: ["i32", "buffer"],
});

/** How many of so many failing calls came back with another call's errno. */
function wrongAnswers(calls: number): number {
  const ends = new Int32Array(2);
  libc.pipe(ends);
  const missing = cstring("/nonexistent/nowhere");
  const nowhere = toAddress(0);
  let garbage: object[] = [];
  let wrong = 0;
  for (let i = 0; i < calls; i += 4) {
    if (libc.close(-1) !== -errno.EBADF) wrong++;
    if (libc.lseek(ends[0], 0, 0) !== -errno.ESPIPE) wrong++;
    if (libc.open(missing, 0) !== -errno.ENOENT) wrong++;
    if (libc.mmap(nowhere, 0, 0, MAP_PRIVATE_ANONYMOUS, -1, 0) as number !== -errno.EINVAL) wrong++;
    garbage.push({ i, text: `${i}`, bytes: new Uint8Array(32) });
    if (garbage.length === 4096) garbage = [];
  }
  libc.close(ends[0]);
  libc.close(ends[1]);
  return wrong;
}

if (isMainThread) {
  const workers = Array.from({ length: WORKERS }, () => new Worker(new URL(import.meta.url)));
  const answers = workers.map((worker) =>
    new Promise<number>((resolve, reject) => {
      worker.once("message", resolve);
      worker.once("error", reject);
    })
  );
  const wrong = [wrongAnswers(CALLS), ...await Promise.all(answers)];
  await Promise.all(workers.map((worker) => worker.terminate()));
  console.log(`${CALLS} failing calls in each thread; wrong errno: ${wrong.join(", ")}`);
  process.exitCode = wrong.some((count) => count > 0) ? 1 : 0;
} else {
  parentPort!.postMessage(wrongAnswers(CALLS));
}
