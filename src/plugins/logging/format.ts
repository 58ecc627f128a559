// `log_format`: an object whose text values that begin with `$` stand for variables. Compiled once; absent variables are left out.
import type { Exchange } from '../../gateway/exchange.ts'
import { type VariableValue, variable } from '../../gateway/variables.ts'
import { maskedBody } from './mask.ts'

/** The bodies that were collected for an entry. */
export interface Bodies {
  request: string | undefined
  response: string | undefined
}

export type Format = (ctx: Exchange, bodies: Bodies) => Record<string, unknown>
type Value = (ctx: Exchange, bodies: Bodies) => unknown

/** Objects below this depth are left out, as in APISIX. */
const MAX_DEPTH = 5
const WHOLE = /^\$(?:\{([A-Za-z0-9_.]+)\}|([A-Za-z0-9_.]+))$/
const PARTS = /\$(?:\{([A-Za-z0-9_.]+)\}|([A-Za-z0-9_]+))/g

export function compileFormat(format: Record<string, unknown>): Format {
  return compileObject(format, 1)
}

function compileObject(format: Record<string, unknown>, depth: number): Format {
  const members: [string, Value][] = []
  for (const [name, written] of Object.entries(format)) {
    if (written !== null && typeof written === 'object' && !Array.isArray(written)) {
      if (depth < MAX_DEPTH) members.push([name, compileObject(written as Record<string, unknown>, depth + 1)])
    } else {
      members.push([name, compileValue(written)])
    }
  }
  return (ctx, bodies) => {
    const entry: Record<string, unknown> = {}
    for (const [name, read] of members) {
      const value = read(ctx, bodies)
      if (value !== undefined) entry[name] = value
    }
    return entry
  }
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
  if (name === 'request_body') return bodies.request ?? maskedBody(ctx, ctx.request.body.buffered()?.toString())
  if (name === 'resp_body') return bodies.response
  const value = variable(ctx, name)
  // The one variable that is a list.
  return name === 'graphql_root_fields' ? value?.toString().split(',') : value
}
