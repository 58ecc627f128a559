// The credentials of one consumer, on its page.
import type { ReactNode } from 'react'
import type { ResourceRow } from '../../../src/surfaces/console/rows.ts'
import { Table } from '../cards/table.tsx'
import { Problem } from '../parts/problem.tsx'
import { link } from '../route.ts'
import { useLoaded } from '../use-loaded.ts'

export function Credentials({ target, consumer }: { target: string; consumer: string }): ReactNode {
  const query = new URLSearchParams({ target, of: consumer })
  const { value, error } = useLoaded<{ rows: ResourceRow[] }>(`/console/resources/credentials?${query}`)
  return (
    <section aria-label="Credentials">
      <h2 className="with-action">
        Credentials
        <a className="button small end" href={link('gateway', '+', 'credentials', consumer)}>
          Add a credential
        </a>
      </h2>
      <Problem text={error} />
      {value?.rows.length === 0 && (
        <p className="note">
          None beside the plugins above. A consumer may have several, each of which can be taken away.
        </p>
      )}
      {value && value.rows.length > 0 && (
        <div className="card">
          <Table
            heads={['credential', 'plugins']}
            rows={value.rows.map((one) => [
              <a key="id" href={link('gateway', 'credentials', one.id)}>
                {one.id.split('/')[1]}
              </a>,
              one.plugins.join(', '),
            ])}
          />
        </div>
      )}
    </section>
  )
}
