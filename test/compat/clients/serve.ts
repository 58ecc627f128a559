// An Admin API on a port, as clients meet it, and their way of calling it: JSON both ways, the key in a header.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import type { AdminOptions } from '../../../src/admin/admin.ts'
import { toListener } from '../../../src/admin/listen.ts'
import { ADMIN_KEY, createTestAdmin } from '../../admin/admin-for-test.ts'

export type Json = Record<string, unknown>

export interface Answered {
  status: number
  headers: Headers
  /** Undefined: the answer has no body. */
  data: Json
}

export type Call = (method: string, path: string, body?: unknown, headers?: object) => Promise<Answered>

/** Calls below /apisix/admin. */
export async function serve(t: TestContext, options: Partial<AdminOptions> = {}): Promise<Call> {
  const { admin, close } = await createTestAdmin(options)
  const server = createServer(toListener({ ...admin, maxBodyBytes: 1024 * 1024 }))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(async () => {
    server.closeAllConnections()
    server.close()
    await close()
  })
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/apisix/admin`
  return async (method, path, body, headers = {}) => {
    const response = await fetch(base + path, {
      method,
      headers: { 'x-api-key': ADMIN_KEY, 'content-type': 'application/json', ...headers },
      body: body === undefined ? null : JSON.stringify(body),
    })
    const text = await response.text()
    return { status: response.status, headers: response.headers, data: text === '' ? {} : JSON.parse(text) }
  }
}

/** The values of a list, as clients that map over it read them. */
export function values(answer: Answered): Json[] {
  const list = answer.data.list as { value: Json }[]
  return list.map(({ value }) => value)
}
