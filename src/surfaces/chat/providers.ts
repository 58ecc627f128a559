// Who can answer in the chat, and what a page may know of the choice.

export const PROVIDERS = ['builtin', 'openai', 'anthropic', 'google', 'openai-compatible'] as const

export type Provider = (typeof PROVIDERS)[number]

/** What may be shown of a choice. */
export interface ShownModel {
  provider: Provider
  name: string
  base_url: string
  /** Whether a key is kept for it. */
  key: boolean
  /** `settings`: it can only be changed where the settings are. */
  from: 'settings' | 'console' | 'default'
}

/** What the test of a choice has found. */
export interface Tested {
  ok: boolean
  /** What the model said, or what went wrong. */
  said: string
  ms: number
}
