import type { App } from '@modelcontextprotocol/ext-apps'
import { type ReactNode, useEffect, useState } from 'react'
import type { Planned } from '../api.ts'
import { type Explained, ExplainedCard } from '../cards/explained-card.tsx'
import { ResultCard } from '../cards/result-card.tsx'
import { Problem } from '../parts/problem.tsx'
import { PlanWidget } from './plan-widget.tsx'
import { type Counted, TrafficWidget } from './traffic-widget.tsx'

export interface Answer {
  value: Record<string, unknown> | undefined
  /** What the model was told, when there is no structured answer. */
  text: string
  failed: boolean
  meta: Record<string, unknown>
}

/** Waits for the answer of the tool and shows it. A mounted widget says nothing about what has been done. */
export function Widget({ app, kind }: { app: App; kind: string }): ReactNode {
  const [answer, setAnswer] = useState<Answer>()
  const [given, setGiven] = useState(false)
  useEffect(() => {
    app.addEventListener('toolresult', (result) => {
      const [first] = result.content ?? []
      setAnswer({
        value: result.structuredContent as Answer['value'],
        text: first?.type === 'text' ? first.text : '',
        failed: result.isError === true,
        meta: result._meta ?? {},
      })
    })
    app.addEventListener('toolcancelled', () => setGiven(true))
  }, [app])
  if (!answer) return <p className="quiet">{given ? 'It was cancelled.' : 'Waiting for the gateway…'}</p>
  const { value } = answer
  if (answer.failed || !value) return <Problem text={answer.text || 'there is no answer to show'} />
  if (kind === 'plan') return <PlanWidget app={app} plan={value as unknown as Planned} meta={answer.meta} />
  if (kind === 'traffic') return <TrafficWidget counted={value as unknown as Counted} />
  if (kind === 'explain') return <ExplainedCard found={value as unknown as Explained} linked={false} />
  return <ResultCard name="look" value={value} linked={false} />
}
