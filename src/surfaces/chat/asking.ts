// What the interpreter asks back when a wish is clear but for one thing, and how the answer makes the sentence whole.

interface Question {
  ask: string
  /** What an answer looks like. */
  how: string
  /** Sentences that lack it; one that has it would have been understood. */
  lacks: RegExp
  has?: RegExp
  answer: RegExp
  /** The word between the sentence and the answer. */
  joint: string
}

const ADDRESS =
  /^(?:it(?:'s| is| runs)? )?(?:(?:to|at|on) )?((?:(?:https?|grpcs?):\/\/|(?=[\w.-]+:\d{2,5}))[^\s,;]+?)[.!]?$/i

export const WHERE = 'Where does this API run?'

const QUESTIONS: readonly Question[] = [
  {
    ask: 'In what time?',
    how: 'Say for example "a minute".',
    lacks: /^(?:limit|cap|throttle)\b.*\bto (?:at most )?\d+(?: (?:requests?|calls?))?$/i,
    has: /\b(?:body|bodies|concurrent)\b/i,
    answer: /^(?:in |per |an? |one |each |every |\/)*(second|minute|hour|day)[.!]?$/i,
    joint: 'per',
  },
  {
    ask: WHERE,
    how: 'Say its address, such as http://127.0.0.1:8080.',
    lacks: /^(?:publish|expose|proxy|create|add|make|set up|new|open)\b.*(?:\broute\b|\bapi\b|\s\/)/i,
    has: /:\/\/|:\d{2,5}\b|\b(?:private|public|open|secure|safe|faster|consumer|chat|mcp|openapi|plugin|limit|key|header|cors)\b/i,
    answer: ADDRESS,
    joint: 'at',
  },
  {
    ask: 'How many requests, and in what time?',
    how: 'Say for example "100 requests a minute".',
    lacks: /\b(?:rate[ -]?limit\w*|limit|throttle|quota)\b/i,
    has: /\d|\b(?:remove|drop|body|size)\b/i,
    answer:
      /^(?:to |at most |max(?:imum)? )?(\d[\d,.]*k? ?(?:requests?|calls?)? ?(?:per|an?|each|every|\/) ?\w+)[.!]?$/i,
    joint: 'to',
  },
  {
    ask: 'Where should the log entries go?',
    how: 'Say the address that takes them, such as http://127.0.0.1:9000/logs.',
    lacks: /\blog(?:s|ging)?\b/i,
    has: /:\/\/|\b(?:remove|stop|disable|show|login)\b/i,
    answer: ADDRESS,
    joint: 'to',
  },
  {
    ask: 'How long may it take?',
    how: 'Say for example "5 seconds".',
    lacks: /\btime ?outs?\b/i,
    has: /\d/,
    answer: /^(?:to |at most )?(\d+(?:\.\d+)? ?(?:ms|s|secs?|seconds?|m|mins?|minutes?))[.!]?$/i,
    joint: 'to',
  },
  {
    ask: 'How big may a body be?',
    how: 'Say for example "2 MB".',
    lacks: /\b(?:body|upload|payload) (?:size|limit)\b/i,
    has: /\d/,
    answer: /^(?:to |at most )?(\d+(?:\.\d+)? ?(?:bytes?|kb|mb|gb))[.!]?$/i,
    joint: 'to',
  },
]

/** What to ask about a sentence that was not understood as it is. */
export function questionAbout(sentence: string): string | undefined {
  if (/^(?:how|should|can|what|why|is|are|do|does|which|would)\b|\?$/i.test(sentence)) return undefined
  const one = QUESTIONS.find(({ lacks, has }) => lacks.test(sentence) && !has?.test(sentence))
  return one && `${one.ask} ${one.how}`
}

/** The sentence before, made whole by the answer to what was asked about it. */
export function answered(before: string, asked: string, said: string): string | undefined {
  const question = QUESTIONS.find(({ ask }) => asked.startsWith(ask))
  const answer = question?.answer.exec(said.trim())?.[1]
  return answer && question && `${before.replace(/[.!?\s]+$/, '')} ${question.joint} ${answer}`
}
