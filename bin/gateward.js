#!/usr/bin/env node
// Starts the command line. Plain JavaScript, so that an older Node can say what it lacks instead of failing on syntax.
import { existsSync } from 'node:fs'

const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 24 || (major === 24 && minor < 9)) {
  console.error(
    `gateward: needs Node 24.9 or newer, this is ${process.versions.node}; install a newer one from https://nodejs.org`,
  )
  process.exit(1)
}
const source = new URL('../src/cli/main.ts', import.meta.url)
const { main } = await import(existsSync(source) ? source.href : new URL('../dist/cli/main.js', import.meta.url).href)
process.exitCode = await main(process.argv.slice(2))
