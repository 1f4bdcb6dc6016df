import { errno, ok, type SyscallContext, SyscallError } from "@posixly/sys";

/** As `ok`, for a call that older kernels lack: then the error says which one has it. */
export function okSince(
  kernel: string,
  result: number,
  syscall: string,
  context?: SyscallContext,
): number {
  if (result !== -errno.ENOSYS) return ok(result, syscall, context);
  const error = new SyscallError(errno.ENOSYS, syscall, context);
  error.message += `; it needs Linux ${kernel} or newer`;
  throw error;
}
