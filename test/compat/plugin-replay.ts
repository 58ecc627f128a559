// Replays recordings of plugins against a whole process with the upstreams that they were recorded with:
//
//   const bench = await startReplay()
//   await bench.replay('cors')     // test/compat/recordings/plugins/cors.jsonl
import assert from 'node:assert/strict'
import { after } from 'node:test'
import { freePort, type Running, start } from '../e2e/process.ts'
import { startEchoUpstream } from './echo-upstream.ts'
import { type Report, runRecording, type Target } from './replay.ts'

/** Of the exchanges that are compared, this share must be equal or deliberately different. */
const LEAST_SHARE = 0.98

export interface ReplayBench {
  running: Running
  /** For `runRecording`. */
  target: Target
  /** Fails when too many exchanges of a plugin's recording differ, and names them. */
  replay(plugin: string): Promise<Report>
}

/** Starts upstreams and a gateward; all end after the tests of the file. */
export async function startReplay(env: NodeJS.ProcessEnv = {}): Promise<ReplayBench> {
  const [upstream, upstream2, upstream3] = (await Promise.all(['u1', 'u2', 'u3'].map(startEchoUpstream))) as [
    string,
    string,
    string,
  ]
  const control = `127.0.0.1:${await freePort()}`
  const status = `127.0.0.1:${await freePort()}`
  const running = await start({ env: { GATEWARD_CONTROL_LISTEN: control, GATEWARD_STATUS_LISTEN: status, ...env } })
  after(() => running.stop())
  const target: Target = {
    addresses: {
      admin: running.env.GATEWARD_ADMIN_LISTEN as string,
      gateway: running.env.GATEWARD_GATEWAY_HTTP as string,
      metrics: running.env.GATEWARD_METRICS_LISTEN as string,
      tls: running.env.GATEWARD_GATEWAY_HTTPS as string,
      control,
      status,
      upstream,
      upstream2,
      upstream3,
      dead: `127.0.0.1:${await freePort()}`,
    },
    adminKey: running.key,
  }
  return {
    running,
    target,
    async replay(plugin) {
      const report = await runRecording(`plugins/${plugin}.jsonl`, target)
      const { equal, deliberate, different } = report
      const share = (equal + deliberate) / (equal + deliberate + different.length)
      assert.ok(share >= LEAST_SHARE, `only ${(share * 100).toFixed(1)} % are equal:\n${different.join('\n')}`)
      return report
    },
  }
}
