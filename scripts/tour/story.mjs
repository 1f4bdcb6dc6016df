// The story of the tour: a stop for each chapter, in the order of the guide, and a sentence from each
// to the next. What runs at a stop are experiments of the chapter, by their titles; of each, the
// lines are shown that matter. `story_test.mjs` holds it to what there is.

export const opening = {
  title: "What a kernel can be asked",
  text: "A program computes by itself. For everything else it asks the kernel, and most of what " +
    "that has to offer, Node and Deno leave out. Here it is, in ten stops. At each, a program of " +
    "the guide runs while you look, in both of them, and prints what the kernel said.",
};

/**
 * A scene may have another in its stead, which needs no rights; `next` leads to the stop after it,
 * and `source` is the file to begin with for whoever wants to know how it is done.
 */
export const story = [
  {
    chapter: "introduction",
    title: "A question, and its answers",
    scenes: [{
      experiment: "Three answers and an error",
      text: "A pipe has two ends. We ask one of them for bytes until we have heard every answer " +
        "there is. Three are nothing to worry about, and so they are values. Only the last is " +
        "thrown.",
      code: [
        'console.log("nothing yet:", read(ends.reader, buffer));',
        'console.log("some bytes: ", read(ends.reader, buffer));',
        'console.log("the end:    ", read(ends.reader, buffer));',
        "write(ends.reader, buffer); // the wrong end",
      ],
    }],
    next:
      "Nothing yet, a number, the end, or an error by its name: all that follows answers like " +
      "this. Now for somebody to talk to.",
    source: "packages/fd/read.ts",
  },
  {
    chapter: "sockets",
    title: "Two ends of a conversation",
    scenes: [{
      experiment: "A server and a client, call by call",
      text: "A server listens, a client connects, and there are three sockets: one that listens, " +
        "and two that talk. The calls are those of C. None of them blocks; to wait is a call of " +
        "its own, readable.",
      code: [
        'console.log("connected at once:", connect(client, localAddress(server)));',
        "await readable(server); // a connection is waiting",
        "const { socket: served, address } = accept(server)!;",
      ],
    }],
    next: "Between the two ends the kernel keeps a queue for each way. One such queue can be had " +
      "without any network: it is called a pipe.",
    source: "packages/socket/accept.ts",
  },
  {
    chapter: "pipes",
    title: "A queue, and a child at its end",
    scenes: [
      {
        experiment: "A pipe between parent and child",
        text:
          "A child gets one end as its standard output, and knows nothing of us. We read from " +
          "the other until it has nothing more to say.",
        code: [
          'const child = spawn("sh", ["-c", "echo Hello from child"], { stdout: ends.writer });',
          "const text = new TextDecoder().decode(await ends.reader.readAll());",
        ],
      },
      {
        experiment: "What happens when it is full",
        text: "And when nobody reads? Then the queue fills up, and whoever writes is told so.",
        code: ["const n = write(ends.writer, kilobyte);", "if (n === null) break;"],
      },
    ],
    next: "Both were read and written by the same few calls, which take a small number. What is " +
      "that number?",
    source: "packages/pipe/pipe.ts",
  },
  {
    chapter: "descriptors",
    title: "The table behind the numbers",
    scenes: [{
      experiment: "The table, before and after",
      text: "It is a row in a table that the kernel keeps for each process, and the kernel shows " +
        "the table to whoever asks. This is what a pipe and a file have added to it, and what is " +
        "left of them after the block in which they were used.",
      code: [
        "using ends = pipe();",
        'using file = open("/etc/passwd");',
        "for (const { kind, flags } of opened()) {",
      ],
    }],
    next: "A thread can wait for one row of that table inside a read. A server has thousands of " +
      "rows, and one thread.",
    source: "packages/fd/table.ts",
  },
  {
    chapter: "multiplexing",
    title: "One thread, many descriptors",
    scenes: [
      {
        experiment: "Await any descriptor",
        text:
          "The kernel can watch them all, and readable makes a promise of it: of a timer that " +
          "is exact to the microsecond, for one, or of a child that ends.",
        code: [
          "await readable(timer);",
          "await readable(process); // a process is readable once it has ended",
        ],
      },
      {
        experiment: "A loop of one's own",
        text: "Where each microsecond counts, a thread can be given to the kernel altogether. A " +
          "hundred counters hand a baton round, and it is the kernel that says whose turn it is.",
        code: [
          "watch(counter, { readable: true }, () => {",
          "run(); // nothing else happens meanwhile",
        ],
      },
    ],
    next: "So many clients can be served. But each connection takes a port at the client's end, " +
      "and of those there are not so many.",
    source: "packages/mux/run.ts",
  },
  {
    chapter: "ports",
    title: "No ports left",
    scenes: [{
      experiment: "None left",
      text: "We let them run out, in a range of four. All that C says about it is EADDRNOTAVAIL, " +
        "which means other things, too. So we ask who has them, and what would help.",
      code: [
        "connect(client, localAddress(server));",
        "const { reason, usage, cures } = exhaustionOf(error, { socket: clients.at(-1) })!;",
      ],
    }],
    next: "How a connection begins and ends, and who has to wait for what, is agreed upon in " +
      "packets. Those can be seen.",
    source: "packages/ports/exhaustion.ts",
  },
  {
    chapter: "raw",
    title: "What passes on the wire",
    scenes: [{
      experiment: "All that passes",
      text:
        "In a network of our own, a client says hello and hangs up. The kernel lays each frame " +
        "into memory that it shares with us, and there we take it apart.",
      code: [
        'const frames = capture({ interface: "lo", retireMs: 1 });',
        "const { tcp, payload } = dissect(bytes);",
      ],
      instead: {
        experiment: "A filter, before the copy",
        text: "To see all of them takes root, which this is not; the guide shows what you miss. " +
          "Without any right, we can write the program that the kernel runs for each packet to " +
          "decide whether we see it, and run it here.",
        code: [
          "const program = assemble(`",
          'console.log(layer.layer, "keeps", runFilter(program, frame));',
        ],
      },
    }],
    next: "Each acknowledgement also says how many bytes more may come. That number decides how " +
      "fast a connection is, more often than the line does.",
    source: "packages/raw/capture.ts",
  },
  {
    chapter: "buffers",
    title: "A fast line that is slow",
    scenes: [{
      experiment: "The window, seen at work",
      text: "400,000 bytes go to a receiver that looks only every 5 milliseconds, as if it were " +
        "far away. No processor makes that quicker, and no cable. A larger window does.",
      code: [
        "setOptions(listener, { receiveBuffer });",
        "const hadToWait = tcpInfo(sender).receiveWindowLimited > 0;",
      ],
    }],
    next: "Each new connection begins with a round trip for nothing, and with a small window. So " +
      "whoever has one had better keep it.",
    source: "packages/socket/buffers.ts",
  },
  {
    chapter: "pooling",
    title: "Keep what was dear",
    scenes: [{
      experiment: "What a handshake costs",
      text:
        "Three hundred connections made anew, and three hundred times one out of a pool. Here " +
        "a round trip is as short as it gets; over any real line, the first figure grows and the " +
        "second does not.",
      code: [
        "const fresh = async () => (await connectTcp(to)).close();",
        "const fromPool = async () => (await pool.acquire(to)).release();",
      ],
    }],
    next: "What is left is the bytes themselves. Most of what a server sends, it has only just " +
      "read, and never looked at.",
    source: "packages/pool/pool.ts",
  },
  {
    chapter: "zerocopy",
    title: "Bytes that never pass through the program",
    scenes: [
      {
        experiment: "What it saves",
        text: "256 MB go from a file into a pipe: first by a buffer of ours, then within the " +
          "kernel, page by page. What is counted is the CPU time of this process.",
        code: [
          "await to.write(buffer.subarray(0, n));",
          "const sent = await cost((to) => sendFile(to, file));",
        ],
      },
      {
        experiment: "A file as memory",
        text: "And if the program does want to look, the pages of the file can be its memory. To " +
          "write a million numbers into it takes no call at all.",
        code: [
          "using second = map(file);",
          "for (let i = 0; i < numbers.length; i++) numbers[i] = i;",
        ],
      },
    ],
    source: "packages/zerocopy/sendfile.ts",
  },
];
