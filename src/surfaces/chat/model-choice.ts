// Which model answers in the chat: what gateward.yaml, the environment or a flag says, else what the owner has chosen in the console, else the
// built-in interpreter. The choice is kept in `model.json` of the data directory (mode 0600); its key is encrypted there and never given back.
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { generateText, type LanguageModel } from 'ai'
import { openSealer } from '../../lib/sealer.ts'
import { plainText } from '../../lib/text.ts'
import { OperationError } from '../../operations/contract.ts'
import { type ModelSettings, openModel } from './models.ts'
import { PROVIDERS, type ShownModel, type Tested } from './providers.ts'

type Choice = Pick<ModelSettings, 'provider' | 'name' | 'base_url' | 'key'>

const MAX_CHARS = { name: 200, base_url: 500, key: 2000 } as const
const TEST_TIMEOUT_MS = 20_000
const MAX_SAID_CHARS = 300

export class ModelChoice {
  readonly #settings: ModelSettings
  readonly #env: NodeJS.ProcessEnv
  readonly #directory: string
  readonly #file: string

  /** `settings`: the section `model` of the settings. */
  constructor(settings: ModelSettings, env: NodeJS.ProcessEnv, directory: string) {
    this.#settings = settings
    this.#env = env
    this.#directory = directory
    this.#file = join(directory, 'model.json')
  }

  shown(): ShownModel {
    const { provider, name = '', base_url = '', key } = this.#current()
    const from = this.#isSet() ? 'settings' : existsSync(this.#file) ? 'console' : 'default'
    return { provider, name, base_url, key: from === 'settings' ? provider !== 'builtin' : key !== undefined, from }
  }

  /** The model for the next turn. Rejects with what is missing. */
  open(): Promise<LanguageModel> {
    return openModel(this.#current(), this.#env)
  }

  /** Takes over what a page has sent; an absent key stays as it is, an empty one is forgotten. Throws `invalid` or `refused`. */
  choose(wanted: Record<string, unknown>): ShownModel {
    const choice = this.#merge(wanted)
    if (choice.provider === 'builtin') rmSync(this.#file, { force: true })
    else {
      const key = choice.key === undefined ? undefined : this.#sealer().seal(choice.key).toString('base64')
      const fresh = `${this.#file}.new`
      writeFileSync(fresh, `${JSON.stringify({ ...choice, key })}\n`, { mode: 0o600 })
      renameSync(fresh, this.#file)
    }
    return this.shown()
  }

  /** Asks the model for a word, with what a page has sent and nothing of it kept. */
  async test(wanted: Record<string, unknown>): Promise<Tested> {
    const choice = this.#merge(wanted)
    const started = performance.now()
    const done = (ok: boolean, said: string): Tested => ({
      ok,
      said: plainText(withoutKey(said, choice.key), MAX_SAID_CHARS),
      ms: Math.round(performance.now() - started),
    })
    try {
      const { text } = await generateText({
        model: await openModel(choice, {}),
        prompt: 'Say the word ready.',
        maxRetries: 0,
        abortSignal: AbortSignal.timeout(TEST_TIMEOUT_MS),
      })
      return done(true, text.trim() || 'It answers.')
    } catch (error) {
      return done(false, explain(error))
    }
  }

  #isSet(): boolean {
    return this.#settings.provider !== 'builtin'
  }

  #current(): ModelSettings {
    return this.#isSet() ? this.#settings : (this.#kept() ?? { provider: 'builtin' })
  }

  #kept(): Choice | undefined {
    if (!existsSync(this.#file)) return undefined
    const kept = JSON.parse(readFileSync(this.#file, 'utf8')) as Choice
    return kept.key === undefined ? kept : { ...kept, key: this.#sealer().open(Buffer.from(kept.key, 'base64')) }
  }

  #sealer(): ReturnType<typeof openSealer> {
    return openSealer(this.#directory)
  }

  /** The key that is kept belongs to one provider and one address: it goes nowhere else. */
  #merge(wanted: Record<string, unknown>): Choice {
    if (this.#isSet())
      throw new OperationError('refused', 'the model is set in the settings (model.provider): change it there')
    const { provider, name, base_url, key } = toChoice(wanted)
    const kept = this.#kept()
    const same = kept?.provider === provider && kept.base_url === base_url
    const kind: Choice = { provider, ...(name ? { name } : {}), ...(base_url ? { base_url } : {}) }
    const used = key === undefined && same ? kept.key : key
    if (provider !== 'builtin' && provider !== 'openai-compatible' && !used)
      throw new OperationError('invalid', `${provider} needs a key: enter it, it is kept on this machine`)
    return used ? { ...kind, key: used } : kind
  }
}

function toChoice(wanted: Record<string, unknown>): Choice {
  const provider = PROVIDERS.find((one) => one === wanted.provider)
  if (!provider) throw new OperationError('invalid', `provider is one of ${PROVIDERS.join(', ')}`)
  if (provider === 'builtin') return { provider }
  const [name, base, key] = (['name', 'base_url', 'key'] as const).map((field) => textOf(wanted, field))
  const compatible = provider === 'openai-compatible'
  if (compatible && !name) throw new OperationError('invalid', 'an OpenAI-compatible server needs the name of a model')
  if (!compatible && base) throw new OperationError('invalid', `${provider} has its own address: leave base_url out`)
  if (compatible && !['http:', 'https:'].includes(URL.parse(base ?? '')?.protocol ?? ''))
    throw new OperationError('invalid', 'base_url is an http or https address, such as http://127.0.0.1:11434/v1')
  return {
    provider,
    ...(name ? { name } : {}),
    ...(base ? { base_url: base } : {}),
    ...(key === undefined ? {} : { key }),
  }
}

function textOf(wanted: Record<string, unknown>, field: keyof typeof MAX_CHARS): string | undefined {
  const value = wanted[field]
  if (value === undefined) return undefined
  if (typeof value !== 'string' || value.length > MAX_CHARS[field])
    throw new OperationError('invalid', `${field} is a text of at most ${MAX_CHARS[field]} characters`)
  return value.trim()
}

/** Some providers repeat the key, or a part of it, in their errors. */
function withoutKey(text: string, key: string | undefined): string {
  const whole = key ? text.replaceAll(key, '***') : text
  return whole.replace(/\b(?:sk|AIza)[\w*-]{6,}/g, '***')
}

function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error.name === 'TimeoutError') return `no answer within ${TEST_TIMEOUT_MS / 1000} seconds`
  const { statusCode } = error as Error & { statusCode?: number }
  const cause = error.cause instanceof Error ? `: ${error.cause.message}` : ''
  return `${statusCode ? `${statusCode}: ` : ''}${error.message}${cause}`
}
