// Expressions over variables (`vars`) as rows of variable, operator and value that all must hold. What rows cannot hold (AND, OR, values that are no
// texts, numbers or lists of them) stays JSON. Pure, so that the form only draws.

export interface Condition {
  variable: string
  /** With `not ` before it where the expression negates it. */
  operator: string
  value: string | number | (string | number)[]
}

/** What each one means, for those who do not know the signs. */
export const OPERATORS: Record<string, string> = {
  '==': 'is',
  '~=': 'is not',
  in: 'is one of',
  'not in': 'is none of',
  '~~': 'matches',
  'not ~~': 'does not match',
  '~*': 'matches, whatever the case',
  '>': 'is more than',
  '>=': 'is at least',
  '<': 'is less than',
  '<=': 'is at most',
  has: 'has among its values',
  ipmatch: 'is an address of',
  'not ipmatch': 'is no address of',
}

const NUMERIC = new Set(['>', '>=', '<', '<='])
const LISTS = new Set(['in', 'not in', 'ipmatch', 'not ipmatch'])

/** Fields that hold expressions. */
export function isExpression(path: readonly string[]): boolean {
  return path.at(-1) === 'vars' || (path.at(-1) === 'filter' && path.at(-2) === '_meta')
}

/** The rows of an expression; undefined when rows cannot hold it. */
export function conditionsOf(value: unknown): Condition[] | undefined {
  if (!Array.isArray(value)) return undefined
  const rows = value.map(conditionOf)
  return rows.every((one) => one !== undefined) ? rows : undefined
}

function conditionOf(one: unknown): Condition | undefined {
  if (!Array.isArray(one) || typeof one[0] !== 'string') return undefined
  const [variable, first, ...rest] = one as [string, ...unknown[]]
  const [operator, value, more] =
    first === '!' ? [`not ${rest[0]}`, rest[1], rest.length > 2] : [String(first), rest[0], rest.length > 1]
  if (more || !Object.hasOwn(OPERATORS, operator) || LISTS.has(operator) !== Array.isArray(value)) return undefined
  const plain = [value].flat().every((part) => typeof part === 'string' || typeof part === 'number')
  return plain ? { variable, operator, value: value as Condition['value'] } : undefined
}

/** As the configuration has it; a row without a variable is not part of it yet. */
export function toExpression(rows: readonly Condition[]): unknown[] {
  return rows
    .filter((one) => one.variable !== '')
    .map(({ variable, operator, value }) =>
      operator.startsWith('not ') ? [variable, '!', operator.slice(4), value] : [variable, operator, value],
    )
}

/** What was typed as the operator's value: a list between commas, a number where numbers are compared, else text as requests have it. */
export function valueFrom(text: string, operator: string): Condition['value'] {
  if (LISTS.has(operator))
    return text
      .split(',')
      .map((one) => one.trim())
      .filter(Boolean)
  return NUMERIC.has(operator) && text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : text
}

export function textOf({ value }: Pick<Condition, 'value'>): string {
  return [value].flat().join(', ')
}
