// Delays requests or answers them with a chosen status, to see how clients take it.
import { randomInt } from 'node:crypto'
import Type, { type Static } from 'typebox'
import { withCharset } from '../gateway/content-type.ts'
import type { Exchange } from '../gateway/exchange.ts'
import { MAX_PAUSE_S, pause } from '../gateway/pause.ts'
import { definePlugin, type Reply } from '../gateway/plugin.ts'
import { compileVars } from '../gateway/router/vars.ts'
import { interpolate, interpolateField, operand } from '../gateway/variables.ts'
import { checkFields } from '../lib/header-fields.ts'
import { checkStatus } from '../lib/status-check.ts'

const percentage = Type.Optional(
  Type.Integer({
    title: 'Percentage',
    description: 'of the requests; absent: all',
    minimum: 0,
    maximum: 100,
    examples: [10],
  }),
)
const vars = Type.Optional(
  Type.Array(Type.Array(Type.Any()), {
    title: 'Conditions',
    description: 'expressions of which one must hold',
    maxItems: 20,
    examples: [[[['arg_name', '==', 'jack']]]],
  }),
)

const abort = Type.Object(
  {
    http_status: Type.Integer({ title: 'Status', description: 'status of the answer', minimum: 200, examples: [503] }),
    body: Type.Optional(
      Type.String({ title: 'Body', description: 'body of the answer, with variables', minLength: 0, examples: ['no'] }),
    ),
    headers: Type.Optional(
      Type.Record(Type.String({ minLength: 1 }), Type.Union([Type.String(), Type.Number()]), {
        title: 'Headers',
        description: 'headers of the answer, with variables',
        minProperties: 1,
        examples: [{ 'X-Fault': 'yes' }],
      }),
    ),
    percentage,
    vars,
  },
  { title: 'Abort', description: 'answers instead of the upstream', examples: [{ http_status: 503 }] },
)

const delay = Type.Object(
  {
    duration: Type.Number({
      title: 'Duration',
      description: 'seconds, with fractions',
      minimum: 0,
      maximum: MAX_PAUSE_S,
      examples: [0.5],
    }),
    percentage,
    vars,
  },
  { title: 'Delay', description: 'waits before the request goes on', examples: [{ duration: 0.5 }] },
)

const schema = Type.Object({ abort: Type.Optional(abort), delay: Type.Optional(delay) }, { minProperties: 1 })
type Conf = Static<typeof schema>

export default definePlugin<Conf>({
  name: 'fault-injection',
  version: 0.1,
  priority: 11000,
  schema,
  check(conf, kind) {
    if (kind !== 'plugin') return
    checkFields('abort.headers', conf.abort?.headers)
    checkStatus('abort.http_status', conf.abort?.http_status)
    for (const part of [conf.abort, conf.delay]) for (const group of part?.vars ?? []) compileVars(group)
  },
  setup(conf) {
    const delays = conf.delay && toChooser(conf.delay)
    const aborts = conf.abort && toChooser(conf.abort)
    const answer = (ctx: Exchange): Reply | undefined =>
      conf.abort && aborts?.(ctx) ? toReply(ctx, conf.abort) : undefined
    return {
      rewrite(ctx) {
        if (!conf.delay || !delays?.(ctx)) return answer(ctx)
        return pause(ctx, conf.delay.duration).then(() => answer(ctx))
      },
    }
  },
})

function toChooser(part: { percentage?: number; vars?: unknown[][] }): (ctx: Exchange) => boolean {
  const groups = part.vars?.map((group) => compileVars(group))
  const { percentage: share = 100 } = part
  return (ctx) => {
    if (share < 100 && randomInt(100) >= share) return false
    return !groups || groups.some((holds) => holds((name) => operand(ctx, name)))
  }
}

function toReply(ctx: Exchange, conf: Static<typeof abort>): Reply {
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(conf.headers ?? {})) {
    const filled = interpolateField(ctx, String(value))
    headers[name] = name.toLowerCase() === 'content-type' ? withCharset(filled) : filled
  }
  const hasBody = conf.body !== undefined || conf.http_status < 300
  if (hasBody && !Object.keys(headers).some((name) => name.toLowerCase() === 'content-type'))
    headers['Content-Type'] = 'text/plain; charset=utf-8'
  const reply = { status: conf.http_status, headers }
  return conf.body === undefined ? reply : { ...reply, body: interpolate(ctx, conf.body) }
}
