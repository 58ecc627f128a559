// What the built-in interpreter lists as examples of what can be said: each can be taken into the field, to be changed there and said.
import type { ReactNode } from 'react'

const HEAD = 'I understand, for example:\n'

/** The examples in an answer, with what stands before and behind them; undefined for an answer without. */
export function examplesIn(text: string): { before: string; examples: string[]; behind: string } | undefined {
  const at = text.indexOf(HEAD)
  if (at < 0) return undefined
  const lines = text.slice(at + HEAD.length).split('\n')
  const end = lines.findIndex((line) => !line.startsWith('  '))
  const examples = lines.slice(0, end < 0 ? undefined : end).map((line) => line.trim())
  return {
    before: text.slice(0, at + HEAD.length),
    examples,
    behind: end < 0 ? '' : lines.slice(end).join('\n'),
  }
}

export function Examples({ of, onTake }: { of: readonly string[]; onTake(sentence: string): void }): ReactNode {
  return (
    <ul className="examples" aria-label="Examples">
      {of.map((one) => (
        <li key={one}>
          <button type="button" className="example" onClick={() => onTake(one)}>
            {one}
          </button>
        </li>
      ))}
    </ul>
  )
}
