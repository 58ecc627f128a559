// Times as nginx writes them: `2000ms`, `60s`, `5m`.

const MILLISECONDS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** Milliseconds; a number without a unit is seconds. Undefined when it is no such time. */
export function parseDurationMs(written: unknown): number | undefined {
  const found = /^(\d{1,9})(ms|s|m|h|d)?$/.exec(String(written))
  return found ? Number(found[1]) * (MILLISECONDS[found[2] ?? 's'] as number) : undefined
}
