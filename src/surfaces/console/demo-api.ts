// `POST /console/demo`: starts the sample API in this process, once, so that a newcomer has something to put behind the gateway.
import { Hono } from 'hono'
import { type SampleApi, startDemo } from '../../lib/sample-api.ts'

/** The sample API of one process. */
export class Demo {
  #api: Promise<SampleApi> | undefined

  /** Where it listens. */
  async address(): Promise<string> {
    this.#api ??= startDemo()
    return `http://127.0.0.1:${(await this.#api).port}`
  }

  async close(): Promise<void> {
    await (await this.#api)?.close()
  }
}

export function demoApi(demo: Demo): Hono {
  return new Hono().post('/console/demo', async (c) => c.json({ address: await demo.address() }))
}
