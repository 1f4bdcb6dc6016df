/**
 * Files over HTTP that never pass through JavaScript: a server of static files, and `sendFile` for
 * the servers that there are.
 *
 * @module
 */
export { type DocumentRootOptions } from "./document_root.ts";
export { sendFile, type SendFileOptions, type SentFile } from "./send_file.ts";
export { type HeadLimits } from "./request_head.ts";
export { type ServeStaticOptions } from "./serve_options.ts";
export { type CloseOptions, serveStatic, StaticServer, type Transfer } from "./serve_static.ts";
export { type ExchangeEnd, type FinishedExchange, type ServerStats } from "./service.ts";
