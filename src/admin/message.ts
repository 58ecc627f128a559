// Requests and answers of the Admin API, independent of how they travel: `listen.ts` serves them over node:http, `fetch` in-process.

export interface AdminRequest {
  method: string
  /** As it came, still percent-encoded, without the query. */
  path: string
  query: URLSearchParams
  /** By lower-case name. */
  header(name: string): string | undefined
  body: Buffer
  remoteAddress: string
}

export interface AdminAnswer {
  status: number
  headers: Record<string, string>
  /** JSON or HTML text; empty for none. */
  body: string
}

export const SERVER_NAME = 'Gateward'

const CORS = {
  'access-control-allow-origin': '*',
  'access-control-allow-credentials': 'true',
  'access-control-expose-headers': '*',
  'access-control-max-age': '3600',
}

/** An answer with a JSON body. */
export function json(status: number, value: unknown, headers: Record<string, string> = {}): AdminAnswer {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return {
    status,
    headers: { ...CORS, 'x-api-version': 'v3', server: SERVER_NAME, 'content-type': 'application/json', ...headers },
    body: text,
  }
}

/** An answer whose body is `{"error_msg": message}` and what else is known about the error. */
export function refuse(status: number, message: string, more: object = {}): AdminAnswer {
  return json(status, { error_msg: message, ...more })
}

export function keyNotFound(): AdminAnswer {
  return json(404, { message: 'Key not found' })
}

/** The key of a resource as answers show it, as in etcd. */
export function shownKey(key: string): string {
  return `/apisix/${key}`
}

/** The answer to a CORS preflight. */
export function preflight(): AdminAnswer {
  return {
    status: 200,
    headers: {
      ...CORS,
      server: SERVER_NAME,
      'content-type': 'text/plain; charset=utf-8',
      'access-control-allow-headers': '*',
      'access-control-allow-methods': 'POST, GET, PUT, OPTIONS, DELETE, PATCH',
    },
    body: '',
  }
}

/** The page for a path or method that is none of the API's. */
export function page(status: number, title: string): AdminAnswer {
  const heading = `${status} ${title}`
  return {
    status,
    headers: { ...CORS, server: SERVER_NAME, 'content-type': 'text/html; charset=utf-8' },
    body: `<html>\n<head><title>${heading}</title></head>\n<body>\n<center><h1>${heading}</h1></center>\n<hr><center>${SERVER_NAME}</center>\n</body>\n</html>\n`,
  }
}

/** Ends a request with an answer from any depth. */
export class Refusal extends Error {
  readonly answer: AdminAnswer
  constructor(answer: AdminAnswer) {
    super(answer.body)
    this.name = 'Refusal'
    this.answer = answer
  }
}
