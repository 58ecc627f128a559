// The shape of each operation's answer, as a client may rely on it. Members that are not named here may be there too.
import Type, { type TSchema } from 'typebox'

const text = Type.String()
const list = Type.Array(text)
const maybe = Type.Optional

const proof = Type.Array(Type.Object({ title: text, request: text, expected: text, found: text, ok: Type.Boolean() }))

const applied = Type.Object({
  change_id: text,
  target: text,
  summary: text,
  approved_by: text,
  served_ms: maybe(Type.Number()),
  proof,
  secrets: list,
})

const OUTPUTS: Record<string, TSchema> = {
  look: Type.Object({
    target: text,
    kind: text,
    total: maybe(Type.Integer()),
    rows: maybe(Type.Array(Type.Object({ id: text, summary: text }))),
    cursor: maybe(Type.Integer()),
    id: maybe(text),
    value: maybe(Type.Object({})),
  }),
  explain: Type.Object({
    target: text,
    route: Type.Union([text, Type.Null()]),
    why: text,
    plugins: list,
    considered: Type.Array(Type.Object({ id: text, uri: text, result: text })),
  }),
  lint: Type.Object({
    target: text,
    total: Type.Integer(),
    findings: Type.Array(Type.Object({ id: text, severity: text, problem: text })),
  }),
  describe_plugins: Type.Object({ target: text, plugins: Type.Array(Type.Unknown()) }),
  history: Type.Object({ changes: Type.Array(Type.Object({ id: text, at: text, target: text, summary: text })) }),
  plan: Type.Object({
    plan_id: text,
    digest: text,
    target: text,
    diff: text,
    warnings: list,
    notes: list,
    proof: list,
  }),
  apply: applied,
  prove: Type.Object({ target: text, proof }),
  undo: applied,
}

/** The output schema of an operation; any object for one without a line above. */
export function outputOf(name: string): TSchema {
  return OUTPUTS[name] ?? Type.Object({})
}
