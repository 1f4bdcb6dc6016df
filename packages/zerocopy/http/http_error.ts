/** A pair of a header's name and its value. */
export type Header = readonly [name: string, value: string];

/** A request that cannot be answered as it wishes; what it is answered instead. */
export class HttpError extends Error {
  override readonly name = "HttpError";
  readonly status: number;
  readonly headers: readonly Header[];

  constructor(
    status: number,
    message: string,
    headers: readonly Header[] = [],
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.status = status;
    this.headers = headers;
  }
}
