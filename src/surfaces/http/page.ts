// The page at `/`: a chat with the gateway, plain HTML and one script, nothing from outside. Text from the gateway is only ever set as text.

export const PAGE_CSP =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"

export const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Gateward</title>
<link rel="icon" href="/logo.png">
<link rel="stylesheet" href="/page.css">
</head>
<body>
<header><img src="/logo.png" alt="" width="28" height="28"><h1>Gateward</h1><p>Run your API gateway by talking to it.</p></header>
<main id="log" role="log" aria-live="polite"></main>
<form id="say" autocomplete="off">
<label for="text">Say something to the gateway</label>
<input id="text" name="text" placeholder="Show all routes" autofocus>
<button>Send</button>
</form>
<script src="/page.js" type="module"></script>
</body>
</html>
`

export const PAGE_CSS = `:root { color-scheme: light dark; --edge: #8884; --accent: #184c8c; --good: #1a7f37; --bad: #c0392b }
@media (prefers-color-scheme: dark) { :root { --accent: #7fb3ff; --good: #57c278; --bad: #ff8a7a } }
* { box-sizing: border-box }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1rem; display: flex; flex-direction: column; min-height: 100vh }
header { display: flex; gap: .6rem; align-items: center; border-bottom: 1px solid var(--edge); padding-bottom: .6rem }
h1 { font-size: 1.2rem; margin: 0 } header p { margin: 0; opacity: .75 }
main { flex: 1; padding: 1rem 0; display: flex; flex-direction: column; gap: .8rem }
.you { align-self: flex-end; background: var(--accent); color: Canvas; padding: .4rem .8rem; border-radius: .8rem; max-width: 85% }
.card, .text, .you { scroll-margin-bottom: 5.5rem } .card p { margin: 0 0 .5rem }
.card { border: 1px solid var(--edge); border-radius: .6rem; padding: .7rem .9rem; overflow-x: auto }
.text, pre { white-space: pre-wrap; overflow-wrap: anywhere; margin: 0 } pre { font: 14px/1.45 ui-monospace, monospace }
table { border-collapse: collapse; width: 100% } th, td { text-align: left; padding: .25rem .6rem; border-bottom: 1px solid var(--edge); vertical-align: top }
.ok { color: var(--good) } .no { color: var(--bad) } .warn { margin: .4rem 0 }
.buttons { display: flex; gap: .6rem; margin-top: .7rem }
button { font: inherit; padding: .4rem 1rem; border-radius: .5rem; border: 1px solid var(--edge); cursor: pointer } button.main { background: var(--accent); color: Canvas }
form { position: sticky; bottom: 0; display: flex; gap: .6rem; padding: .8rem 0; background: Canvas }
label { position: absolute; left: -100rem } input { flex: 1; font: inherit; padding: .5rem .8rem; border-radius: .5rem; border: 1px solid var(--edge) }
`

export const PAGE_JS = `const log = document.getElementById('log'), form = document.getElementById('say'), field = document.getElementById('text')
const conversation = crypto.randomUUID()
const make = (tag, cls, text) => { const e = document.createElement(tag); if (cls) e.className = cls; if (text !== undefined) e.textContent = text; return e }
const add = (e) => { log.append(e); e.scrollIntoView({ block: 'end' }); return e }
const table = (heads, rows) => { const t = make('table'), h = make('tr'); for (const x of heads) h.append(make('th', '', x)); t.append(h); for (const r of rows) { const tr = make('tr'); for (const x of r) tr.append(x instanceof Node ? x : make('td', '', String(x))); t.append(tr) } return t }
const card = (...parts) => { const c = make('section', 'card'); c.append(...parts); return add(c) }
const proof = (lines) => table(['proof', 'request', 'expected', 'found'], lines.map((l) => [l.title, l.request, l.expected, make('td', l.ok ? 'ok' : 'no', (l.ok ? '\\u2713 ' : '\\u2717 ') + l.found)]))
const show = {
  look: (v) => v.rows ? (v.rows.length ? card(table(['id', v.kind], v.rows.map((r) => [r.id, r.summary]))) : 0) : card(make('pre', '', JSON.stringify(v.value, null, 2))),
  explain: (v) => v.considered.length ? card(table(['route', 'uri', 'result'], v.considered.map((r) => [r.id, r.uri, r.result]))) : 0,
  history: (v) => v.changes.length ? card(table(['change', 'when', 'what'], v.changes.map((r) => [r.id, r.at, r.summary + (r.undone_by ? ' (taken back)' : '')]))) : 0,
  describe_plugins: (v) => card(make('pre', '', JSON.stringify(v.plugins, null, 2))),
  apply: (v) => { const c = card(make('p', 'ok', 'Applied to ' + v.target + (v.served_ms === undefined ? '' : '; serving since ' + v.served_ms.toFixed(1) + ' ms'))); if (v.proof.length) c.append(proof(v.proof)) },
  undo: (v) => show.apply(v), prove: (v) => card(proof(v.proof)),
}
async function decide(request, decision, box) {
  box.remove()
  const r = await fetch('/v1/plans/' + request.planId, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ digest: request.digest, decision }) })
  if (!r.ok) card(make('p', 'no', (await r.json()).error))
}
function ask(request) {
  const c = card(make('pre', '', request.diff)), b = make('div', 'buttons'), yes = make('button', 'main', 'Approve'), no = make('button', '', 'Reject')
  for (const line of request.impact) c.append(make('p', '', line))
  for (const w of request.warnings) c.append(make('p', 'warn', '\\u26a0 ' + w))
  yes.onclick = () => decide(request, 'approve', b); no.onclick = () => decide(request, 'reject', b)
  b.append(yes, no); c.append(b); yes.focus(); b.scrollIntoView({ block: 'end' })
}
async function say(message) {
  add(make('div', 'you', message))
  const r = await fetch('/v1/chat', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ message, conversation }) })
  if (!r.ok) { card(make('p', 'no', (await r.json()).error)); return }
  let rest = '', text
  for await (const part of r.body.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + part).split('\\n'); rest = lines.pop()
    for (const line of lines) {
      const e = JSON.parse(line)
      if (e.type === 'text') { text ??= add(make('p', 'text')); text.textContent += e.text } else text = undefined
      if (e.type === 'ask') ask(e.request)
      if (e.type === 'secrets') for (const s of e.secrets) card(make('p', '', s.label + ' (shown once):'), make('pre', '', s.value))
      if (e.type === 'error') card(make('p', 'no', e.message))
      if (e.type === 'result' && !e.value.error) show[e.name]?.(e.value)
    }
  }
}
form.onsubmit = async (event) => {
  event.preventDefault()
  const message = field.value.trim(); if (!message) return
  field.value = ''; field.disabled = true
  try { await say(message) } catch (error) { card(make('p', 'no', String(error.message))) } finally { field.disabled = false; field.focus() }
}
say('Show all routes')
`
