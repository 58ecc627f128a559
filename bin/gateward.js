#!/usr/bin/env node
// Starts the command line. Plain JavaScript, so that an older Node can say what it lacks instead of failing on syntax.
import { pathToFileURL } from 'node:url'

const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 24 || (major === 24 && minor < 9)) {
  console.error(
    `gateward: needs Node 24.9 or newer, this is ${process.versions.node}; install a newer one from https://nodejs.org`,
  )
  process.exit(1)
}
const { BUILT, isBuilt, SOURCE } = await import('./built.js')
const { main } = await import(pathToFileURL(isBuilt() ? BUILT : SOURCE).href)
process.exitCode = await main(process.argv.slice(2))
