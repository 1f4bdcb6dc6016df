// Which tests are spared where something is lacking. What is not lacking spares none.

/** The pattern of every test. */
export const EVERY = ".";
const every = new RegExp(EVERY);

/** Tests by their names, in files by their paths, and the probes that spare them. */
const needs = [
  {
    file: /^packages\/fd\/open_test/,
    tests: /resolve|^openCached/,
    of: ["openat2"],
  },
  { file: /^packages\/fd\/interrupted_test/, tests: /openat2/, of: ["openat2"] },
  {
    file: /^packages\/fd\/arguments_test/,
    tests: /^a number that is not open is EBADF in every function/,
    of: ["openat2"],
  },
  {
    file: /^packages\/fd\/vectored_test/,
    tests: /^append writes to the end, and nonBlocking/,
    of: ["pwritev2", "preadv2"],
  },
  {
    file: /^packages\/fd\/vectored_test/,
    tests: /^empty buffers count for nothing/,
    of: ["vectors of nothing"],
  },
  {
    file: /^packages\/fd\/table_test/,
    tests: /^the table is a map of what we opened/,
    of: ["flags in /proc/self/fdinfo"],
  },
  {
    file: /^packages\/fd\/ioctl_test/,
    tests: /^a request that the driver does not know/,
    of: ["requests of ioctl it does not know"],
  },
  {
    file: /^packages\/mux\/select_test/,
    tests: /^numbers beyond FD_SETSIZE|^a closed number is an error/,
    of: ["select beyond FD_SETSIZE"],
  },
  {
    file: /^packages\/mux\/signal_test/,
    tests: /the signals of the mask are blocked during the wait/,
    of: ["signals by their own numbers"],
  },
  { file: /^packages\/mux\/signal_test/, tests: /epoll_pwait2/, of: ["epoll_pwait2"] },
  {
    file: /^packages\/mux\/fault_test/,
    tests: /^a program whose looks are interrupted/,
    of: ["epoll_wait by its name"],
  },
  {
    // Who may not look into a folder of PATH is not told to go on with the next.
    file: /^packages\/pipe\/credentials_test/,
    tests: new RegExp(
      "^a child runs as another user|^another user|^uid alone|^ambient capabilities do not go" +
        "|^the rights that count|^whatever fails, this thread|^a Worker does the same",
    ),
    of: ["posix_spawn that tells why it failed"],
  },
  {
    file: /^packages\/zerocopy\/map_fault_test/,
    tests: /process_vm_readv|^sharedMemory with ftruncate:error=EINTR/,
    of: ["process_vm_readv"],
  },
  {
    file: /^packages\/zerocopy\/map_fault_test/,
    tests: /with (mlock2|fstatfs:error=EINTR)/,
    of: ["mlock2"],
  },
  {
    file: /^packages\/zerocopy\/map_test/,
    tests: /of huge pages|^huge pages/,
    of: ["mmap of huge pages"],
  },
  {
    file: /^packages\/zerocopy\/(mapping|stale_view)_test/,
    tests: /^a file grows first|^to touch what a file has no more/,
    of: ["process_vm_readv"],
  },
  {
    file: /^packages\/zerocopy\/fault_test/,
    tests: /^sendFile with preadv2/,
    of: ["preadv2"],
  },
  {
    file: /^packages\/zerocopy\/fault_test/,
    tests: /^zerocopySender with|^a call with/,
    of: ["setsockopt of zeroCopy"],
  },
  {
    // Its command serves files beneath a folder.
    file: /^packages\/zerocopy\/cli_test/,
    tests: every,
    of: ["openat2"],
  },
  {
    // Whatever opens files beneath a folder.
    file: new RegExp(
      "^packages/zerocopy/http/(browser|document_root|held_files|hostile_client|parcels" +
        "|send_file.*|serve_.*)_test",
    ),
    tests: every,
    of: ["openat2"],
  },
  {
    file: /^packages\/socket\/batch_test/,
    tests: /batches are a queue|^what was sent before an error|^a list takes 1024/,
    of: ["sendmmsg of no message"],
  },
  {
    file: /^packages\/socket\/(tcp_info|taken)_test/,
    tests: every,
    of: ["TCP_INFO"],
  },
  {
    file: /^packages\/socket\/buffers_test/,
    tests: new RegExp(
      "^a buffer is as large|^a path is as good|^what a listener accepts|^a window is fixed" +
        "|measures its path",
    ),
    of: ["TCP_INFO"],
  },
  {
    file: /^packages\/socket\/multicast_test/,
    tests: /^packets to groups go by the interface/,
    of: ["setsockopt of ipv6MulticastInterface"],
  },
  {
    file: /^packages\/socket\/option_values_test/,
    tests: /^fastOpenKey/,
    of: ["getsockopt of fastOpenKey"],
  },
  {
    file: /^packages\/socket\/options_test/,
    tests: /^all that can be read|^memory tells what waits|^an answer is as long/,
    of: ["getsockopt of memory"],
  },
  {
    file: /^packages\/socket\/options_test/,
    tests: /^the mtu of the path/,
    of: ["getsockopt of ipMtu"],
  },
  {
    file: /^packages\/socket\/peer_test/,
    tests: /^the user and all groups/,
    of: ["getsockopt of peerGroups"],
  },
  {
    file: /^packages\/socket\/peer_test/,
    tests: /^messages come with who sent them/,
    of: ["setsockopt of passPidfd"],
  },
  {
    file: /^packages\/socket\/families_test/,
    tests: /^a packet socket/,
    of: ["recvmmsg of a packet socket"],
  },
  {
    file: /^packages\/socket\/create_test/,
    tests: /^what a socket was made of/,
    of: ["socket for sock_diag"],
  },
  {
    file: /^packages\/socket\/message_test/,
    tests: /^room for one descriptor is room for two/,
    of: ["MSG_CTRUNC"],
  },
  {
    file: /^packages\/socket\/(descriptors|message)_test/,
    tests: /and need no bytes$|^descriptors without a byte|^0 is the end of a stream/,
    of: ["recvmsg without room for a byte"],
  },
  {
    // Whether something was sent is what it tells.
    file: /^packages\/pool\/tcp\/use_test/,
    tests: new RegExp(
      "^work that finds its connection dead|^so it is if it waits|^as long as connections are" +
        "|^what was sent by an earlier user|^who has given up is not tried",
    ),
    of: ["TCP_INFO"],
  },
  {
    file: /^packages\/pool\/http\/nginx_test/,
    tests: /^each end of a connection at rest/,
    of: ["requests as soon as there are connections"],
  },
  {
    file: /^packages\/pipe\/spawn_test/,
    tests: new RegExp(
      "^a long list of arguments|^a command is looked for|^what is wrong with|^a session, a process" +
        "|^1000 children that cannot start",
    ),
    of: ["posix_spawn that tells why it failed"],
  },
  {
    file: /^packages\/ports\/exhaustion_test/,
    tests:
      /^sockets that are bound and do nothing|^a socket with a range|^who connects from nowhere/,
    of: ["socket for sock_diag"],
  },
  {
    file: /^packages\/zerocopy\/zerocopy_(network|sender)_test/,
    tests: every,
    of: ["setsockopt of zeroCopy"],
  },
  {
    file: /^packages\/ports\/cli_test/,
    tests: /^the overview is a table|^it looks again and again/,
    of: ["socket for sock_diag"],
  },
  {
    file: /^packages\/ports\/sockets_test/,
    tests: /^a socket that is merely bound/,
    of: ["socket for sock_diag"],
  },
  {
    file: /^packages\/ports\/observe_test/,
    tests: /^Linux binds to any port/,
    of: ["setsockopt of ipLocalPortRange"],
  },
  {
    file: /^packages\/ports\/range_test/,
    tests: /^late binding refuses/,
    of: ["setsockopt of ipBindAddressNoPort"],
  },
  {
    file: /^packages\/testing\/testing_test/,
    tests: /^calls fail for as long as something runs/,
    of: ["openat by its name"],
  },
  {
    file: new RegExp(
      "^packages/raw/((neighbors|packet_socket|receive_ring|tcpdump|transmit_ring)_test" +
        "|tools/sniff_test|cli/sniff_cli_test)",
    ),
    tests: every,
    of: ["options of packet sockets"],
  },
  {
    // What measures how long packets take asks the kernel when they came.
    file: /^packages\/raw\/(fault_test|tools\/(ping|probe|traceroute)_test)/,
    tests: every,
    of: ["setsockopt of timestamping"],
  },
  {
    file: /^packages\/raw\/attach_filter_test/,
    tests:
      /^a filter is read back|^a filter that is locked|^a program that is not|^an error that a/,
    of: ["reading an attached filter"],
  },
  {
    file: /^packages\/raw\/tools\/sniff_test/,
    tests: /^a signal ends it/,
    of: ["libpcap"],
  },
  {
    file: /^packages\/raw\/raw_socket_test/,
    tests: /^without the right the error says/,
    of: ["program by its name"],
  },
  {
    file: /^packages\/sys\/uring_waker_test/,
    tests: /where io_uring is forbidden$/,
    of: ["filters of seccomp"],
  },
  {
    file: /^packages\/sys\/(bind|library)_test/,
    tests: /^without permission the first call/,
    of: ["koffi as it is installed"],
  },
];

/** What is said by errors of ours, where something is lacking. */
const said = {
  TCP_INFO: "bytes must be at least \\d+, not 4\\s+at decodeTcpInfo",
  "socket for sock_diag": "netlink could not be asked",
};

/**
 * The errors that what is lacking ends in: a test that meets one is cut short.
 *
 * @param lacking What is lacking, by name with what it answered
 * @returns Patterns of what an error says, each with the reason
 */
export function met(lacking) {
  return Object.entries(lacking).flatMap(([name, answer]) => {
    const reason = `${name}: ${answer}`;
    const others = name in said ? [{ pattern: said[name], reason }] : [];
    const [, call, option] = name.match(/^(\w+)(?: of (\w+)$)?/);
    if (/^[gs]etsockopt/.test(name)) {
      return [{ pattern: `Cannot ${call} .*the option is ${option}\\b`, reason }];
    }
    if (answer === "no such library") {
      return [{ pattern: `Cannot open the library ${name}`, reason }];
    }
    const isErrno = /^E[A-Z]+$/.test(answer);
    if (isErrno) others.push({ pattern: `Cannot ${call}\\b.*\\(${answer}\\)`, reason });
    return others;
  });
}

/**
 * What is spared of a test file: patterns of the names of tests, each with the reason.
 *
 * @param file Its path from the root
 * @param lacking What is lacking, by name with what it answered
 */
export function sparedIn(file, lacking) {
  return needs.filter((need) => need.file.test(file)).flatMap(({ tests, of }) => {
    const missed = of.find((name) => name in lacking);
    return missed ? [{ tests: tests.source, reason: `${missed}: ${lacking[missed]}` }] : [];
  });
}
