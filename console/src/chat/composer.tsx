// The field to say something: Enter sends, Shift+Enter makes a line, Up brings the last sentence back.
import { type KeyboardEvent, type ReactNode, useEffect, useRef, useState } from 'react'
import { Icon } from '../parts/icons.tsx'

interface Props {
  /** A sentence to begin with; another object puts it there again. */
  draft: { text: string } | undefined
  busy: boolean
  onSay(sentence: string): Promise<void>
  onStop(): void
}

export function Composer({ draft, busy, onSay, onStop }: Props): ReactNode {
  const [text, setText] = useState('')
  const last = useRef('')
  const field = useRef<HTMLTextAreaElement>(null)
  // biome-ignore lint/correctness/useExhaustiveDependencies: the field grows with its text
  useEffect(() => {
    const one = field.current
    if (!one) return
    one.style.height = 'auto'
    one.style.height = `${Math.min(one.scrollHeight, 200)}px`
  }, [text])
  useEffect(() => {
    if (!draft) return
    setText(draft.text)
    field.current?.focus()
  }, [draft])
  const send = (): void => {
    const sentence = text.trim()
    if (!sentence || busy) return
    last.current = sentence
    setText('')
    void onSay(sentence)
  }
  const key = (event: KeyboardEvent): void => {
    if (event.key === 'Enter' && !event.shiftKey && !event.nativeEvent.isComposing) {
      event.preventDefault()
      send()
    } else if (event.key === 'ArrowUp' && text === '') {
      setText(last.current)
    }
  }
  return (
    <form
      className="composer"
      onSubmit={(event) => {
        event.preventDefault()
        send()
      }}
    >
      <label className="hidden" htmlFor="say">
        Say something to the gateway
      </label>
      <textarea
        id="say"
        ref={field}
        rows={1}
        value={text}
        placeholder="Ask, or say what to change"
        maxLength={8000}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={key}
      />
      {busy ? (
        <button type="button" className="round" onClick={onStop} aria-label="Stop">
          <Icon name="stop" />
        </button>
      ) : (
        <button type="submit" className="round main" disabled={!text.trim()} aria-label="Send">
          <Icon name="send" />
        </button>
      )}
    </form>
  )
}
