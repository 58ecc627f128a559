/** What was thrown, as a message: errors of several connections at once have none. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message || String(error) : String(error)
}

/** The message of what `run` throws; undefined: it does not throw. */
export function thrownBy(run: () => unknown): string | undefined {
  try {
    run()
    return undefined
  } catch (error) {
    return messageOf(error)
  }
}
