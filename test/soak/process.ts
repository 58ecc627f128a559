// What the operating system knows of a process: memory and open files.
import { readdirSync, readFileSync } from 'node:fs'

export interface ProcessState {
  /** Resident memory in MB. */
  rssMb: number
  /** Open file descriptors, connections among them. */
  handles: number
}

export function processState(pid: number): ProcessState {
  const rss = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
  return { rssMb: Math.round(Number(rss?.[1]) / 1024), handles: readdirSync(`/proc/${pid}/fd`).length }
}

/** The middle of some figures. */
export function median(figures: readonly number[]): number {
  return [...figures].sort((a, b) => a - b)[figures.length >> 1] ?? 0
}
