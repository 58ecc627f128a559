// Keeps a part of the page that cannot be loaded or drawn from taking the whole page away: parts come from the server when they are first opened,
// and it may have stopped, or have been replaced by a newer one whose parts are called otherwise.
import { Component, type ReactNode } from 'react'

interface Props {
  children: ReactNode
}

export class Boundary extends Component<Props, { failed: boolean }> {
  override state = { failed: false }

  static getDerivedStateFromError(): { failed: boolean } {
    return { failed: true }
  }

  override render(): ReactNode {
    if (!this.state.failed) return this.props.children
    return (
      <section className="empty" role="alert">
        <h2>This part of the console could not be shown</h2>
        <p>Gateward may have stopped (npm start), or a newer one may run now: then this page must be loaded again.</p>
        <div className="buttons">
          <button type="button" className="main" onClick={() => location.reload()}>
            Load the page again
          </button>
        </div>
      </section>
    )
  }
}
