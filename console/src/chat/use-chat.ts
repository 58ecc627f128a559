// One conversation as the server has it. The server sends everything first and again after a lost connection, so a page that is loaded in the
// middle of a turn, or a second one, shows the same. Secrets stay in this page's memory.
import { useCallback, useEffect, useState } from 'react'
import type { Secret } from '../../../src/operations/contract.ts'
import type { ChatNews, Entry } from '../../../src/surfaces/chat/entries.ts'
import { call } from '../api.ts'

export interface ChatState {
  entries: Entry[]
  busy: boolean
  /** False while the server does not answer. */
  connected: boolean
  secrets: Secret[]
}

export interface Chat extends ChatState {
  /** Rejects with an ApiError. */
  say(sentence: string): Promise<void>
  stop(): void
}

const EMPTY: ChatState = { entries: [], busy: false, connected: true, secrets: [] }

export function useChat(id: string): Chat {
  const [state, setState] = useState<ChatState>(EMPTY)
  useEffect(() => {
    setState(EMPTY)
    const source = new EventSource(`/v1/chats/${encodeURIComponent(id)}/events`)
    source.onmessage = ({ data }) => setState((before) => next(before, JSON.parse(data) as ChatNews))
    source.onopen = () => setState((before) => ({ ...before, connected: true }))
    source.onerror = () => setState((before) => ({ ...before, connected: false }))
    return () => source.close()
  }, [id])
  const say = useCallback(
    async (message: string) => void (await call('POST', `/chats/${encodeURIComponent(id)}/say`, { message })),
    [id],
  )
  const stop = useCallback(() => void call('POST', `/chats/${encodeURIComponent(id)}/stop`).catch(() => {}), [id])
  return { ...state, say, stop }
}

function next(state: ChatState, news: ChatNews): ChatState {
  switch (news.type) {
    case 'all':
      return { ...state, entries: news.entries, busy: news.busy }
    case 'busy':
      return { ...state, busy: news.busy }
    case 'secrets':
      return { ...state, secrets: [...state.secrets, ...news.secrets] }
    case 'entry':
      return { ...state, entries: [...state.entries, news.entry] }
    case 'append':
      return { ...state, entries: grown(state.entries, news.text) }
  }
}

function grown(entries: Entry[], text: string): Entry[] {
  const last = entries.at(-1)
  if (last?.type !== 'text') return [...entries, { type: 'text', text }]
  return [...entries.slice(0, -1), { type: 'text', text: last.text + text }]
}
