// Whether a trace is recorded: always, never, a share of the traces by their ids, or as the caller has decided.
import Type, { type Static } from 'typebox'
import { oneOfTexts } from '../../lib/schema-types.ts'
import type { TraceContext } from './context.ts'

const fraction = Type.Optional(
  Type.Number({
    title: 'Fraction',
    description: 'share of the traces that trace_id_ratio records',
    minimum: 0,
    maximum: 1,
    default: 0,
    examples: [0.1],
  }),
)

const root = Type.Object(
  {
    name: Type.Optional(
      oneOfTexts(['always_on', 'always_off', 'trace_id_ratio'], {
        title: 'Root sampler',
        description: 'decides for requests whose caller has no trace',
        default: 'always_off',
        examples: ['always_on'],
      }),
    ),
    options: Type.Optional(
      Type.Object(
        { fraction },
        { title: 'Options', description: 'options of the root sampler', examples: [{ fraction: 0.1 }] },
      ),
    ),
  },
  { title: 'Root', description: 'root sampler of parent_base', examples: [{ name: 'always_on' }] },
)

export const samplerField = Type.Optional(
  Type.Object(
    {
      name: Type.Optional(
        oneOfTexts(['always_on', 'always_off', 'trace_id_ratio', 'parent_base'], {
          title: 'Sampler',
          description: 'which traces are recorded; parent_base: as the caller has decided, else the root sampler',
          default: 'always_off',
          examples: ['always_on'],
        }),
      ),
      options: Type.Optional(
        Type.Object(
          { fraction, root: Type.Optional(root) },
          { title: 'Options', description: 'options of the sampler', examples: [{ fraction: 0.1 }] },
        ),
      ),
    },
    { title: 'Sampler', description: 'which traces are recorded; none when absent', examples: [{ name: 'always_on' }] },
  ),
)

const schema = Type.Object({ sampler: samplerField })

/** Decides for a trace with this id; `parent` is the caller's context. */
export type Sampler = (traceId: string, parent: TraceContext | undefined) => boolean

export function createSampler(conf: Static<typeof schema>['sampler']): Sampler {
  const options = conf?.options
  if (conf?.name !== 'parent_base') return simple(conf?.name, options?.fraction)
  const otherwise = simple(options?.root?.name, options?.root?.options?.fraction)
  return (traceId, parent) => (parent ? parent.sampled : otherwise(traceId, parent))
}

function simple(name: string | undefined, share = 0): Sampler {
  if (name === 'always_on') return () => true
  if (name !== 'trace_id_ratio') return () => false
  // The last 7 bytes are the random ones in every scheme of ids; a number holds 52 bits of them exactly.
  return (traceId) => Number.parseInt(traceId.slice(-13), 16) < share * 2 ** 52
}
