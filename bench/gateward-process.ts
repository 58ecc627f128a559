// What every benchmark says to a Gateward that it starts, and what it asks the system about one.
import { readFileSync } from 'node:fs'

export const BIN = new URL('../bin/gateward.js', import.meta.url).pathname
export const KEY = 'a-key-for-the-benchmark-only-0001'

/** Settings of a Gateward with only its gateway and its Admin API, on these ports. */
export function environment(
  ports: { http: number; https: number; admin: number },
  directory: string,
): NodeJS.ProcessEnv {
  return {
    ...process.env,
    GATEWARD_DATA_DIR: directory,
    GATEWARD_GATEWAY_HTTP: `127.0.0.1:${ports.http}`,
    GATEWARD_GATEWAY_HTTPS: `127.0.0.1:${ports.https}`,
    GATEWARD_ADMIN_LISTEN: `127.0.0.1:${ports.admin}`,
    GATEWARD_ADMIN_KEY: KEY,
    GATEWARD_CONTROL_LISTEN: 'off',
    GATEWARD_STATUS_LISTEN: 'off',
    GATEWARD_METRICS_LISTEN: 'off',
    GATEWARD_SURFACE_LISTEN: 'off',
  }
}

/** Resident memory of a process now. */
export function residentKb(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])
}
