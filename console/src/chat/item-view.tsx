// One thing of a conversation: a sentence, an answer in markdown, a card.
import type { ReactNode } from 'react'
import Markdown from 'react-markdown'
import remarkGfm from 'remark-gfm'
import { PlanCard } from '../cards/plan-card.tsx'
import { ResultCard } from '../cards/result-card.tsx'
import { SecretCard } from '../cards/secret-card.tsx'
import { Icon } from '../parts/icons.tsx'
import { Examples, examplesIn } from './examples.tsx'
import type { Item } from './items.ts'

const WORKING: Record<string, string> = {
  look: 'looking',
  plan: 'working out the change',
  apply: 'applying and proving it',
  undo: 'working out the way back',
  prove: 'sending requests',
  traffic: 'reading the counters',
}

interface Props {
  item: Item
  secrets: { label: string; value: string }[]
  /** Brings the person's words back, to change them. */
  onEdit(): void
  /** Puts a sentence into the field. */
  onTake(sentence: string): void
}

export function ItemView({ item, secrets, onEdit, onTake }: Props): ReactNode {
  switch (item.kind) {
    case 'you':
      return <div className="you">{item.text}</div>
    case 'text':
      return <Answer text={item.text} onTake={onTake} />
    case 'error':
      return (
        <div className="card bad" role="alert">
          <Icon name="warn" /> {item.text}
        </div>
      )
    case 'working':
      return (
        <p className="working">
          <span className="spinner" aria-hidden="true" /> {WORKING[item.name] ?? 'thinking'}…
        </p>
      )
    case 'plan':
      return <PlanCard {...item} onEdit={onEdit} onDecided={backToField} />
    case 'secrets':
      return <SecretCard labels={item.labels} secrets={secrets} />
    case 'result':
      return <ResultCard name={item.name} value={item.value} />
  }
}

/** The buttons have gone: who works by keyboard says the next thing. A phone would open its keyboard over the answer. */
function backToField(): void {
  if (matchMedia('(hover: hover)').matches) document.getElementById('say')?.focus()
}

/** A link's words may promise something else than where it goes. */
function hostOf(href: string | undefined, words: ReactNode): string {
  const host = href !== undefined && URL.canParse(href) ? new URL(href).host : ''
  return host === '' || String(words).includes(host) ? '' : ` (${host})`
}

function Answer({ text, onTake }: { text: string; onTake(sentence: string): void }): ReactNode {
  const found = examplesIn(text)
  if (!found) return <Prose text={text} />
  return (
    <>
      <Prose text={found.before} />
      <Examples of={found.examples} onTake={onTake} />
      <Prose text={found.behind} />
    </>
  )
}

/** Markdown without images and raw HTML: a model's words cannot make this page fetch anything. */
function Prose({ text }: { text: string }): ReactNode {
  return (
    <div className="answer">
      <Markdown
        remarkPlugins={[remarkGfm]}
        disallowedElements={['img']}
        skipHtml
        components={{
          a: ({ href, children }) => (
            <>
              <a href={href} target="_blank" rel="noopener noreferrer">
                {children}
              </a>
              {hostOf(href, children)}
            </>
          ),
        }}
      >
        {text}
      </Markdown>
    </div>
  )
}
