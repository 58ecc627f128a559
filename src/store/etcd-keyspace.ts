// A prefix of etcd as the store sees it: APISIX's layout (`/apisix/routes/1`), reading everything, following changes, transactions.

import type { Commit, CommitResult, Condition, Entry, Operation } from './contract.ts'
import { type EtcdClient, EtcdError, fromBase64, toBase64 } from './etcd-client.ts'

const PAGE_ENTRIES = 1000

/** A key with its value in etcd's JSON; members with the value zero are left out by etcd. */
interface KeyValue {
  key: string
  value?: string
  create_revision?: string
  mod_revision: string
}

interface Header {
  cluster_id?: string
  revision?: string
}

interface RangeResponse {
  header: Header
  kvs?: KeyValue[]
  more?: boolean
}

interface TxnResponse {
  header: Header
  succeeded?: boolean
  responses?: { response_put?: object; response_delete_range?: { deleted?: string }; response_range?: RangeResponse }[]
}

interface WatchResponse {
  result?: {
    header: Header
    created?: boolean
    canceled?: boolean
    compact_revision?: string
    events?: { type?: string; kv: KeyValue }[]
  }
}

/** Everything below the prefix at one revision. */
export interface Snapshot {
  clusterId: string
  revision: number
  entries: Entry[]
}

/** The commits asked for are gone (compaction), or the cluster is another one: read everything again. */
export class HistoryLost extends Error {}

/** The keys below one prefix. */
export class EtcdKeyspace {
  readonly #client: EtcdClient
  readonly #prefix: string

  /** `prefix` without a slash at its end, such as `/apisix`. */
  constructor(client: EtcdClient, prefix: string) {
    this.#client = client
    this.#prefix = `${prefix}/`
  }

  /** Reads everything, in pages that all show the same revision. */
  async load(): Promise<Snapshot> {
    const entries: Entry[] = []
    let header: Header | undefined
    let from = this.#prefix
    for (;;) {
      const request = {
        key: toBase64(from),
        range_end: this.#end(),
        limit: PAGE_ENTRIES,
        ...(header ? { revision: header.revision } : {}),
      }
      const page = await this.#client.call<RangeResponse>('/v3/kv/range', request, { isRead: true })
      header ??= page.header
      for (const pair of page.kvs ?? []) {
        const entry = this.#toEntry(pair)
        if (entry) entries.push(entry)
      }
      const last = page.kvs?.at(-1)
      if (!page.more || !last) return { clusterId: header.cluster_id ?? '', revision: Number(header.revision), entries }
      from = `${fromBase64(last.key)}\0`
    }
  }

  /**
   * Follows the changes after a revision until the stream ends or the signal aborts it. `onReady` is called when etcd has accepted.
   * Rejects with HistoryLost when the revision is compacted or from another cluster.
   */
  async follow(
    from: { clusterId: string; revision: number },
    handlers: { onReady(): void; onCommit(commit: Commit): void },
    signal: AbortSignal,
  ): Promise<void> {
    const create = { key: toBase64(this.#prefix), range_end: this.#end(), start_revision: from.revision + 1 }
    const stream = await this.#client.watch({ create_request: create }, signal)
    for await (const line of linesOf(stream)) {
      const { result } = JSON.parse(line) as WatchResponse
      if (!result) throw new Error('etcd ended the watch')
      if (result.canceled) throw new HistoryLost(`revision ${from.revision} is compacted`)
      if (result.created) {
        const isOther = result.header.cluster_id !== from.clusterId || Number(result.header.revision) < from.revision
        if (isOther) throw new HistoryLost('the cluster is another one than before')
        handlers.onReady()
      }
      for (const commit of this.#toCommits(result.events ?? [])) handlers.onCommit(commit)
    }
  }

  /** A transaction. `revision` 0 in the answer: it changed nothing. */
  async commit(operations: Operation[], conditions: Condition[]): Promise<CommitResult> {
    const leases = await this.#grantLeases(operations)
    const request = {
      compare: conditions.map(({ key, modifiedIndex }) => ({
        key: this.#key(key),
        target: 'MOD',
        result: 'EQUAL',
        mod_revision: String(modifiedIndex),
      })),
      success: operations.map((operation) => this.#toRequest(operation, leases)),
      failure: conditions.map(({ key }) => ({ request_range: { key: this.#key(key), keys_only: true } })),
    }
    const answer = await this.#client.call<TxnResponse>('/v3/kv/txn', request, { isRead: false })
    if (!answer.succeeded) return toConflict(answer, conditions)
    const isChange = answer.responses?.some(
      (response) => response.response_put || response.response_delete_range?.deleted,
    )
    return { ok: true, revision: isChange ? Number(answer.header.revision) : 0 }
  }

  async #grantLeases(operations: Operation[]): Promise<Map<number, string>> {
    const leases = new Map<number, string>()
    for (const operation of operations) {
      if (operation.type === 'delete' || operation.ttlSeconds === undefined || leases.has(operation.ttlSeconds))
        continue
      const request = { TTL: String(operation.ttlSeconds) }
      // A lease that stays without a key ends by itself, so it may be asked for twice.
      const { ID } = await this.#client.call<{ ID: string }>('/v3/lease/grant', request, { isRead: true })
      leases.set(operation.ttlSeconds, ID)
    }
    return leases
  }

  #toRequest(operation: Operation, leases: Map<number, string>): object {
    const key = this.#key(operation.key)
    if (operation.type === 'delete') return { request_delete_range: { key } }
    const lease = operation.ttlSeconds === undefined ? undefined : leases.get(operation.ttlSeconds)
    return { request_put: { key, value: toBase64(operation.text), ...(lease ? { lease } : {}) } }
  }

  /** One response may carry several revisions, in order; a revision is never split over responses. */
  #toCommits(events: { type?: string; kv: KeyValue }[]): Commit[] {
    const byRevision = Map.groupBy(events, (event) => Number(event.kv.mod_revision))
    return [...byRevision].map(([revision, group]) => ({
      revision,
      changes: group.flatMap(({ type, kv }) => {
        const key = this.#toStoreKey(kv)
        if (key === undefined) return []
        return { key, entry: type === 'DELETE' ? undefined : this.#toEntry(kv) }
      }),
    }))
  }

  #toEntry(pair: KeyValue): Entry | undefined {
    const key = this.#toStoreKey(pair)
    if (key === undefined) return undefined
    const text = fromBase64(pair.value)
    return { key, text, createdIndex: Number(pair.create_revision), modifiedIndex: Number(pair.mod_revision) }
  }

  /** Undefined for the directory marks that APISIX writes (`/apisix/routes/`). */
  #toStoreKey(pair: KeyValue): string | undefined {
    const key = fromBase64(pair.key).slice(this.#prefix.length)
    return key === '' || key.endsWith('/') ? undefined : key
  }

  #key(key: string): string {
    return toBase64(this.#prefix + key)
  }

  /** The first key after all that begin with the prefix: `/` + 1 is `0`. */
  #end(): string {
    return toBase64(`${this.#prefix.slice(0, -1)}0`)
  }
}

function toConflict(answer: TxnResponse, conditions: Condition[]): CommitResult {
  for (const [index, conflict] of conditions.entries()) {
    const found = Number(answer.responses?.[index]?.response_range?.kvs?.[0]?.mod_revision ?? 0)
    if (found !== conflict.modifiedIndex) return { ok: false, conflict, found }
  }
  throw new EtcdError(2, 'a transaction failed although all its conditions hold')
}

/** Lines of a stream as they end; an error of the stream is thrown here. */
async function* linesOf(stream: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let pieces: Buffer[] = []
  for await (const chunk of stream) {
    let start = 0
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      pieces.push(chunk.subarray(start, end))
      yield Buffer.concat(pieces).toString('utf8')
      pieces = []
      start = end + 1
    }
    if (start < chunk.length) pieces.push(chunk.subarray(start))
  }
}
