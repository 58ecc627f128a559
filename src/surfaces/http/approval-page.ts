// Plain pages beside the console: the one on which a person approves one plan, and those that say how to get in.
import { escapeHtml } from '../../lib/text.ts'
import { trialOf } from '../../operations/apply.ts'
import type { Plan } from '../../operations/plan.ts'

const frame = (title: string, body: string): string =>
  `<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${title}</title>` +
  `<link rel="icon" href="/logo.png"><link rel="stylesheet" href="/page.css"></head><body><header><img src="/logo.png" alt="" width="28" height="28"><h1>${title}</h1></header>${body}</body></html>\n`

/** A plan with its buttons; undefined: there is no such plan (any more). */
export function approvalPage(plan: Plan | undefined): string {
  if (!plan) return frame('Gateward', '<main><p>There is no such plan: it was decided, or has expired.</p></main>')
  const impact = [...plan.impact, ...trialOf(plan)].map((line) => `<p>${escapeHtml(line)}</p>`).join('')
  const warnings = plan.warnings.map((warning) => `<p class="warn">⚠ ${escapeHtml(warning)}</p>`).join('')
  const body =
    `<main><p>On <b>${escapeHtml(plan.target)}</b>: ${escapeHtml(plan.summary)}</p><section class="card"><pre>${escapeHtml(plan.diff)}</pre>${warnings}${impact}` +
    `<div class="buttons" data-plan="${escapeHtml(plan.id)}" data-digest="${escapeHtml(plan.digest)}"><button class="main" data-decision="approve">Approve</button><button data-decision="reject">Reject</button></div></section>` +
    `<p id="result" role="status"></p></main><script src="/approve.js" type="module"></script>`
  return frame('Approve a change', body)
}

/** For a browser without the owner's session. */
export function closedPage(): string {
  return frame(
    'Gateward',
    '<main><p>This page is for the owner of this gateway.</p><p>Open the one-time address that <code>npm start</code> has printed, or run <code>npx gateward open</code> for a new one.</p></main>',
  )
}

/** For a one-time address that opens nothing any more: it may be the very one that the start has printed. */
export function usedPage(): string {
  return frame(
    'Gateward',
    '<main><p>This address was used already, by another browser, or is too old.</p><p>Run <code>npx gateward open</code> in the directory where Gateward runs: it prints a new one.</p></main>',
  )
}

export const APPROVE_JS = `for (const button of document.querySelectorAll('[data-decision]')) button.onclick = async () => {
  const box = button.parentElement
  const answer = await fetch('/v1/plans/' + box.dataset.plan, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ digest: box.dataset.digest, decision: button.dataset.decision }) })
  document.getElementById('result').textContent = answer.ok ? (button.dataset.decision === 'approve' ? 'Approved. Go back to the chat and repeat the request.' : 'Rejected.') : (await answer.json()).error
  box.remove()
}
`

/** For an owner whose checkout has no built console. */
export function notBuiltPage(): string {
  return frame(
    'Gateward',
    '<main><p>The console is not built.</p><p>Run <code>npm run build</code>, then start Gateward again.</p></main>',
  )
}

export const PLAIN_CSS = `:root { color-scheme: light dark; --edge: #8884; --accent: #0b5fb5 }
@media (prefers-color-scheme: dark) { :root { --accent: #7fb3ff } }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 48rem; margin: 0 auto; padding: 1rem }
header { display: flex; gap: .6rem; align-items: center; border-bottom: 1px solid var(--edge); padding-bottom: .6rem }
h1 { font-size: 1.2rem; margin: 0 } .card { border: 1px solid var(--edge); border-radius: .6rem; padding: .7rem .9rem }
pre { font: 14px/1.45 ui-monospace, monospace; white-space: pre-wrap; overflow-wrap: anywhere }
.buttons { display: flex; gap: .6rem } button { font: inherit; padding: .4rem 1rem; border-radius: .5rem; border: 1px solid var(--edge); cursor: pointer }
button.main { background: var(--accent); color: Canvas }
`
