import { receiveMessage, setOptions, udp } from "@posixly/socket";

/**
 * Has the kernel note the times of all packets, for as long as this is open: it begins a moment after
 * it was asked to.
 */
export async function stamped(): Promise<Disposable> {
  const asking = udp("127.0.0.1:0");
  setOptions(asking, { timestamping: { receiveSoftware: true, software: true } });
  const isNoted = () => receiveMessage(asking, new Uint8Array(1))?.control.timestamps !== undefined;
  do await asking.send(new Uint8Array(1), asking.localAddress); while (!isNoted());
  return asking;
}
