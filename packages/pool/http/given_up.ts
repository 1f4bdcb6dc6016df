import type { ClientRequest } from "node:http";

/**
 * Tells when a request is given up that has no socket yet: of itself it tells nobody before it has
 * one, and would take a place in the line until then.
 *
 * @returns Stops looking; to be called once it is served
 */
export function whenGivenUp(request: ClientRequest, callback: () => void): () => void {
  const { destroy } = request;
  request.destroy = (error) => {
    destroy.call(request, error);
    callback();
    return request;
  };
  return () => void (request.destroy = destroy);
}
