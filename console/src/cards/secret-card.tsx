// A new key, shown once to the person: it lives in this page's memory only, never in the conversation.
import { type ReactNode, useState } from 'react'
import { Icon } from '../parts/icons.tsx'

interface Props {
  labels: string[]
  secrets: { label: string; value: string }[]
}

export function SecretCard({ labels, secrets }: Props): ReactNode {
  return (
    <section className="card secret" aria-label="New keys">
      {labels.map((label) => {
        const secret = secrets.findLast((one) => one.label === label)
        return secret ? (
          <Shown key={label} {...secret} />
        ) : (
          <p key={label} className="note">
            <Icon name="key" size={16} /> {label}: was shown once, or waits in <code>npx gateward reveal</code>.
          </p>
        )
      })}
    </section>
  )
}

function Shown({ label, value }: { label: string; value: string }): ReactNode {
  const [copied, setCopied] = useState(false)
  const copy = (): void => {
    void navigator.clipboard?.writeText(value).then(() => setCopied(true))
  }
  return (
    <div className="shown">
      <p>
        <Icon name="key" size={16} /> {label}
      </p>
      <div className="value">
        <code>{value}</code>
        <button type="button" onClick={copy} aria-label={`Copy: ${label}`}>
          <Icon name={copied ? 'check' : 'copy'} size={15} /> {copied ? 'Copied' : 'Copy'}
        </button>
      </div>
      <p className="note">Shown only now, and to nobody else. Keep it before you leave this page.</p>
    </div>
  )
}
