// Bodies that the gateway itself answers with: APISIX's JSON for an unknown route, an HTML page for refusals and upstream failures without a
// body of their own.
import { STATUS_CODES } from 'node:http'
import type { Reply } from './plugin.ts'

/** The Server header of every response. */
export const SERVER = 'Gateward/0.1.0'

export const NOT_FOUND: Reply = {
  status: 404,
  headers: { 'Content-Type': 'text/plain; charset=utf-8' },
  body: '{"error_msg":"404 Route Not Found"}\n',
}

/** Where nginx, and so APISIX, words a status otherwise than Node. */
const TITLES: Record<number, string> = {
  401: 'Authorization Required',
  405: 'Not Allowed',
  408: 'Request Time-out',
  413: 'Request Entity Too Large',
  414: 'Request-URI Too Large',
  416: 'Requested Range Not Satisfiable',
  503: 'Service Temporarily Unavailable',
  504: 'Gateway Time-out',
}

const pages = new Map<number, Buffer>()

/** A small HTML page that names the status. */
export function errorPage(status: number): Buffer {
  let page = pages.get(status)
  if (!page) {
    const title = `${status} ${TITLES[status] ?? STATUS_CODES[status] ?? 'Unknown'}`
    page = Buffer.from(
      `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n<center><h1>${title}</h1></center>\r\n<hr><center>Gateward</center>\r\n</body>\r\n</html>\r\n`,
    )
    pages.set(status, page)
  }
  return page
}
