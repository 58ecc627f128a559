// Plans changes: intents for what people say, explicit changes for everything else, both in one plan.
import Type from 'typebox'
import { KINDS, type Kind, type Resource } from '../../resources/kinds.ts'
import { defineOperation, type OperationContext, OperationError } from '../contract.ts'
import { INTENTS_TOLD, type Intent, intentSchema, toChanges } from '../intents/index.ts'
import { manifestChanges } from '../intents/manifest.ts'
import { Inventory } from '../inventory.ts'
import { joinChanges } from '../join.ts'
import { fixesOf } from '../lint/lint.ts'
import { type Imported, type ImportWish, importOpenapi } from '../openapi/import.ts'
import { makePlan, type WishedChange } from '../plan.ts'
import { planned, toAnswer } from '../plan-answer.ts'
import type { Target } from '../targets.ts'

export const plan = defineOperation({
  name: 'plan',
  title: 'Plan a change',
  summary:
    'Works out a change and shows its diff; writes nothing. `intents` for common wishes, `changes` for anything else (only the named members change, null removes, *** keeps a secret). Then call apply with plan_id: a person is asked there.',
  effect: 'plan',
  input: Type.Object({
    intents: Type.Optional(Type.Array(intentSchema, { description: INTENTS_TOLD })),
    changes: Type.Optional(
      Type.Array(
        Type.Object({
          action: Type.Enum(['create', 'change', 'delete']),
          kind: Type.Enum([...KINDS]),
          id: Type.Optional(Type.String()),
          set: Type.Optional(
            Type.Record(Type.String(), Type.Unknown(), { description: 'members as in the APISIX Admin API' }),
          ),
        }),
      ),
    ),
    openapi: Type.Optional(
      Type.Object(
        {
          source: Type.String({ description: 'text or URL' }),
          server: Type.Optional(Type.String({ description: "where the API runs, if not at the document's server" })),
          prefix: Type.Optional(Type.String({ description: 'serve below this path' })),
          host: Type.Optional(Type.String()),
          id: Type.Optional(Type.String()),
        },
        { description: 'publish an API by its OpenAPI document' },
      ),
    ),
    fixes: Type.Optional(Type.Array(Type.String(), { description: 'ids of findings of lint' })),
    summary: Type.Optional(Type.String()),
    target: Type.Optional(Type.String()),
  }),
  output: planned,
  async run(input, ctx) {
    const target = ctx.targets.get(input.target, ctx.signal)
    const notes: string[] = []
    const intents = toList<Intent>(input.intents, 'intents', notes)
    const explicit = toList<WishedChange>(input.changes, 'changes', notes).map((one) => ({
      ...one,
      kind: one.kind as Kind,
      set: toObject(one.set, notes),
    }))
    const inventory = await Inventory.read(target)
    const intended = toChanges(intents, inventory)
    const imported = input.openapi
      ? await importFrom(toObject(input.openapi, notes) as unknown as ImportInput, target, ctx)
      : NOTHING
    const fixes = await fixesOf(toList<string>(input.fixes, 'fixes', notes), target, inventory, ctx.now())
    const changes = joinChanges([...imported.changes, ...intended.changes, ...fixes, ...explicit])
    const manifests = manifestChanges(changes, inventory)
    const made = await makePlan(
      {
        target,
        inventory,
        changes: joinChanges([...changes, ...manifests.changes]),
        summary: input.summary,
        notes: [...notes, ...imported.notes, ...intended.notes, ...manifests.notes],
        secrets: intended.secrets,
        expectations: [...imported.expectations, ...intended.expectations],
      },
      ctx,
    )
    return toAnswer(made)
  },
})

interface ImportInput extends Omit<ImportWish, 'document' | 'base'> {
  source: string
}

const NOTHING: Imported = { changes: [], notes: [], expectations: [] }

async function importFrom({ source, ...wish }: ImportInput, target: Target, ctx: OperationContext): Promise<Imported> {
  const url = /^https?:\/\/\S+$/.test(source.trim()) ? source.trim() : undefined
  if (url !== undefined) ctx.progress('fetching the OpenAPI document')
  const document = url === undefined ? source : await ctx.fetchDocument(url, ctx.signal)
  return importOpenapi({ ...wish, document, base: url }, target)
}

/** Clients send lists as JSON text, or one object instead of a list: both are understood, and said. */
function toList<T>(value: unknown, name: string, notes: string[]): T[] {
  if (value === undefined || value === null) return []
  const parsed = typeof value === 'string' ? parse(value, name) : value
  if (parsed !== value) notes.push(`${name} came as text and was read as JSON`)
  if (Array.isArray(parsed)) return parsed as T[]
  notes.push(`${name} came as one object and was taken as a list of one`)
  return [parsed as T]
}

function toObject(value: unknown, notes: string[]): Resource | undefined {
  if (typeof value !== 'string') return value as Resource | undefined
  notes.push('set came as text and was read as JSON')
  return parse(value, 'set') as Resource
}

function parse(text: string, name: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new OperationError('invalid', `${name} is text that is not JSON; send it as a JSON value`)
  }
}
