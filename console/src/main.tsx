import { createRoot } from 'react-dom/client'
import { App } from './app.tsx'
import './styles/base.css'
import './styles/chat.css'
import './styles/cards.css'
import './styles/welcome.css'
import './styles/views.css'

createRoot(document.getElementById('root') as HTMLElement).render(<App />)
