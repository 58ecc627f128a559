// Acts by rules: the first rule whose case holds does its action, which is to answer, or to limit as limit-count and limit-conn do. Each rule's
// limit has counters of its own.
import Type, { type Static } from 'typebox'
import type { Exchange } from '../gateway/exchange.ts'
import { definePlugin, type PhaseResult, type PluginEnv, type PluginInstance } from '../gateway/plugin.ts'
import { checkVars, compileVars } from '../gateway/router/vars.ts'
import { operand } from '../gateway/variables.ts'
import type { Resource } from '../resources/kinds.ts'
import { LIMITS, limitFault } from './limiting/actions.ts'
import { REDIS_SECRETS } from './limiting/fields.ts'

const schema = Type.Object({
  rules: Type.Array(
    Type.Object({
      case: Type.Optional(
        Type.Array(Type.Any(), {
          title: 'Case',
          description: 'expression that must hold; absent: always',
          minItems: 1,
          examples: [[['uri', '==', '/login']]],
        }),
      ),
      actions: Type.Array(Type.Array(Type.Any(), { minItems: 1 }), {
        title: 'Actions',
        description: 'one action: its name (return, limit-count, limit-conn) and its configuration',
        examples: [[['return', { code: 403 }]]],
      }),
    }),
    {
      title: 'Rules',
      description: 'the first whose case holds is followed',
      examples: [[{ case: [['uri', '==', '/login']], actions: [['return', { code: 403 }]] }]],
    },
  ),
})
type Conf = Static<typeof schema>

export default definePlugin<Conf>({
  name: 'workflow',
  version: 0.1,
  priority: 1006,
  schema,
  encrypted: REDIS_SECRETS.map((path) => `rules.actions.${path}`),
  check(conf, kind) {
    if (kind !== 'plugin') return
    for (const rule of conf.rules) {
      const message = rule.case && checkVars(rule.case)
      if (message) throw new Error(`failed to validate the 'case' expression: ${message}`)
      if (rule.actions.length > 1)
        throw new Error('a rule takes one action, the others would never be done: write more rules')
      for (const [name, settings] of rule.actions) checkAction(name, settings)
    }
  },
  setup(conf, env) {
    const rules = conf.rules.map((rule, index) => {
      const holds = rule.case && compileVars(rule.case)
      return {
        holds: (ctx: Exchange) => !holds || holds((name) => operand(ctx, name)),
        action: toAction(rule.actions[0], index, env),
      }
    })
    return {
      access(ctx): PhaseResult | Promise<PhaseResult> {
        const action = rules.find((rule) => rule.holds(ctx))?.action
        if (action) ctx.set(this, action)
        return action?.access?.(ctx)
      },
      header_filter(ctx) {
        ctx.get<PluginInstance>(this)?.header_filter?.(ctx)
      },
      log(ctx) {
        ctx.get<PluginInstance>(this)?.log?.(ctx)
      },
      async close() {
        for (const { action } of rules) await action?.close?.()
      },
    }
  },
})

function checkAction(name: unknown, settings: unknown): void {
  if (name !== 'return' && !LIMITS.includes(String(name))) throw new Error(`unsupported action: ${name}`)
  const fault = name === 'return' ? returnFault(settings) : limitFault(String(name), settings)
  if (fault !== undefined) throw new Error(`failed to validate the '${name}' action: ${fault}`)
}

function returnFault(settings: unknown): string | undefined {
  const code = (settings as Resource | undefined)?.code
  if (code === undefined) return 'property "code" is required'
  if (typeof code !== 'number' || !Number.isInteger(code))
    return `property "code" validation failed: wrong type: expected integer, got ${typeof code}`
  if (code < 100) return `property "code" validation failed: expected ${code} to be at least 100`
  if (code < 200) return `property "code" is ${code}: a status below 200 ends no request, give one from 200 on`
  if (code > 599) return `property "code" validation failed: expected ${code} to be at most 599`
  return undefined
}

function toAction(written: unknown[] | undefined, index: number, env: PluginEnv): PluginInstance | undefined {
  if (!written) return undefined
  const [name, settings] = written as [string, Resource]
  if (name !== 'return') return env.setupPlugin(name, { ...settings, _vid: index })
  const reply = { status: settings.code as number, body: { error_msg: 'rejected by workflow' } }
  return { access: () => reply }
}
