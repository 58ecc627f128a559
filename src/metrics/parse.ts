// Reads Prometheus's text format (version 0.0.4), whoever wrote it: our own exporter or an APISIX's. Lines that are no samples are passed over;
// a line that cannot be read ends the reading, since what follows could be anything.

export interface MetricSample {
  name: string
  labels: Record<string, string>
  value: number
}

const LINE = /^([A-Za-z_:][\w:]*)(?:\{(.*)\})?[ \t]+(\S+)/
const LABEL = /([A-Za-z_]\w*)="((?:[^"\\]|\\.)*)"(?:,|$)/y
const ESCAPES: Record<string, string> = { n: '\n', '"': '"', '\\': '\\' }

/** Every sample whose name `wanted` says yes to, in order. Throws an Error naming the line that is no sample. */
export function* parseExposition(text: string, wanted: (name: string) => boolean): Generator<MetricSample> {
  let start = 0
  while (start < text.length) {
    const found = text.indexOf('\n', start)
    const end = found < 0 ? text.length : found
    const line = text.slice(start, end).trim()
    start = end + 1
    if (line === '' || line.startsWith('#')) continue
    const match = LINE.exec(line)
    if (!match) throw new Error(`reading metrics: found ${JSON.stringify(line.slice(0, 80))}, which is no sample`)
    const [, name = '', labels, value] = match
    if (wanted(name)) yield { name, labels: labels ? readLabels(labels) : {}, value: toNumber(value as string) }
  }
}

function readLabels(text: string): Record<string, string> {
  const labels: Record<string, string> = {}
  LABEL.lastIndex = 0
  for (let match = LABEL.exec(text); match; match = LABEL.exec(text))
    labels[match[1] as string] = (match[2] as string).replace(/\\(.)/g, (_, one: string) => ESCAPES[one] ?? one)
  return labels
}

function toNumber(text: string): number {
  if (text === '+Inf') return Number.POSITIVE_INFINITY
  return text === '-Inf' ? Number.NEGATIVE_INFINITY : Number(text)
}
