// Says why a text is not JSON in the words of the parser that APISIX uses: what was expected, which token was found, at which character.
// Only called for texts that JSON.parse has refused. A string may hold control characters here (json-controls.ts).

const BLANKS = /[\t\n\r ]*/y
/** Tokens of more than one character; of the others the character says which. */
const LONG_TOKENS: [kind: string, pattern: RegExp][] = [
  ['T_STRING', /"(?:[^"\\\0]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/uy],
  ['T_NUMBER', /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y],
  ['T_BOOLEAN', /true|false/y],
  ['T_NULL', /null/y],
]
const SHORT_TOKENS: Record<string, string> = {
  '{': 'T_OBJ_BEGIN',
  '}': 'T_OBJ_END',
  '[': 'T_ARR_BEGIN',
  ']': 'T_ARR_END',
  ':': 'T_COLON',
  ',': 'T_COMMA',
}

type Expected = 'value' | 'key' | 'first key' | 'first value' | 'colon' | 'object comma' | 'array comma' | 'end'

const WORDS: Record<Expected, string> = {
  value: 'value',
  'first value': 'value',
  key: 'object key string',
  'first key': 'object key string',
  colon: 'colon',
  'object comma': 'comma or object end',
  'array comma': 'comma or array end',
  end: 'the end',
}

/** Such as `Expected value but found T_END at character 9`. */
export function explainJson(text: string): string {
  const open: ('object' | 'array')[] = []
  let expected: Expected = 'value'
  for (let position = 0; ; ) {
    const start = endOf(BLANKS, text, position)
    const { kind, end } = tokenAt(text, start)
    const next: Expected | 'done' | undefined = kind === undefined ? undefined : step(expected, kind, open)
    if (next === undefined)
      return `Expected ${WORDS[expected]} but found ${kind ?? 'invalid token'} at character ${start + 1}`
    if (next === 'done') return 'Expected value but found invalid token at character 1'
    expected = next
    position = end
  }
}

/** `kind` undefined: none that JSON has. */
function tokenAt(text: string, start: number): { kind: string | undefined; end: number } {
  if (start === text.length) return { kind: 'T_END', end: start }
  const short = SHORT_TOKENS[text[start] as string]
  if (short !== undefined) return { kind: short, end: start + 1 }
  for (const [kind, pattern] of LONG_TOKENS) {
    const end = endOf(pattern, text, start)
    if (end > start) return { kind, end }
  }
  return { kind: undefined, end: start }
}

/** Where what begins at `start` ends; `start` itself when nothing does. */
function endOf(pattern: RegExp, text: string, start: number): number {
  pattern.lastIndex = start
  return pattern.test(text) ? pattern.lastIndex : start
}

function step(expected: Expected, kind: string, open: ('object' | 'array')[]): Expected | 'done' | undefined {
  const afterValue = (): Expected =>
    open.length === 0 ? 'end' : open.at(-1) === 'object' ? 'object comma' : 'array comma'
  switch (expected) {
    case 'first value':
      if (kind === 'T_ARR_END') return close(open, afterValue)
      return begin(kind, open, afterValue)
    case 'value':
      return begin(kind, open, afterValue)
    case 'first key':
      if (kind === 'T_OBJ_END') return close(open, afterValue)
      return kind === 'T_STRING' ? 'colon' : undefined
    case 'key':
      return kind === 'T_STRING' ? 'colon' : undefined
    case 'colon':
      return kind === 'T_COLON' ? 'value' : undefined
    case 'object comma':
      if (kind === 'T_OBJ_END') return close(open, afterValue)
      return kind === 'T_COMMA' ? 'key' : undefined
    case 'array comma':
      if (kind === 'T_ARR_END') return close(open, afterValue)
      return kind === 'T_COMMA' ? 'value' : undefined
    case 'end':
      return kind === 'T_END' ? 'done' : undefined
  }
}

function close(open: string[], afterValue: () => Expected): Expected {
  open.pop()
  return afterValue()
}

function begin(kind: string, open: ('object' | 'array')[], afterValue: () => Expected): Expected | undefined {
  if (kind === 'T_OBJ_BEGIN') {
    open.push('object')
    return 'first key'
  }
  if (kind === 'T_ARR_BEGIN') {
    open.push('array')
    return 'first value'
  }
  return /^T_(STRING|NUMBER|BOOLEAN|NULL)$/.test(kind) ? afterValue() : undefined
}
