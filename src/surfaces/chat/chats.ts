// Conversations that belong to the server, not to a page: a turn goes on when the page is closed or loaded again, and every page that follows a
// conversation sees the same. Pages get everything first, then what is new.
//
// A new key is shown to the pages that follow at that moment and is kept nowhere else; without such a page it stays in the ledger for `gateward reveal`.
import type { ModelMessage } from 'ai'
import type { OperationContext } from '../../operations/contract.ts'
import { OperationError } from '../../operations/contract.ts'
import type { Desk } from '../desk.ts'
import type { Conversation } from './agent.ts'
import type { ChatStore } from './chat-store.ts'
import type { ChatInfo, ChatNews, Entry } from './entries.ts'

export interface ChatsDeps {
  store: ChatStore
  desk: Desk
  newConversation(past: ModelMessage[]): Promise<Conversation>
  context(signal: AbortSignal): OperationContext
}

type Follower = (news: ChatNews) => void

interface Turn {
  stop: AbortController
  /** Text that is still growing; it becomes an entry when something else follows. */
  text: string
  done: Promise<void>
}

const MAX_TITLE_LENGTH = 80
/** Pages that follow conversations at one time. */
const MAX_FOLLOWERS = 200

export class Chats {
  readonly #deps: ChatsDeps
  readonly #turns = new Map<string, Turn>()
  readonly #followers = new Map<string, Set<Follower>>()

  constructor(deps: ChatsDeps) {
    this.#deps = deps
  }

  list(search?: string): ChatInfo[] {
    return this.#deps.store.list(search)
  }

  /** Throws `not_found`. */
  rename(id: string, title: string): void {
    if (!this.#deps.store.rename(id, title.slice(0, MAX_TITLE_LENGTH))) throw unknown(id)
  }

  /** Throws `not_found`. Stops a turn that is running. */
  async remove(id: string): Promise<void> {
    await this.stop(id)
    if (!this.#deps.store.remove(id)) throw unknown(id)
  }

  /** Begins a turn; the conversation is made when it is new. Throws `conflict` while another turn runs. */
  say(id: string, sentence: string): void {
    const { store } = this.#deps
    if (this.#turns.has(id))
      throw new OperationError('conflict', 'the gateway is still at the sentence before; wait for it, or stop it')
    if (!store.has(id)) store.create(id, toTitle(sentence), Date.now())
    const turn: Turn = { stop: new AbortController(), text: '', done: Promise.resolve() }
    this.#turns.set(id, turn)
    this.#add(id, { type: 'you', text: sentence })
    this.#tell(id, { type: 'busy', busy: true })
    turn.done = this.#run(id, sentence, turn)
  }

  /** Stops a running turn and waits for its end. */
  async stop(id: string): Promise<void> {
    const turn = this.#turns.get(id)
    turn?.stop.abort()
    await turn?.done
  }

  /** Stops everything, for the end of the process. */
  async close(): Promise<void> {
    await Promise.all([...this.#turns.keys()].map((id) => this.stop(id)))
    this.#deps.store.close()
  }

  /** Tells what there is and then what is new, until the returned function is called. */
  follow(id: string, follower: Follower): () => void {
    const count = [...this.#followers.values()].reduce((sum, set) => sum + set.size, 0)
    if (count >= MAX_FOLLOWERS)
      throw new OperationError('refused', `${MAX_FOLLOWERS} pages are open already; close some`)
    const turn = this.#turns.get(id)
    const entries = this.#deps.store.entries(id)
    if (turn?.text) entries.push({ type: 'text', text: turn.text })
    follower({ type: 'all', entries, busy: turn !== undefined })
    const set = this.#followers.get(id) ?? new Set()
    this.#followers.set(id, set.add(follower))
    return () => {
      set.delete(follower)
      if (!set.size && this.#followers.get(id) === set) this.#followers.delete(id)
    }
  }

  async #run(id: string, sentence: string, turn: Turn): Promise<void> {
    const { store } = this.#deps
    try {
      const conversation = await this.#deps.newConversation(store.messages(id))
      for await (const event of conversation.say(sentence, this.#contextOf(id, turn))) {
        if (event.type === 'text') this.#append(id, turn, event.text)
        else if (event.type !== 'end') this.#add(id, event)
      }
      store.remember(id, conversation.messages, Date.now())
    } catch (error) {
      this.#add(id, { type: 'error', message: (error as Error).message })
    }
    if (turn.stop.signal.aborted) this.#add(id, { type: 'error', message: 'stopped' })
    this.#add(id, { type: 'end' })
    this.#turns.delete(id)
    this.#tell(id, { type: 'busy', busy: false })
  }

  #contextOf(id: string, turn: Turn): OperationContext {
    const context = this.#deps.context(turn.stop.signal)
    return {
      ...context,
      ask: async (request) => {
        this.#add(id, { type: 'ask', request })
        const person = await this.#deps.desk.wait(request, turn.stop.signal)
        this.#add(id, { type: 'decided', planId: request.planId, approved: person !== undefined })
        return person
      },
      reveal: (secrets) => {
        this.#add(id, { type: 'secrets', labels: secrets.map((one) => one.label) })
        if (this.#followers.get(id)?.size) this.#tell(id, { type: 'secrets', secrets })
        else context.ledger.keepSecrets(secrets, context.now())
      },
    }
  }

  #append(id: string, turn: Turn, text: string): void {
    turn.text += text
    this.#tell(id, { type: 'append', text })
  }

  #add(id: string, entry: Entry): void {
    const turn = this.#turns.get(id)
    if (turn?.text) this.#deps.store.add(id, { type: 'text', text: turn.text })
    if (turn) turn.text = ''
    this.#deps.store.add(id, entry)
    this.#tell(id, { type: 'entry', entry })
  }

  #tell(id: string, news: ChatNews): void {
    for (const follower of this.#followers.get(id) ?? []) follower(news)
  }
}

function toTitle(sentence: string): string {
  const line = sentence.trim().split('\n')[0] as string
  return line.length > MAX_TITLE_LENGTH ? `${line.slice(0, MAX_TITLE_LENGTH - 1)}…` : line
}

function unknown(id: string): OperationError {
  return new OperationError('not_found', `there is no conversation ${JSON.stringify(id.slice(0, 64))}`)
}
