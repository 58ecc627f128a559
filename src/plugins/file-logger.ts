// Appends log entries to a file, one line of JSON each. The file is opened for every batch of lines, so that a file that was rotated away or
// removed is made anew; lines of several threads never mix, since each batch is one write in append mode.
import { appendFile, mkdir } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import Type, { type Static } from 'typebox'
import type { Exchange } from '../gateway/exchange.ts'
import { definePlugin, type PluginEnv } from '../gateway/plugin.ts'
import { checkVars, compileVars } from '../gateway/router/vars.ts'
import { operand } from '../gateway/variables.ts'
import { bodyFields, checkLogger, entryFields, loggerMetadata } from './logging/fields.ts'
import { createLogger } from './logging/logger.ts'

const path = Type.Optional(
  Type.String({
    title: 'Path',
    description:
      'file that lines are appended to; a relative path begins at the data directory; the path in the plugin metadata stands in for an absent one',
    minLength: 1,
    examples: ['logs/requests.log'],
  }),
)

const schema = Type.Object({
  path,
  match: Type.Optional(
    Type.Array(Type.Array(Type.Unknown()), {
      title: 'Match',
      description: 'list of expressions over variables; a request is logged when one of them holds',
      maxItems: 20,
      examples: [[[['status', '>=', 500]]]],
    }),
  ),
  ...entryFields,
  ...bodyFields,
})
type Conf = Static<typeof schema>

const WAITS = { name: 'file-logger', inactiveMs: 100, maxAgeMs: 200 }

export default definePlugin<Conf>({
  name: 'file-logger',
  version: 0.1,
  priority: 399,
  schema,
  orMetadata: 'path',
  metadataSchema: Type.Object({ path, ...loggerMetadata.properties }),
  check(conf, kind) {
    checkLogger(conf, kind)
    for (const expression of (kind === 'plugin' && conf.match) || []) {
      const message = checkVars(expression)
      if (message) throw new Error(`failed to validate the 'match' expression: ${message}`)
    }
  },
  setup(conf, env) {
    const logger = createLogger({ ...conf, ...WAITS }, env, {
      deliver: (batch) => append(pathOf(conf, env), `${batch.join('\n')}\n`),
    })
    const matches = toCondition(conf.match)
    return {
      ...logger,
      log(ctx) {
        if (matches(ctx)) logger.log?.(ctx)
      },
    }
  },
})

function toCondition(match: unknown[][] | undefined): (ctx: Exchange) => boolean {
  if (!match) return () => true
  const tests = match.map(compileVars)
  return (ctx) => tests.some((test) => test((name) => operand(ctx, name)))
}

function pathOf(conf: Conf, env: PluginEnv): string {
  const written = conf.path ?? (env.metadata()?.path as string | undefined)
  if (written === undefined)
    throw new Error('file-logger has no path: set "path" on the plugin or in the plugin metadata')
  return resolve(env.dataDir, written)
}

async function append(file: string, text: string): Promise<void> {
  try {
    await appendFile(file, text)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    await mkdir(dirname(file), { recursive: true })
    await appendFile(file, text)
  }
}
