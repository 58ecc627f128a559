// Sets request headers by rules: the first rule that matches labels the request; its actions are dealt out by weight, in turn. One without
// headers leaves the request to the rules after it, as in APISIX.
import Type, { type Static } from 'typebox'
import type { Exchange } from '../gateway/exchange.ts'
import { definePlugin } from '../gateway/plugin.ts'
import { checkVars, compileVars } from '../gateway/router/vars.ts'
import { interpolateField, operand } from '../gateway/variables.ts'
import { checkFields } from '../lib/header-fields.ts'

const action = Type.Object({
  set_headers: Type.Optional(
    Type.Record(Type.String(), Type.Union([Type.String(), Type.Number()]), {
      title: 'Headers',
      description: 'headers that are set, values with variables',
      minProperties: 1,
      examples: [{ 'X-Version': 'canary' }],
    }),
  ),
  weight: Type.Optional(
    Type.Integer({
      title: 'Weight',
      description: 'share of the rule’s requests',
      minimum: 1,
      default: 1,
      examples: [3],
    }),
  ),
})

const schema = Type.Object({
  rules: Type.Array(
    Type.Object({
      match: Type.Optional(
        Type.Array(Type.Any(), {
          title: 'Match',
          description: 'expression that must hold; absent: always',
          minItems: 1,
          examples: [[['arg_version', '==', '2']]],
        }),
      ),
      actions: Type.Array(action, {
        title: 'Actions',
        description: 'what is done, one of them for each request; one without headers leaves it to the next rule',
        minItems: 1,
        examples: [[{ set_headers: { 'X-Version': '2' }, weight: 1 }, { weight: 9 }]],
      }),
    }),
    {
      title: 'Rules',
      description: 'the first that matches is followed',
      minItems: 1,
      examples: [[{ actions: [{ set_headers: { 'X-Label': 'a' } }] }]],
    },
  ),
})
type Conf = Static<typeof schema>
type Action = Static<typeof action>

export default definePlugin<Conf>({
  name: 'traffic-label',
  version: 0.1,
  priority: 967,
  schema,
  check(conf, kind) {
    if (kind !== 'plugin') return
    for (const { match, actions } of conf.rules) {
      for (const one of actions) {
        const unknown = Object.keys(one).find((name) => name !== 'set_headers' && name !== 'weight')
        if (unknown !== undefined) throw new Error(`not supported action: ${unknown}`)
        checkFields('set_headers', one.set_headers)
      }
      const message = match && checkVars(match)
      if (message) throw new Error(`failed to validate the 'match' expression: ${message}`)
    }
  },
  setup(conf) {
    const rules = conf.rules.map(({ match, actions }) => {
      const holds = match && compileVars(match)
      return { holds: (ctx: Exchange) => !holds || holds((name) => operand(ctx, name)), deal: dealer(actions) }
    })
    return {
      access(ctx) {
        for (const rule of rules) {
          const fields = rule.holds(ctx) ? rule.deal().set_headers : undefined
          if (!fields) continue
          for (const [name, value] of Object.entries(fields))
            ctx.request.headers.set(name, interpolateField(ctx, String(value)))
          return
        }
      },
    }
  },
})

/** Smooth weighted round robin: exact over a full round, in each thread. */
function dealer(actions: Action[]): () => Action {
  const turns = actions.map((one) => ({ one, weight: one.weight ?? 1, current: 0 }))
  const total = turns.reduce((sum, { weight }) => sum + weight, 0)
  return () => {
    let best = turns[0] as (typeof turns)[number]
    for (const turn of turns) {
      turn.current += turn.weight
      if (turn.current > best.current) best = turn
    }
    best.current -= total
    return best.one
  }
}
