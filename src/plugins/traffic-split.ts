// Sends shares of the traffic, or requests that meet a condition, to other upstreams than the route's: canaries, blue and green.
// Shares are dealt out in turn (smooth weighted round robin), so that they are exact over a full round in each thread.
// In a stream route it deals out connections.
import Type, { type Static } from 'typebox'
import type { Exchange } from '../gateway/exchange.ts'
import { definePlugin, type PluginEnv, type Reply } from '../gateway/plugin.ts'
import { compileVars } from '../gateway/router/vars.ts'
import { operand } from '../gateway/variables.ts'
import type { Resource } from '../resources/kinds.ts'
import { checkUpstream, UpstreamSchema } from '../resources/upstream-schema.ts'

const weighted = Type.Object({
  upstream_id: Type.Optional(
    Type.Union([Type.String({ minLength: 1, maxLength: 64 }), Type.Integer({ minimum: 1 })], {
      title: 'Upstream id',
      description: 'id of an upstream; goes before `upstream`',
      examples: ['canary'],
    }),
  ),
  upstream: Type.Optional(
    Type.Unsafe<Resource>({
      ...UpstreamSchema,
      title: 'Upstream',
      description: 'an upstream of its own; without both it is the route’s',
      examples: [{ type: 'roundrobin', nodes: { '127.0.0.1:1981': 1 } }],
    }),
  ),
  weight: Type.Optional(
    Type.Integer({ title: 'Weight', description: 'share of the traffic', minimum: 0, default: 1, examples: [3] }),
  ),
})

const rule = Type.Object({
  match: Type.Optional(
    Type.Array(
      Type.Object({
        vars: Type.Optional(
          Type.Array(Type.Any(), {
            title: 'Condition',
            description: 'expression that must hold',
            examples: [[['arg_version', '==', '2']]],
          }),
        ),
      }),
      { title: 'Match', description: 'conditions of which one must hold; none: always', examples: [[{ vars: [] }]] },
    ),
  ),
  weighted_upstreams: Type.Optional(
    Type.Array(weighted, {
      title: 'Upstreams',
      description: 'where to, and how much',
      minItems: 1,
      maxItems: 20,
      examples: [[{ upstream_id: 'canary', weight: 1 }, { weight: 9 }]],
    }),
  ),
})

const schema = Type.Object({
  rules: Type.Optional(
    Type.Array(rule, { title: 'Rules', description: 'the first that matches is followed', examples: [[{}]] }),
  ),
})
type Conf = Static<typeof schema>
type Weighted = Static<typeof weighted>

export default definePlugin<Conf>({
  name: 'traffic-split',
  version: 0.1,
  priority: 966,
  schema,
  encrypted: ['rules.weighted_upstreams.upstream.tls.client_key'],
  check(conf, kind) {
    if (kind !== 'plugin') return
    for (const { match, weighted_upstreams } of conf.rules ?? []) {
      for (const { vars } of match ?? []) if (vars) compileVars(vars)
      for (const { upstream } of weighted_upstreams ?? []) {
        const message = upstream && checkUpstream(upstream)
        if (message !== undefined) throw new Error(`failed to fetch upstream info by upstream: ${message}`)
      }
    }
  },
  setup(conf, env) {
    const rules = (conf.rules ?? []).map((one, index) => {
      const conditions = one.match?.map(({ vars }) => compileVars(vars ?? []))
      return {
        holds: (ctx: Exchange) =>
          !conditions?.length || conditions.some((holds) => holds((name) => operand(ctx, name))),
        deal: dealer(one.weighted_upstreams ?? []),
        index,
      }
    })
    return {
      access(ctx) {
        const followed = rules.find((one) => one.holds(ctx))
        const dealt = followed?.deal()
        if (!followed || !dealt) return undefined
        return send(ctx, env, dealt.to, `traffic-split ${followed.index} ${dealt.index}`)
      },
    }
  },
})

/** Deals the upstreams out by weight; undefined: none has any. */
function dealer(list: Weighted[]): () => { to: Weighted; index: number } | undefined {
  const turns = list
    .map((to, index) => ({ to, index, weight: to.weight ?? 1, current: 0 }))
    .filter((one) => one.weight > 0)
  const total = turns.reduce((sum, { weight }) => sum + weight, 0)
  return () => {
    let best = turns[0]
    for (const turn of turns) {
      turn.current += turn.weight
      if (best && turn.current > best.current) best = turn
    }
    if (best) best.current -= total
    return best
  }
}

/** 502, as in APISIX, when there is no such upstream. */
function send(ctx: Exchange, env: PluginEnv, to: Weighted, label: string): Reply | undefined {
  if (to.upstream_id === undefined && !to.upstream) return undefined
  const from = to.upstream_id === undefined ? { conf: to.upstream as Resource, label } : { id: String(to.upstream_id) }
  ctx.upstream = env.upstream(from)
  if (ctx.upstream) return undefined
  env.log.error({ upstream_id: to.upstream_id, owner: env.owner.id }, 'traffic-split: there is no such upstream')
  return { status: 502 }
}
