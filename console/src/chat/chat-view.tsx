// The chat: what was said and done, suggestions that fit the state, and the field to say more.

import { type ReactNode, useEffect, useMemo, useRef, useState } from 'react'
import type { State } from '../../../src/surfaces/console/state-api.ts'
import { Icon } from '../parts/icons.tsx'
import { Problem } from '../parts/problem.tsx'
import { go } from '../route.ts'
import { useLoaded } from '../use-loaded.ts'
import { ChatList } from './chat-list.tsx'
import { Composer } from './composer.tsx'
import { ItemView } from './item-view.tsx'
import { type Item, toItems } from './items.ts'
import { isFailing, suggestions } from './suggestions.ts'
import { useChat } from './use-chat.ts'
import { Welcome } from './welcome.tsx'

export function ChatView({ id, state }: { id: string | undefined; state: State | undefined }): ReactNode {
  const [fresh, setFresh] = useState(newId)
  const chat = useChat(id ?? fresh)
  const [failure, setFailure] = useState<string>()
  const [listOpen, setListOpen] = useState(false)
  const [draft, setDraft] = useState<{ text: string }>()
  const routes = useLoaded<{ total: number }>(`/console/resources/routes${targetOf(state)}`)
  const items = useMemo(() => toItems(chat.entries, chat.busy), [chat.entries, chat.busy])
  const say = async (sentence: string): Promise<void> => {
    setFailure(undefined)
    try {
      await chat.say(sentence)
      if (!id) go('chat', fresh)
    } catch (error) {
      setFailure((error as Error).message)
    }
  }
  const begin = (): void => {
    setFresh(newId())
    setListOpen(false)
    go('chat')
  }
  useEffect(() => {
    if (!listOpen) return
    const close = (event: KeyboardEvent): void => {
      if (event.key === 'Escape') setListOpen(false)
    }
    addEventListener('keydown', close)
    return () => removeEventListener('keydown', close)
  }, [listOpen])
  useEffect(() => {
    if (!chat.busy) routes.reload()
  }, [chat.busy, routes.reload])
  return (
    <div className="chat">
      <ChatList
        current={id ?? fresh}
        turns={chat.entries.filter((one) => one.type === 'you' || one.type === 'end').length}
        open={listOpen}
        onNew={begin}
        onClose={() => setListOpen(false)}
      />
      <section className="talk" aria-label="Conversation">
        <button
          type="button"
          className="plain list-toggle"
          aria-expanded={listOpen}
          onClick={() => setListOpen(!listOpen)}
        >
          <Icon name="menu" /> Conversations
        </button>
        <Log items={items} secrets={chat.secrets} chatKey={id ?? fresh} onEdit={(text) => setDraft({ text })}>
          {items.length === 0 && <Welcome state={state} routes={routes.value?.total} say={say} />}
        </Log>
        <div className="foot">
          {!chat.connected && (
            <p className="banner" role="alert">
              Gateward does not answer. This page goes on by itself when it is back (npm start).
            </p>
          )}
          <Problem text={failure} />
          {!chat.busy && items.length > 0 && (
            <Suggestions
              sentences={suggestions({
                entries: chat.entries,
                routes: routes.value?.total,
                failing: isFailing(state),
              })}
              say={say}
            />
          )}
          <Composer draft={draft} busy={chat.busy} onSay={say} onStop={chat.stop} />
          <Hint model={state?.model} />
        </div>
      </section>
    </div>
  )
}

function Suggestions({ sentences, say }: { sentences: string[]; say(sentence: string): Promise<void> }): ReactNode {
  return (
    <section className="suggestions" aria-label="Suggestions">
      {sentences.map((one) => (
        <button type="button" key={one} className="chip" onClick={() => void say(one)}>
          {one}
        </button>
      ))}
    </section>
  )
}

function Hint({ model = 'builtin' }: { model: string | undefined }): ReactNode {
  return (
    <p className="hint">
      {model === 'builtin'
        ? 'Built-in interpreter: it understands the common sentences; say “help”.'
        : `Answers come from ${model}.`}{' '}
      Nothing is written without your approval.
    </p>
  )
}

/** Follows what is new as long as the person has not scrolled up. */
function Log({
  items,
  secrets,
  chatKey,
  onEdit,
  children,
}: {
  items: Item[]
  secrets: { label: string; value: string }[]
  chatKey: string
  /** Puts a sentence into the field to say something. */
  onEdit(text: string): void
  children: ReactNode
}): ReactNode {
  const box = useRef<HTMLDivElement>(null)
  const atEnd = useRef(true)
  // biome-ignore lint/correctness/useExhaustiveDependencies: another conversation begins at its end
  useEffect(() => {
    atEnd.current = true
  }, [chatKey])
  // biome-ignore lint/correctness/useExhaustiveDependencies: new items are what makes it scroll
  useEffect(() => {
    if (atEnd.current && box.current) box.current.scrollTop = items.length ? box.current.scrollHeight : 0
  }, [items, secrets])
  return (
    <div
      className="log"
      ref={box}
      role="log"
      aria-label="What was said"
      aria-live="polite"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolled region must be reachable by keyboard
      tabIndex={0}
      onScroll={({ currentTarget: one }) => {
        atEnd.current = one.scrollHeight - one.scrollTop - one.clientHeight < 60
      }}
    >
      <div className="column">
        {children}
        {items.map((item, i) => (
          <ItemView
            // biome-ignore lint/suspicious/noArrayIndexKey: entries are only ever added at the end
            key={i}
            item={item}
            secrets={secrets}
            onEdit={() => onEdit(wordsBefore(items, i))}
            onTake={onEdit}
          />
        ))}
      </div>
    </div>
  )
}

/** What the person had said before the item at `index`. */
function wordsBefore(items: Item[], index: number): string {
  const said = items.slice(0, index).findLast((one) => one.kind === 'you')
  return said?.kind === 'you' ? said.text : ''
}

function newId(): string {
  return crypto.randomUUID()
}

function targetOf(state: State | undefined): string {
  return state?.targets[0] ? `?target=${encodeURIComponent(state.targets[0].name)}` : '?target=embedded'
}
