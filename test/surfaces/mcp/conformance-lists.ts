// Which scenarios of the conformance suite do not apply to us and why, and which need nothing but a server.

export const REVISIONS = ['2025-11-25', '2026-07-28'] as const

const NO_LOGGING =
  'not offered: 2026-07-28 deprecates logging by the protocol; progress tells a client how far a call is'
const NO_SUBSCRIPTION =
  'not offered: resources are configuration, read when they are needed; the operation `traffic` and the console follow what moves'
const NO_TASKS = 'not offered: the extension io.modelcontextprotocol/tasks; a call ends within its request'

/** Each of these fails; one that begins to pass has to leave the list. */
export const NOT_OFFERED: Readonly<Record<string, string>> = {
  'logging-set-level': NO_LOGGING,
  'tools-call-with-logging': NO_LOGGING,
  'resources-subscribe': NO_SUBSCRIPTION,
  'resources-unsubscribe': NO_SUBSCRIPTION,
  'server-sse-polling':
    'not offered: taking up a broken stream again, for which a server keeps events; the client repeats its call',
  'tasks-lifecycle': NO_TASKS,
  'tasks-capability-negotiation': NO_TASKS,
  'tasks-wire-fields': NO_TASKS,
  'tasks-request-state-removal': NO_TASKS,
  'tasks-mrtr-input': NO_TASKS,
  'tasks-request-headers': NO_TASKS,
  'tasks-dispatch-and-envelope': NO_TASKS,
  'tasks-required-task-error': NO_TASKS,
  'tasks-mrtr-composition': NO_TASKS,
}

/** What the suite asks any server, with whatever tools it has. */
export const WITHOUT_FIXTURES: ReadonlySet<string> = new Set([
  'server-initialize',
  'server-stateless',
  'server-session-lifecycle',
  'ping',
  'tools-list',
  'resources-list',
  'prompts-list',
  'sep-2164-resource-not-found',
  'dns-rebinding-protection',
  'caching',
  'http-header-validation',
  'input-required-result-unsupported-methods',
])
