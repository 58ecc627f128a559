// `log_format`: an object whose text values that begin with `$` stand for variables, also in objects and lists within it. Compiled once; absent
// variables are left out.
import type { Exchange } from '../../gateway/exchange.ts'
import { type VariableValue, variable } from '../../gateway/variables.ts'
import { maskedBody } from './mask.ts'

/** The bodies that were collected for an entry. */
export interface Bodies {
  /** For the default entry. */
  request: string | undefined
  response: string | undefined
  /** `$request_body`, which needs no `include_req_body`. */
  named: string | undefined
}

export const NO_BODIES: Bodies = { request: undefined, response: undefined, named: undefined }

export interface Format {
  make(ctx: Exchange, bodies: Bodies): Record<string, unknown>
  /** It names the request's body, which must be collected then. */
  namesBody: boolean
}
/** The formats that hold now. */
export interface Formats {
  /** The configuration's, else the metadata's; undefined: entries are the default. */
  own(): Format | undefined
  /** What is laid over the default entry. */
  extra(): Format | undefined
}

type Value = (ctx: Exchange, bodies: Bodies) => unknown

/** What stands deeper is left out, as in APISIX. */
const MAX_DEPTH = 5
const BODY = /"\$(?:request_body\b|\{request_body\})/
const WHOLE = /^\$(?:\{([A-Za-z0-9_.]+)\}|([A-Za-z0-9_.]+))$/
const PARTS = /\$(?:\{([A-Za-z0-9_.]+)\}|([A-Za-z0-9_]+))/g

export function compileFormat(format: Record<string, unknown>): Format {
  return { make: compileObject(format, 1), namesBody: BODY.test(JSON.stringify(format)) }
}

function compileObject(
  format: Record<string, unknown>,
  depth: number,
): (ctx: Exchange, bodies: Bodies) => Record<string, unknown> {
  const members = Object.entries(format).map(([name, written]): [string, Value] => [name, compile(written, depth)])
  return (ctx, bodies) => {
    const entry: Record<string, unknown> = {}
    for (const [name, read] of members) {
      const value = read(ctx, bodies)
      if (value !== undefined) entry[name] = value
    }
    return entry
  }
}

function compile(written: unknown, depth: number): Value {
  if (written === null || typeof written !== 'object') return compileValue(written)
  if (Array.isArray(written)) {
    const items = depth < MAX_DEPTH ? written.map((item) => compile(item, depth + 1)) : []
    return (ctx, bodies) => items.map((read) => read(ctx, bodies)).filter((value) => value !== undefined)
  }
  return compileObject(depth < MAX_DEPTH ? (written as Record<string, unknown>) : {}, depth + 1)
}

/** A lone variable keeps its type (`$status` is a number); among other text it becomes text. */
function compileValue(written: unknown): Value {
  if (typeof written !== 'string' || !written.startsWith('$')) return () => written
  const whole = WHOLE.exec(written)
  if (whole) {
    const name = (whole[1] ?? whole[2]) as string
    return (ctx, bodies) => readVariable(ctx, bodies, name)
  }
  return (ctx, bodies) =>
    written.replace(PARTS, (_, braced?: string, bare?: string) =>
      String(readVariable(ctx, bodies, (braced ?? bare) as string) ?? ''),
    )
}

function readVariable(ctx: Exchange, bodies: Bodies, name: string): VariableValue | string[] {
  if (name === 'request_body') return bodies.named ?? maskedBody(ctx, ctx.request.body.buffered()?.toString())
  if (name === 'resp_body') return bodies.response
  const value = variable(ctx, name)
  // The one variable that is a list.
  return name === 'graphql_root_fields' ? value?.toString().split(',') : value
}
