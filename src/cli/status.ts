// `gateward status`: how the Gateward that runs on this data directory is at this moment, and what it operates: what answers, what fails, what waits
// for a person. `--json` for scripts. Exit codes: 0 all is well; 1 something is not; 5 nothing answers.
import { statfsSync } from 'node:fs'
import { userInfo } from 'node:os'
import { counted } from '../lib/counted.ts'
import { plainLinesOf } from '../lib/text.ts'
import type { ApprovalRequest } from '../operations/contract.ts'
import type { TrafficRow } from '../operations/traffic/report.ts'
import { loadSettings } from '../settings/load.ts'
import type { Settings } from '../settings/schema.ts'
import type { TargetSeen } from '../surfaces/console/targets-api.ts'
import { takeArguments } from './arguments.ts'
import { callOwner, remoteOperator } from './call.ts'
import { JSON_FLAG } from './flags.ts'
import { openTerminal, type Terminal } from './terminal.ts'
import { wrap } from './width.ts'

const NOT_WELL = 1
const LITTLE_ROOM_MB = 64

interface Finding {
  id: string
  severity: string
  problem: string
}

interface TargetStatus extends TargetSeen {
  /** Serious findings only. */
  findings: Finding[]
  /** Of the last minutes; absent when its metrics cannot be read. */
  traffic?: { seconds: number } & Pick<TrafficRow, 'requests' | 'per_second' | 'client_errors' | 'server_errors'>
}

interface Status {
  version: string
  /** Why the store cannot be written now. */
  trouble?: string
  targets: TargetStatus[]
  /** Why what happens cannot be kept for long. */
  room?: string
  /** Plans that wait for a person. */
  plans: { plan_id: string; target: string; summary: string }[]
}

export async function status(argv: string[]): Promise<number> {
  const { flags, rest } = takeArguments(argv, JSON_FLAG)
  const { settings } = loadSettings({
    argv: rest,
    env: process.env,
    cwd: process.cwd(),
    flags: Object.keys(JSON_FLAG),
  })
  const found = await read(settings)
  const terminal = openTerminal({ input: process.stdin, output: process.stdout })
  console.log(flags.json ? JSON.stringify(found, undefined, 2) : render(plainLinesOf(found), terminal))
  terminal.close()
  return isWell(found) ? 0 : NOT_WELL
}

async function read(settings: Settings): Promise<Status> {
  const get = (path: string): Promise<unknown> => callOwner(settings, 'GET', path)
  const state = (await get('/v1/console/state')) as Pick<Status, 'version' | 'trouble'>
  const [{ targets }, { plans }] = (await Promise.all([get('/v1/console/targets'), get('/v1/plans')])) as [
    { targets: TargetSeen[] },
    { plans: ApprovalRequest[] },
  ]
  const room = roomIn(settings.data_dir)
  return {
    version: state.version,
    ...(room === undefined ? {} : { room }),
    ...(state.trouble === undefined ? {} : { trouble: state.trouble }),
    targets: await Promise.all(targets.map((one) => look(one, settings))),
    plans: plans.map(({ planId, target, summary }) => ({ plan_id: planId, target, summary })),
  }
}

function roomIn(directory: string): string | undefined {
  const { bavail, bsize } = statfsSync(directory)
  const megabytes = Math.floor((bavail * bsize) / 1024 / 1024)
  if (megabytes >= LITTLE_ROOM_MB) return undefined
  return `${megabytes} MB are left on the disk of ${directory}: without room nothing can be changed, and history and traffic are not kept; make room there`
}

async function look(seen: TargetSeen, settings: Settings): Promise<TargetStatus> {
  if (seen.trouble !== undefined) return { ...seen, findings: [] }
  const there = remoteOperator(settings, 'cli')
  const call = {
    subject: userInfo().username,
    ask: undefined,
    progress: () => {},
    signal: new AbortController().signal,
  }
  const { findings } = (await there.run('lint', { target: seen.name }, call)) as { findings: Finding[] }
  const serious = findings.filter((one) => one.severity === 'high')
  // A target without metrics is a target all the same.
  const traffic = await there.run('traffic', { target: seen.name }, call).catch(() => undefined)
  const { requests, per_second, client_errors, server_errors } = (traffic?.all ?? {}) as TrafficRow
  return {
    ...seen,
    findings: serious.map(({ id, severity, problem }) => ({ id, severity, problem })),
    ...(traffic
      ? { traffic: { seconds: Number(traffic.seconds), requests, per_second, client_errors, server_errors } }
      : {}),
  }
}

function isWell({ trouble, room, targets }: Status): boolean {
  return (
    trouble === undefined &&
    room === undefined &&
    targets.every((one) => one.trouble === undefined && !one.findings.length)
  )
}

function render(found: Status, terminal: Terminal): string {
  const bad = (text: string): string => terminal.paint('red', text)
  const lines = [
    `Gateward ${found.version} runs; ${isWell(found) ? terminal.paint('green', 'all is well') : bad('not all is well')}`,
    ...(found.trouble === undefined
      ? []
      : [bad(`  store away: the last configuration is served, writes are refused: ${found.trouble}`)]),
    ...(found.room === undefined ? [] : [bad(`  ${found.room}`)]),
    ...found.targets.flatMap((one) => targetLines(one, bad)),
    ...found.plans.map((one) => `  a plan waits (${one.summary}, on ${one.target}): gateward approve ${one.plan_id}`),
  ]
  return lines.flatMap((line) => wrap(line, terminal.columns)).join('\n')
}

function targetLines(
  { name, gateway, routes, trouble, warning, findings, traffic }: TargetStatus,
  bad: (text: string) => string,
): string[] {
  if (trouble !== undefined) return [bad(`  ${name}: ${trouble}`)]
  const requests = traffic?.requests
    ? `${traffic.requests} requests in the last ${traffic.seconds} s, ${traffic.client_errors ?? 0} with 4xx, ${traffic.server_errors ?? 0} with 5xx`
    : traffic
      ? 'no counted request in the last minutes'
      : 'requests not counted: no metrics'
  return [
    `  ${name} serves ${gateway}: ${counted(routes, 'route')}, ${requests}`,
    ...(warning === undefined ? [] : [bad(`  ${warning}`)]),
    ...findings.map((one) => bad(`    ${one.id}: ${one.problem}`)),
  ]
}
