// The schemas of a target as they were in the last minute. Every plan asks for those of what it writes, and they change only with the target's version
// and its settings.
import type { Resource } from '../resources/kinds.ts'

const KEPT_MS = 60_000
const MAX_SCHEMAS = 500

export class KeptSchemas {
  readonly #schemas = new Map<string, { schema: Resource | undefined; until: number }>()

  /** `read` asks the target; a failure is not kept. */
  async get(name: string, read: () => Promise<Resource | undefined>): Promise<Resource | undefined> {
    const known = this.#schemas.get(name)
    if (known && known.until > performance.now()) return known.schema
    const schema = await read()
    if (this.#schemas.size >= MAX_SCHEMAS) this.#schemas.clear()
    this.#schemas.set(name, { schema, until: performance.now() + KEPT_MS })
    return schema
  }
}
