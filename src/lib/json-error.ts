// Says why a text is not JSON in the words of the parser that APISIX uses: what was expected, which token was found, at which character.
// Only called for texts that JSON.parse has refused. A string may hold control characters here (json-controls.ts).

const TOKEN =
  /[\t\n\r ]*(?:(?<T_OBJ_BEGIN>\{)|(?<T_OBJ_END>\})|(?<T_ARR_BEGIN>\[)|(?<T_ARR_END>\])|(?<T_COLON>:)|(?<T_COMMA>,)|(?<T_STRING>"(?:[^"\\\0]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*")|(?<T_NUMBER>-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)|(?<T_BOOLEAN>true|false)|(?<T_NULL>null)|(?<T_END>$))/uy

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
    TOKEN.lastIndex = position
    const match = TOKEN.exec(text)
    const kind = match ? Object.entries(match.groups ?? {}).find(([, found]) => found !== undefined)?.[0] : undefined
    const next: Expected | 'done' | undefined = kind === undefined ? undefined : step(expected, kind, open)
    if (next === undefined) return complain(expected, kind, text, position)
    if (next === 'done') return 'Expected value but found invalid token at character 1'
    expected = next
    position = TOKEN.lastIndex
  }
}

function complain(expected: Expected, kind: string | undefined, text: string, position: number): string {
  const at = position + (/^[\t\n\r ]*/.exec(text.slice(position))?.[0].length ?? 0) + 1
  return `Expected ${WORDS[expected]} but found ${kind ?? 'invalid token'} at character ${at}`
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
