// Watches the shape of the source: sizes, import direction, left-over markers, and that nothing in it belongs to a workplace.
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { test } from 'node:test'

const root = new URL('..', import.meta.url).pathname
const files = globSync('{src,test,scripts,bench}/**/*.ts', { cwd: root })
const read = (file: string): string => readFileSync(join(root, file), 'utf8')

/** Files that may be longer than 400 lines, with their length: they may only shrink. */
const LONG: Record<string, number> = {}
const MAX_LINES = 400

test('files stay small', () => {
  const long = files
    .filter((file) => file.startsWith('src/'))
    .map((file) => [file, read(file).split('\n').length] as const)
  assert.deepEqual(
    long.filter(([file, lines]) => lines > (LONG[file] ?? MAX_LINES)),
    [],
  )
})

/** From a directory of src to those it must not import. */
const FORBIDDEN: Record<string, string[]> = {
  lib: ['resources', 'store', 'admin', 'gateway', 'plugins', 'operations', 'surfaces', 'cli', 'settings'],
  resources: ['store', 'admin', 'gateway', 'plugins', 'operations', 'surfaces', 'cli'],
  store: ['admin', 'gateway', 'plugins', 'operations', 'surfaces', 'cli'],
  admin: ['plugins', 'operations', 'surfaces', 'cli'],
  gateway: ['store', 'admin', 'operations', 'surfaces', 'cli'],
  plugins: ['store', 'admin', 'operations', 'surfaces', 'cli', 'settings'],
  operations: ['store', 'admin', 'plugins', 'surfaces', 'cli'],
  surfaces: ['store', 'admin', 'plugins', 'cli'],
}

test('imports go one way', () => {
  const wrong: string[] = []
  for (const file of files.filter((one) => one.startsWith('src/'))) {
    const from = file.split('/')[1] as string
    // A type of the root (Kind, Resource) may be named anywhere; what counts is the direction of the parts.
    for (const [, path] of read(file).matchAll(/(?:from|import\() ?'(\.[^']+)'/g)) {
      const to = normalize(join(dirname(file), path as string)).split('/')[1] as string
      if (FORBIDDEN[from]?.includes(to)) wrong.push(`${file} imports ${path}`)
    }
  }
  assert.deepEqual(wrong, [])
})

test('operations import of the gateway only its router and variables, which are pure', () => {
  const wrong = files
    .filter((file) => file.startsWith('src/operations/'))
    .flatMap((file) => [...read(file).matchAll(/from '[./]+gateway\/([^']+)'/g)].map((match) => `${file}: ${match[1]}`))
    .filter((one) => !/: (router\/|variables\.ts|plugin\.ts)/.test(one))
  assert.deepEqual(wrong, [])
})

test('no left-over markers, no switched-off checks, no foreign paths', () => {
  const marker = new RegExp(
    [
      'TO' + 'DO',
      'FIX' + 'ME',
      'X' + 'XX',
      '@ts-' + 'ignore',
      '@ts-' + 'expect-error',
      'as ' + 'any[);,]',
      ': ' + 'any[;,)=]',
      '/wo' + 'rk/',
    ].join('|'),
  )
  const all = [
    ...files,
    ...globSync('{*.md,docs/**/*.md,examples/**/*}', { cwd: root }).filter((file) => /\.\w+$/.test(file)),
  ]
  assert.deepEqual(
    all.filter((file) => marker.test(read(file))),
    [],
  )
})

test('every source file that is not trivial opens with what it is', () => {
  const silent = files.filter(
    (file) => file.startsWith('src/') && read(file).split('\n').length > 25 && !/^(?:\/\/|\/\*\*)/.test(read(file)),
  )
  assert.deepEqual(silent, [])
})
