// What a wish becomes once the routes are known that it is about: a path with all below it, methods beside those that are taken.
import type { Command } from './sentences/command.ts'
import type { Row } from './which-route.ts'

type Planned = Extract<Command, { type: 'plan' }>

/** A route with everything below a path is moved with everything below it. */
export function wholeMoves(command: Planned, ids: readonly string[], rows: readonly Row[]): Planned {
  const uris = ids.flatMap((id) => rows.find((row) => row.id === id)?.summary.split(' ') ?? [])
  const below = uris.some((one) => /^\/.*\*$/.test(one)) && !uris.some((one) => /^\/.*[^*]$/.test(one))
  if (!below) return command
  const whole = (path: unknown): string =>
    /\*$/.test(String(path)) ? String(path) : `${String(path).replace(/\/$/, '')}/*`
  const intents = command.intents.map((one) =>
    one.do === 'move' && one.path !== undefined ? { ...one, path: whole(one.path) } : one,
  )
  return { ...command, intents }
}

const METHOD = /^(?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS|CONNECT|TRACE|PURGE)$/

/** `allow PUT too`: with the methods that the route takes now. A text when there is nothing to add. */
export function withMethods(command: Planned, ids: readonly string[], rows: readonly Row[]): Planned | string {
  const added = command.intents.find((one) => one.do === 'only_methods' && one.also !== undefined)
  if (!added) return command
  const also = added.also as string[]
  const [id, ...more] = ids
  if (more.length) return `Methods are added to one route at a time: ${ids.join(' or ')}?`
  const words = rows.find((row) => row.id === id)?.summary.split(' ') ?? []
  const end = words.findIndex((one) => !METHOD.test(one))
  const now = words.slice(0, end < 0 ? words.length : end)
  if (!now.length)
    return `Route ${id} takes every method. To make it take ${also.join(' and ')} and no other: "Allow only ${also.join(' and ')} on route ${id}".`
  const methods = [...new Set([...now, ...also])]
  return { ...command, intents: command.intents.map((one) => (one === added ? { do: one.do, methods } : one)) }
}
