// No expression holds a thread, and the ways by which that is reached find what V8's own engine finds.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { boundedRegex } from '../../src/lib/bounded-regex.ts'

/** Expressions that V8 would try for hours, by what bounds them. */
const SLOW: [what: string, source: string, flags: string, text: string][] = [
  ['the second engine', '(a+)+$', '', `${'a'.repeat(5000)}b`],
  ['the second engine', '(a|a)*b', 'g', 'a'.repeat(5000)],
  ['the second engine', 'a*a*a*a*a*a*b', 'm', 'a'.repeat(5000)],
  ['the second engine', '(?<=x)(\\w+\\s?)+$', 's', `x${'a'.repeat(5000)}!`],
  ['both cases written out', '([a-c]+)+$', 'i', `${'aB'.repeat(2500)}!`],
  ['both cases written out', '(?<word>[^0-9]+)+$', 'i', `${'aB'.repeat(2500)}1`],
]

/** The time that this thread works from here on: what others take of the processor is not ours. */
function stopwatch(): () => number {
  const before = process.threadCpuUsage()
  return () => process.threadCpuUsage(before).user / 1000
}

for (const [what, source, flags, text] of SLOW) {
  test(`/${source}/${flags} is bounded by ${what}`, () => {
    const regex = boundedRegex(source, flags)
    const workedMs = stopwatch()
    assert.equal(regex.test(text), false)
    assert.ok(workedMs() < 2000)
  })
}

test('what only the first engine can do ends with its time', () => {
  for (const [source, flags] of [
    ['(?=a)(a+)+$', ''],
    ['(x)?(a+)+\\1$', ''],
    ['(?:a{1,30}){1,30}$', ''],
    ['(é|[a-z]+)+$', 'i'],
    ['(a+)+$', 'u'],
  ] as const) {
    const regex = boundedRegex(source, flags)
    const workedMs = stopwatch()
    assert.throws(() => regex.test(`${'a'.repeat(100)}!`), /needs more than 100 ms for 101 characters/, source)
    assert.ok(workedMs() < 1000)
    assert.equal(regex.exec('aaa')?.[0], 'aaa', 'and works where it is quick')
    assert.equal('b aa'.replace(boundedRegex(source, `${flags}g`), '-'), 'b -')
  }
})

test('what cannot be slow is V8’s own', () => {
  for (const [source, flags] of [
    ['root.exe', ''],
    ['bot|spider', 'i'],
    ['^/admin(?!/public)', ''],
    ['[*+]é?', 'i'],
  ] as const)
    assert.equal(Object.getPrototypeOf(boundedRegex(source, flags)), RegExp.prototype, source)
})

test('an expression that is none is refused', () => {
  assert.throws(() => boundedRegex('(a'), SyntaxError)
  assert.throws(() => boundedRegex('a', 'x'), SyntaxError)
})

test('both cases written out match as ignoring case does', () => {
  const sources = [
    'abc+',
    '[a-f]+x*',
    '[^a-f]+x*',
    '[a-Z-]*',
    '[-z]+',
    '[^-z]+y*',
    '[A-z]+0*',
    'a\\.B+',
    '\\bfoo\\w+',
    '[\\]a]+b*',
    '(?<Name>ab)+c*',
    '(?:x|Y)+z*',
    '(?<=A)b+',
    '[]a]*',
    '[^]+Q*',
    '\\d+[e-g]*',
    '[x\\d]+',
    'a{2,3}b+',
    '[+*a]+[*]b*',
  ].filter((source) => {
    try {
      return new RegExp(source) !== undefined
    } catch {
      return false
    }
  })
  const letters = 'aAbBcCfFgGxXyYzZeE019-_].^[q Q`é'
  let seed = 7
  const random = (below: number): number => {
    seed = (seed * 1103515245 + 12345) % 2147483648
    return seed % below
  }
  for (const source of sources) {
    const bounded = boundedRegex(source, 'i')
    assert.equal(bounded.flags, '', `${source} was not written out`)
    const plain = new RegExp(source, 'i')
    for (let i = 0; i < 400; i++) {
      const text = Array.from({ length: random(9) }, () => letters[random(letters.length)]).join('')
      assert.deepEqual(bounded.exec(text)?.slice(), plain.exec(text)?.slice(), `${source} in ${JSON.stringify(text)}`)
    }
  }
})
