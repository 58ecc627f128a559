#!/usr/bin/env node
// Starts the command line. Plain JavaScript, so that an older Node can go on with the one that `npm ci` brought, or say what it lacks instead of
// failing on syntax.
import { existsSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'

const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 24 || (major === 24 && minor < 9)) await goOnWithBundledNode()
else {
  const { BUILT, isBuilt, SOURCE } = await import('./built.js')
  const { main } = await import(pathToFileURL(isBuilt() ? BUILT : SOURCE).href)
  process.exitCode = await main(process.argv.slice(2))
}

async function goOnWithBundledNode() {
  const bundled = fileURLToPath(new URL('../node_modules/node/bin/node', import.meta.url))
  if (!existsSync(bundled)) {
    console.error(
      `gateward: needs Node 24.9 or newer, this is ${process.versions.node}; install a newer one from https://nodejs.org`,
    )
    process.exitCode = 1
    return
  }
  const { spawn } = await import('node:child_process')
  const child = spawn(bundled, process.argv.slice(1), { stdio: 'inherit' })
  // Ctrl-C reaches the child by the terminal; what is sent to this process alone is passed on.
  process.on('SIGINT', () => {})
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  process.exitCode = await new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve(code ?? (signal === 'SIGKILL' ? 137 : 143)))
  })
}
