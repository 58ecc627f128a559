// The Control API's /v1/healthcheck: what the health checkers know of upstream nodes, as JSON or, for a browser, as a table.
import { escapeHtml } from '../lib/text.ts'
import type { Store } from '../store/contract.ts'
import { type AdminAnswer, type AdminRequest, json, refuse, shownKey } from './message.ts'

/** One upstream with health checks. */
export interface HealthReport {
  /** Key of the resource that holds the upstream, such as `upstreams/1`, with a label when that holds several. */
  name: string
  /** `http`, `https` or `tcp`. */
  type: string
  nodes: { ip: string; port: number; hostname: string; status: string; counter: Counter }[]
}

interface Counter {
  success: number
  tcp_failure: number
  http_failure: number
  timeout_failure: number
}

interface HealthSource {
  store: Store
  health(owner?: string): HealthReport[]
}

/** Kinds that hold upstreams. */
const KINDS = new Set(['routes', 'services', 'upstreams', 'stream_routes'])

/** Answers `/v1/healthcheck` and `/v1/healthcheck/{kind}/{id}`. */
export async function readHealth(request: AdminRequest, source: HealthSource): Promise<AdminAnswer> {
  const [, , kind, id] = request.path.split('/').filter(Boolean)
  const html = request.header('accept')?.includes('text/html') ?? false
  const shown = (report: HealthReport): object => ({
    ...report,
    name: shownKey(report.name),
    nodes: orEmpty(report.nodes),
  })
  if (kind === undefined) {
    const reports = source.health()
    return html ? table(reports) : json(200, orEmpty(reports.map(shown)))
  }
  if (id === undefined) return refuse(404, `missing src id for src type ${kind}`)
  if (!KINDS.has(kind)) return refuse(400, `invalid src type ${kind}`)
  if (!(await source.store.get(`${kind}/${id}`))) return refuse(404, `${kind}[${id}] not found`)
  const reports = source.health(`${kind}/${id}`)
  const [first] = reports
  if (!first) return refuse(404, `no checker for ${kind}[${id}]`)
  return html ? table(reports) : json(200, shown(first))
}

/** An empty list is an empty object, as APISIX writes it. */
function orEmpty<T>(list: T[]): T[] | object {
  return list.length === 0 ? {} : list
}

const COLUMNS = [
  'Index',
  'Upstream',
  'Check type',
  'Host',
  'Status',
  'Success counts',
  'TCP Failures',
  'HTTP Failures',
  'TIMEOUT Failures',
]

function table(reports: HealthReport[]): AdminAnswer {
  const rows = reports.flatMap(({ name, type, nodes }) =>
    nodes.map(({ ip, port, status, counter }) => {
      const { success, tcp_failure, http_failure, timeout_failure } = counter
      const place = [shownKey(name), type, `${ip}:${port}`, status]
      return {
        down: status.endsWith('unhealthy'),
        cells: [...place, success, tcp_failure, http_failure, timeout_failure],
      }
    }),
  )
  const body = rows.map(({ down, cells }, i) => {
    const text = [i + 1, ...cells].map((cell) => `<td>${escapeHtml(String(cell))}</td>`).join('')
    return `<tr${down ? ' bgcolor="#FF0000"' : ''}>${text}</tr>`
  })
  const head = COLUMNS.map((column) => `<th>${column}</th>`).join('')
  const title = 'Upstream check status'
  return {
    ...json(200, '', { 'content-type': 'text/html; charset=utf-8' }),
    body: `<!doctype html>\n<html><head><title>${title}</title></head>\n<body><h1>${title}</h1>\n<table border="1">\n<tr>${head}</tr>\n${body.join('\n')}\n</table></body></html>\n`,
  }
}
