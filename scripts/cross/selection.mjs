// What CI runs under the emulator: quick, and what depends on the architecture. That is the layout of
// structs, flags and numbers of system calls, and how C is called.
export const selection = [
  "packages/sys/arguments_test.ts",
  "packages/sys/bind_test.ts",
  "packages/sys/cstring_test.ts",
  "packages/sys/error_test.ts",
  "packages/sys/mapped_view_test.ts",
  "packages/sys/memory_test.ts",
  "packages/sys/platform_test.ts",
  "packages/sys/struct_test.ts",
  "packages/fd/directory_test.ts",
  "packages/fd/flags_test.ts",
  "packages/fd/ioctl_test.ts",
  "packages/fd/open_test.ts",
  "packages/fd/stat_test.ts",
  "packages/fd/vectored_test.ts",
  "packages/mux/epoll_test.ts",
  "packages/mux/poll_test.ts",
  "packages/raw/bpf/run_test.ts",
  "packages/raw/wire/fields_test.ts",
];
