// Parts of answers that several operations share. Members that are not named in an answer's schema may be there too.
import Type from 'typebox'

export const text = Type.String()
export const texts = Type.Array(text)

const proofLine = Type.Object({ title: text, request: text, expected: text, found: text, ok: Type.Boolean() })

/** What `prove`, `apply` and `undo` show of requests that were sent. */
export const proof = Type.Array(proofLine)

/** The answer of what writes. */
export const applied = Type.Object({
  change_id: text,
  target: text,
  summary: text,
  approved_by: text,
  served_ms: Type.Optional(Type.Number()),
  confirm_by: Type.Optional(text),
  proof,
  secrets: texts,
})
