// One widget of MCP Apps: what a tool has answered, as the console's card. Which card stands in the page (`data-widget`); the host gives the
// answer, the theme and the way back to the server.
import { App } from '@modelcontextprotocol/ext-apps'
import { createRoot } from 'react-dom/client'
import { Widget } from './widget.tsx'
import '../styles/base.css'
import '../styles/cards.css'
import '../styles/views.css'
import './widget.css'

const app = new App({ name: 'gateward', version: '1.0.0' }, {})
const kind = document.documentElement.dataset.widget ?? ''

function follow(theme: string | undefined): void {
  if (theme !== undefined) document.documentElement.dataset.theme = theme
}

app.addEventListener('hostcontextchanged', ({ theme }) => follow(theme))
// Drawn before the host is asked: the answer may come with the first message.
createRoot(document.getElementById('root') as HTMLElement).render(<Widget app={app} kind={kind} />)
await app.connect()
follow(app.getHostContext()?.theme)
