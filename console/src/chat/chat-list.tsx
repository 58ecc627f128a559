// The conversations that are kept: search, go on with one, rename, remove.

import { type ReactNode, useEffect, useState } from 'react'
import type { ChatInfo } from '../../../src/surfaces/chat/entries.ts'
import { call } from '../api.ts'
import { Icon } from '../parts/icons.tsx'
import { Search } from '../parts/search.tsx'
import { link } from '../route.ts'
import { useLoaded } from '../use-loaded.ts'

interface Props {
  current: string
  /** Turns that have begun or ended: with each the list may have changed. */
  turns: number
  /** On a small screen the list lies over the conversation. */
  open: boolean
  onNew(): void
  onClose(): void
}

export function ChatList({ current, turns, open, onNew, onClose }: Props): ReactNode {
  const [search, setSearch] = useState('')
  const [renaming, setRenaming] = useState<string>()
  const { value, reload } = useLoaded<{ chats: ChatInfo[] }>(`/chats?search=${encodeURIComponent(search)}`)
  // biome-ignore lint/correctness/useExhaustiveDependencies: a turn that begins or ends changes the list
  useEffect(reload, [turns, current, reload])
  const rename = async (id: string, title: string): Promise<void> => {
    setRenaming(undefined)
    if (title.trim()) await call('PATCH', `/chats/${id}`, { title })
    reload()
  }
  const remove = async (id: string): Promise<void> => {
    await call('DELETE', `/chats/${id}`)
    if (id === current) onNew()
    reload()
  }
  return (
    <aside className={`chats${open ? ' open' : ''}`} aria-label="Conversations">
      <button type="button" className="new" onClick={onNew}>
        <Icon name="plus" /> New conversation
      </button>
      <Search label="Search conversations" placeholder="Search" value={search} onChange={setSearch} />
      <ul>
        {value?.chats.map((one) => (
          <li key={one.id} className={one.id === current ? 'current' : ''}>
            {renaming === one.id ? (
              <Rename title={one.title} onDone={(title) => void rename(one.id, title)} />
            ) : (
              <>
                <a href={link('chat', one.id)} aria-current={one.id === current ? 'true' : undefined} onClick={onClose}>
                  <span>{one.title}</span>
                  <time dateTime={new Date(one.updated).toISOString()}>{when(one.updated)}</time>
                </a>
                <span className="actions">
                  <button
                    type="button"
                    className="plain"
                    aria-label={`Rename ${one.title}`}
                    onClick={() => setRenaming(one.id)}
                  >
                    <Icon name="edit" size={15} />
                  </button>
                  <button
                    type="button"
                    className="plain"
                    aria-label={`Remove ${one.title}`}
                    onClick={() => void remove(one.id)}
                  >
                    <Icon name="bin" size={15} />
                  </button>
                </span>
              </>
            )}
          </li>
        ))}
      </ul>
      {value?.chats.length === 0 && <p className="quiet">{search ? 'Nothing found.' : 'What you say is kept here.'}</p>}
    </aside>
  )
}

function Rename({ title, onDone }: { title: string; onDone(title: string): void }): ReactNode {
  const [text, setText] = useState(title)
  return (
    <input
      aria-label="New title"
      // biome-ignore lint/a11y/noAutofocus: the person has just asked to type here
      autoFocus
      value={text}
      maxLength={80}
      onChange={(event) => setText(event.target.value)}
      onKeyDown={(event) => {
        if (event.key === 'Enter') onDone(text)
        if (event.key === 'Escape') onDone('')
      }}
      onBlur={() => onDone(text)}
    />
  )
}

function when(at: number): string {
  const date = new Date(at)
  const today = new Date().toDateString() === date.toDateString()
  return today
    ? date.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' })
    : date.toLocaleDateString([], { day: 'numeric', month: 'short' })
}
