// A whole embedded gateway in this process, and a context to operate it with.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Value from 'typebox/value'
import { startGateward } from '../../src/app.ts'
import { Approvals } from '../../src/operations/approval.ts'
import { Confirmations } from '../../src/operations/confirmations.ts'
import type { OperationContext, Secret } from '../../src/operations/contract.ts'
import { operations } from '../../src/operations/index.ts'
import { Ledger } from '../../src/operations/ledger.ts'
import { createFetch } from '../../src/operations/openapi/fetch.ts'
import { KINDS } from '../../src/resources/kinds.ts'
import { loadSettings } from '../../src/settings/load.ts'
import { toTargets } from '../../src/surfaces/targets.ts'

export interface GatewayForTest {
  ctx: OperationContext
  gateway: string
  /** `host:port` of an API that answers 200 everywhere. */
  api: string
  secrets: Secret[]
  run(name: string, input: object): Promise<Record<string, unknown>>
  /** plan, then apply. */
  change(input: object): Promise<Record<string, unknown>>
  admin(method: string, path: string, body?: object): Promise<{ status: number; body: Record<string, unknown> }>
  /** Deletes everything that is configured. */
  clear(): Promise<void>
  close(): Promise<void>
}

/** `approve`: what the person answers; `more`: flags of the command line. */
export async function gatewayForTest(
  approve: (planId: string) => boolean = () => true,
  more: string[] = [],
): Promise<GatewayForTest> {
  const directory = mkdtempSync(join(tmpdir(), 'gateward-operations-'))
  const off = ['--surface-listen', 'off', '--control-listen', 'off', '--gateway-https', '127.0.0.1:0']
  const argv = [
    '--data-dir',
    directory,
    '--threads',
    '1',
    '--gateway-http',
    '127.0.0.1:0',
    '--admin-listen',
    '127.0.0.1:0',
    '--metrics-listen',
    '127.0.0.1:0',
    '--log-level',
    'silent',
    '--admin-key',
    'test-key',
    ...off,
    ...more,
  ]
  const { settings } = loadSettings({ argv, env: {}, cwd: directory })
  const gateward = await startGateward(settings).catch((error) => {
    rmSync(directory, { recursive: true })
    throw error
  })
  settings.gateway.http = gateward.gateway
  settings.admin.listen = gateward.admin as string
  settings.metrics.listen = gateward.metrics as string
  const upstream = http.createServer((_, response) => response.end('ok'))
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve))
  const secrets: Secret[] = []
  const targets = toTargets(settings, () => 'test-key', {})
  const ledger = new Ledger(':memory:')
  const ctx: OperationContext = {
    targets,
    ledger,
    confirmations: new Confirmations(ledger, targets),
    approvals: new Approvals(),
    fetchDocument: createFetch(['127.0.0.0/8']),
    caller: { surface: 'chat', subject: 'test' },
    ask: async (request) => (approve(request.planId) ? 'person' : undefined),
    reveal: (shown) => void secrets.push(...shown),
    progress: () => {},
    signal: new AbortController().signal,
    now: Date.now,
  }
  const run = async (name: string, input: object): Promise<Record<string, unknown>> => {
    const operation = operations.find((one) => one.name === name)
    assert.ok(operation, name)
    const answer = JSON.parse(JSON.stringify(await operation.run(input as never, ctx))) as Record<string, unknown>
    const wrong = [...Value.Errors(operation.output, answer)].map((one) => `${one.instancePath} ${one.message}`)
    assert.deepEqual(wrong, [], `the answer of ${name} is not what its schema says`)
    return answer
  }
  return {
    ctx,
    gateway: `http://${gateward.gateway[0]}`,
    api: `127.0.0.1:${(upstream.address() as AddressInfo).port}`,
    secrets,
    run,
    change: async (input) => run('apply', { plan_id: (await run('plan', input)).plan_id }),
    admin: (method, path, body) => ctx.targets.get().admin.raw(method, path, body as never),
    clear: () => clear(ctx),
    close: async () => {
      upstream.close()
      upstream.closeAllConnections()
      await gateward.close()
      rmSync(directory, { recursive: true })
    },
  }
}

async function clear(ctx: OperationContext): Promise<void> {
  const { admin } = ctx.targets.get()
  const lists = await Promise.all(KINDS.filter((one) => one !== 'credentials').map((kind) => admin.list(kind)))
  const operations = lists.flat().map(({ kind, id }) => ({ method: 'DELETE', path: `/${kind}/${id}?force=true` }))
  if (operations.length) await admin.raw('POST', '/gateward/transaction', { operations })
}
