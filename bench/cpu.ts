// CPU time of a process and all that it has started, from Linux' /proc: steadier than throughput on a machine that others share.
import { readdirSync, readFileSync } from 'node:fs'

/** Ticks of /proc/PID/stat are hundredths of a second on Linux. */
const TICK_US = 10_000

/** Microseconds of user and system time used so far by `pid` and its descendants. A process that has ended counts no more. */
export function cpuMicroseconds(pid: number): number {
  const parents = new Map<number, { parent: number; ticks: number }>()
  for (const entry of readdirSync('/proc')) {
    const one = /^\d+$/.test(entry) ? readStat(Number(entry)) : undefined
    if (one) parents.set(Number(entry), one)
  }
  let ticks = 0
  for (const [id, { ticks: own }] of parents) if (descends(id, pid, parents)) ticks += own
  return ticks * TICK_US
}

function descends(id: number, ancestor: number, parents: Map<number, { parent: number }>): boolean {
  for (let at: number | undefined = id; at; at = parents.get(at)?.parent) if (at === ancestor) return true
  return false
}

/** undefined: the process has ended in between. */
function readStat(pid: number): { parent: number; ticks: number } | undefined {
  let text: string
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'utf8')
  } catch {
    return undefined
  }
  // The name in parentheses may hold spaces; fields are counted behind it: 4 is the parent, 14 and 15 the times.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return { parent: Number(fields[1]), ticks: Number(fields[11]) + Number(fields[12]) }
}
