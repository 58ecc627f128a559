import { isObject } from '../../lib/is-object.ts'

/** The JSON-RPC message of a request, whose body stays to be read. Undefined when there is none, or it does not come: the handler answers that. */
export async function readMessage(request: Request): Promise<Record<string, unknown> | undefined> {
  try {
    const message: unknown = await request.clone().json()
    return isObject(message) ? message : undefined
  } catch {
    return undefined
  }
}
