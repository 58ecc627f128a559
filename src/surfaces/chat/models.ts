// The model behind the chat: the built-in interpreter, or a real one by setting. Providers are loaded only when they are used.
import { readFileSync } from 'node:fs'
import type { LanguageModel } from 'ai'
import { createInterpreter } from './interpreter.ts'
import type { Provider } from './providers.ts'

export interface ModelSettings {
  provider: Provider
  name?: string
  /** For openai-compatible servers such as Ollama: `http://127.0.0.1:11434/v1`. */
  base_url?: string
  /** Name of the environment variable that holds the key. */
  key_env?: string
  /** File that holds the key. */
  key_file?: string
  /** The key itself, as the console has kept it. */
  key?: string
}

const DEFAULTS = {
  openai: { model: 'gpt-5', keyEnv: 'OPENAI_API_KEY' },
  anthropic: { model: 'claude-sonnet-4-5', keyEnv: 'ANTHROPIC_API_KEY' },
  google: { model: 'gemini-2.5-pro', keyEnv: 'GOOGLE_GENERATIVE_AI_API_KEY' },
}

/** Throws an Error that says which setting is missing. */
export async function openModel(settings: ModelSettings, env: NodeJS.ProcessEnv): Promise<LanguageModel> {
  const { provider } = settings
  if (provider === 'builtin') return createInterpreter()
  if (provider === 'openai-compatible') {
    if (!settings.base_url || !settings.name)
      throw new Error('model: an openai-compatible server needs model.base_url and model.name')
    const { createOpenAICompatible } = await import('@ai-sdk/openai-compatible')
    const named = settings.key ?? settings.key_env ?? settings.key_file
    const apiKey = named === undefined ? undefined : keyFrom(settings, '', env)
    return createOpenAICompatible({ name: 'openai-compatible', baseURL: settings.base_url, apiKey })(settings.name)
  }
  const { model, keyEnv } = DEFAULTS[provider]
  const options = { apiKey: keyFrom(settings, keyEnv, env), baseURL: settings.base_url }
  const name = settings.name ?? model
  if (provider === 'openai') return (await import('@ai-sdk/openai')).createOpenAI(options)(name)
  if (provider === 'anthropic') return (await import('@ai-sdk/anthropic')).createAnthropic(options)(name)
  return (await import('@ai-sdk/google')).createGoogleGenerativeAI(options)(name)
}

function keyFrom(settings: ModelSettings, usual: string, env: NodeJS.ProcessEnv): string {
  if (settings.key !== undefined) return settings.key
  if (settings.key_file) return readFileSync(settings.key_file, 'utf8').trim()
  const name = settings.key_env ?? usual
  const key = env[name]
  if (!key) throw new Error(`model: the environment variable ${name} holds no key; set it, or model.key_file`)
  return key
}
