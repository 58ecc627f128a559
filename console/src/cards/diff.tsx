// A plan's diff as people read it: one block for each resource, a line for each field, signs beside colours.
import type { ReactNode } from 'react'

const KINDS: Record<string, string> = { '+': 'add', '-': 'del', '~': 'mod' }
const WORDS: Record<string, string> = { '+': 'added', '-': 'removed', '~': 'changed' }

export function Diff({ text }: { text: string }): ReactNode {
  return (
    <div className="diff">
      {text.split('\n').map((line, i) => {
        const sign = line.trimStart()[0] ?? ''
        const rest = line.trimStart().slice(2)
        const head = !line.startsWith(' ')
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: the lines of one text
          <div key={i} className={`${head ? 'head' : 'line'} ${KINDS[sign] ?? ''}`}>
            <span className="sign" aria-hidden="true">
              {sign}
            </span>
            <span className="hidden">{WORDS[sign]}</span>
            {head ? <strong>{rest.replace(/^\w+ /, '')}</strong> : <Field text={rest} />}
            {head && <em>{rest.split(' ')[0]}</em>}
          </div>
        )
      })}
    </div>
  )
}

/** `/plugins/limit-count: {...}`, or `before -> after`. */
function Field({ text }: { text: string }): ReactNode {
  const colon = text.indexOf(': ')
  if (colon < 0) return <span className="value">{text}</span>
  const [before, after] = text.slice(colon + 2).split(' -> ')
  return (
    <>
      <span className="field">{text.slice(1, colon).replaceAll('/', ' › ')}</span>
      <span className="value">
        {after === undefined ? (
          pretty(before ?? '')
        ) : (
          <>
            <del>{before}</del> <span aria-hidden="true">→</span> <ins>{after}</ins>
          </>
        )}
      </span>
    </>
  )
}

/** An object on lines of its own. */
function pretty(text: string): string {
  if (!/^[[{]./.test(text) || text.length < 48) return text
  try {
    return JSON.stringify(JSON.parse(text), null, 2)
  } catch {
    return text // cut off: shown as it came
  }
}
