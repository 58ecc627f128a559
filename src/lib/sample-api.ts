// The sample API of examples/, which everybody can put behind the gateway to try it.
import { ROOT } from './root.ts'

export interface SampleApi {
  port: number
  close(): Promise<void>
}

/** Where the documents say that it is. */
export const USUAL_PORT = 8088

/** Starts it on 127.0.0.1; port 0 takes a free one. */
export async function startConferenceApi(port: number): Promise<SampleApi> {
  const { startConferenceApi: run } = (await import(new URL('examples/conference-api/server.mjs', ROOT).href)) as {
    startConferenceApi(port: number): Promise<SampleApi>
  }
  return run(port)
}

/** Starts it where the documents say, else on a free port. */
export function startDemo(): Promise<SampleApi> {
  return startConferenceApi(USUAL_PORT).catch(() => startConferenceApi(0))
}
