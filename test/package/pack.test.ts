// The published package: packed, installed elsewhere, run.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { build } from '../../scripts/build.ts'

const root = new URL('../..', import.meta.url).pathname

test('the tarball runs where it is installed', async () => {
  // npm would build all anew before it packs, under the feet of the tests that run the program meanwhile.
  assert.ok(await build())
  assert.equal(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).scripts.prepack, 'npm run build')
  const directory = mkdtempSync(join(tmpdir(), 'gateward-pack-'))
  const env = { ...process.env, npm_config_loglevel: 'error' }
  const run = (command: string, args: string[], cwd: string) => spawnSync(command, args, { cwd, env, encoding: 'utf8' })
  const packed = run('npm', ['pack', '--ignore-scripts', '--pack-destination', directory], root)
  assert.equal(packed.status, 0, packed.stderr)
  const tarball = readdirSync(directory).find((file) => file.endsWith('.tgz')) as string
  // Unpacked where npm would put it; its dependencies are those of this checkout, so that the test needs no network.
  const modules = join(directory, 'node_modules')
  mkdirSync(modules)
  assert.equal(run('tar', ['-xzf', tarball], directory).status, 0)
  cpSync(join(directory, 'package'), join(modules, 'gateward'), { recursive: true })
  symlinkSync(join(root, 'node_modules'), join(modules, 'gateward', 'node_modules'))
  const bin = join(modules, 'gateward', 'bin', 'gateward.js')
  assert.equal(run(process.execPath, [bin, 'version'], directory).stdout.trim(), '0.1.0')
  const demo = run(process.execPath, [bin, 'demo'], directory)
  assert.equal(demo.status, 0, demo.stdout + demo.stderr)
  assert.match(demo.stdout, /The gateway did what was said/)
  rmSync(directory, { recursive: true })
})
