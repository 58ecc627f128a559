import type { ReactNode } from 'react'

interface ChoiceProps<T extends string | number> {
  label: string
  options: readonly (readonly [T, string])[]
  value: T
  onChange(value: T): void
}

/** One of a few, all of which are seen. */
export function Choice<T extends string | number>({ label, options, value, onChange }: ChoiceProps<T>): ReactNode {
  return (
    <fieldset className="choice">
      <legend className="hidden">{label}</legend>
      {options.map(([one, name]) => (
        <button type="button" className="option" key={one} aria-pressed={one === value} onClick={() => onChange(one)}>
          {name}
        </button>
      ))}
    </fieldset>
  )
}
