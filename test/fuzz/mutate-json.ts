// Damages JSON: first as a value (a member replaced, removed, renamed, wrapped), then as text (cut off, a name twice, bytes that are no text).
import fc, { type Arbitrary } from 'fast-check'

/** Values that have broken programs before. */
const ODD: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -1,
  1.5,
  1e21,
  1e308,
  -1e308,
  2 ** 53,
  4294967296,
  '',
  ' ',
  'a',
  '0',
  '-1',
  'x'.repeat(5000),
  '\0',
  '\ud800',
  '\u202e',
  '__proto__',
  'constructor',
  'toString',
  '../..',
  '/',
  '//',
  '*',
  ':a',
  '(',
  '(a+)+$',
  '[',
  '\\',
  '$',
  '$env://HOME',
  '$secret://vault/1/a',
  'http://',
  '10.0.0.0/99',
  '::',
  '[::1]:99999',
  '127.0.0.1:0',
  'a\r\nb: c',
  [],
  {},
  [[]],
  [null],
  [{}],
  { a: null },
  { constructor: 1 },
  { toString: 1 },
  { hasOwnProperty: null },
  { length: 5 },
  Array(50).fill(0),
  nested(30),
]

function nested(levels: number): unknown {
  let value: unknown = 1
  for (let i = 0; i < levels; i++) value = i % 2 ? [value] : { a: value }
  return value
}

interface Step {
  where: number
  how: 'replace' | 'remove' | 'rename' | 'wrap' | 'copy'
  odd: unknown
}

const steps: Arbitrary<Step[]> = fc.array(
  fc.record({
    where: fc.nat(1000),
    how: fc.constantFrom('replace', 'replace', 'remove', 'rename', 'wrap', 'copy'),
    odd: fc.constantFrom(...ODD),
  }),
  { maxLength: 3 },
)

/** `values` as they are, or with up to three members damaged. */
export function damaged(values: Arbitrary<unknown>): Arbitrary<unknown> {
  return fc.oneof(
    values,
    fc.tuple(values, steps).map(([value, todo]) => todo.reduce(damage, value)),
  )
}

type Holder = Record<string, unknown>

function damage(value: unknown, { where, how, odd }: Step): unknown {
  const copy = structuredClone(value)
  const places = placesIn(copy)
  const place = places[where % Math.max(1, places.length)]
  if (!place) return odd
  const [holder, name] = place
  const here = holder[name]
  if (how === 'remove') delete holder[name]
  else if (how === 'wrap') holder[name] = [here]
  else if (how === 'copy') holder[`${name}2`] = here
  else if (how === 'rename') {
    delete holder[name]
    holder[typeof odd === 'string' ? odd : JSON.stringify(odd)] = here
  } else holder[name] = odd
  return copy
}

function placesIn(value: unknown): [holder: Holder, name: string][] {
  if (value === null || typeof value !== 'object') return []
  return Object.keys(value).flatMap((name) => [
    [value as Holder, name] as [Holder, string],
    ...placesIn((value as Holder)[name]),
  ])
}

const TEXT_DAMAGE: Arbitrary<(text: string) => Buffer> = fc.constantFrom(
  ...Array<(text: string) => Buffer>(30).fill((text) => Buffer.from(text)),
  (text: string) => Buffer.from(text.slice(0, -1)),
  (text: string) => Buffer.from(`${text}}`),
  (text: string) => Buffer.from(`\ufeff${text}`),
  (text: string) => Buffer.from(text.replace('{', '{"uri":1,"uri":2,')),
  (text: string) => Buffer.from(text.replace('{', '{"__proto__":{"admin":true},')),
  (text: string) => Buffer.from(text.replace('{', '{"a":1e999,')),
  (text: string) => Buffer.from(text.replace('{', `{"a":${'9'.repeat(400)},`)),
  (text: string) => Buffer.from(text.replace('{', `{"a":${'['.repeat(2000)}${']'.repeat(2000)},`)),
  (text: string) => Buffer.from(text.replaceAll('"', "'")),
  (text: string) =>
    Buffer.concat([Buffer.from(text.slice(0, 5)), Buffer.from([0xc3, 0x28, 0xff]), Buffer.from(text.slice(5))]),
  (text: string) => Buffer.from(text, 'utf16le'),
)

/** Bodies: damaged values as text that is damaged once in two times; and bytes without any structure. */
export function bodies(values: Arbitrary<unknown>): Arbitrary<Buffer> {
  const structured = fc.tuple(damaged(values), TEXT_DAMAGE).map(([value, spoil]) => spoil(JSON.stringify(value) ?? ''))
  const blind = fc.oneof(
    fc.json().map((text) => Buffer.from(text)),
    fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
    fc
      .constantFrom('', '{}', '[]', 'null', '""', '0', 'nul', '{', '{"a":', '[1,]', '{"a":1,}')
      .map((text) => Buffer.from(text)),
  )
  return fc.oneof({ weight: 8, arbitrary: structured }, { weight: 1, arbitrary: blind })
}
