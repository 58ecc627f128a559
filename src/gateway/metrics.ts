// Metrics of the data plane, written by its threads and read by the main thread without asking them.
//
// Each thread owns a growable shared buffer of doubles. A series (a metric with label values) gets a slot there when it is first used, and its
// description goes to the main thread once; after that an increment is one addition to memory. MetricsReader sums the threads' slots.

export type MetricType = 'counter' | 'gauge' | 'histogram'

export interface MetricDefinition {
  name: string
  help: string
  type: MetricType
  labels: string[]
  /** Upper bounds of a histogram's buckets, ascending, without +Inf. */
  buckets?: number[]
}

/** What the main thread must know of a new series. A histogram has buckets + 2 slots: each bucket (not cumulative), +Inf, sum. */
export interface SeriesDescription {
  definition: MetricDefinition
  values: string[]
  slot: number
}

/** Bounds the memory of one thread's series: label values may come from requests. */
const MAX_SLOTS = 1_000_000
/** Characters of the label values of one series, and of all. Of texts beyond some 16,000 V8 hashes nothing but their length. */
const MAX_SERIES_CHARS = 8 * 1024
const MAX_LABEL_CHARS = 32 * 1024 * 1024
const BYTES = 8

export class Metrics {
  readonly buffer: SharedArrayBuffer
  #doubles: Float64Array
  readonly #metrics = new Map<string, Metric>()
  readonly #announce: (series: SeriesDescription) => void
  /** The first slot counts what was dropped. */
  #used = 1
  #labelChars = 0

  constructor(announce: (series: SeriesDescription) => void) {
    this.buffer = new SharedArrayBuffer(4096 * BYTES, { maxByteLength: MAX_SLOTS * BYTES })
    this.#doubles = this.#view()
    this.#announce = announce
  }

  /** Of the length that the buffer has now: an array that grows with its buffer asks the runtime for it at every access. */
  #view(): Float64Array {
    return new Float64Array(this.buffer, 0, this.buffer.byteLength / BYTES)
  }

  counter(name: string, help: string, labels: string[]): Metric {
    return this.#metric({ name, help, type: 'counter', labels })
  }

  gauge(name: string, help: string, labels: string[]): Metric {
    return this.#metric({ name, help, type: 'gauge', labels })
  }

  histogram(name: string, help: string, labels: string[], buckets: number[]): Metric {
    return this.#metric({ name, help, type: 'histogram', labels, buckets })
  }

  /** One for each definition: a configuration that is set up again goes on with the same slots. */
  #metric(definition: MetricDefinition): Metric {
    const key = JSON.stringify(definition)
    const metric = this.#metrics.get(key) ?? new Metric(this, definition)
    this.#metrics.set(key, metric)
    return metric
  }

  /** Slot of a new series, or -1 when a bound is reached: nothing is kept of it then. */
  open(definition: MetricDefinition, values: string[]): number {
    const width = definition.buckets ? definition.buckets.length + 2 : 1
    const chars = values.reduce((sum, value) => sum + value.length, 0)
    const tooLong = chars > MAX_SERIES_CHARS || this.#labelChars + chars > MAX_LABEL_CHARS
    if (tooLong || this.#used + width > MAX_SLOTS) {
      ;(this.#doubles[0] as number)++
      return -1
    }
    const slot = this.#used
    this.#used += width
    this.#labelChars += chars
    if (this.#used * BYTES > this.buffer.byteLength) {
      this.buffer.grow(Math.min(MAX_SLOTS * BYTES, Math.max(this.buffer.byteLength * 2, this.#used * BYTES)))
      this.#doubles = this.#view()
    }
    this.#announce({ definition, values, slot })
    return slot
  }

  add(slot: number, amount: number): void {
    if (slot >= 0) (this.#doubles[slot] as number) += amount
  }

  /** Counts a value in the histogram whose slots begin at `slot`. */
  observe(slot: number, buckets: number[], value: number): void {
    if (slot < 0) return
    let at = 0
    while (at < buckets.length && value > (buckets[at] as number)) at++
    ;(this.#doubles[slot + at] as number) += 1
    ;(this.#doubles[slot + buckets.length + 1] as number) += value
  }

  put(slot: number, value: number): void {
    if (slot >= 0) this.#doubles[slot] = value
  }
}

/** One metric in one thread. Label values are strings in the order of the definition. */
export class Metric {
  readonly definition: MetricDefinition
  readonly #metrics: Metrics
  readonly #slots = new Map<string, number>()

  constructor(metrics: Metrics, definition: MetricDefinition) {
    this.#metrics = metrics
    this.definition = definition
  }

  inc(values: string[], amount = 1): void {
    this.#metrics.add(this.slot(values), amount)
  }

  set(values: string[], value: number): void {
    this.#metrics.put(this.slot(values), value)
  }

  observe(values: string[], value: number): void {
    this.#metrics.observe(this.slot(values), this.definition.buckets as number[], value)
  }

  /** The series' slot, to be kept by callers that observe the same series often. */
  slot(values: string[]): number {
    const key = values.join('\u0000')
    let slot = this.#slots.get(key)
    if (slot === undefined) {
      slot = this.#metrics.open(this.definition, values)
      if (slot >= 0) this.#slots.set(key, slot)
    }
    return slot
  }
}

/** A series summed over the threads. For a histogram `numbers` are its slots, see SeriesDescription. */
export interface Sample {
  values: string[]
  numbers: number[]
}

type Collected = Map<string, { definition: MetricDefinition; samples: Map<string, Sample> }>

interface ThreadSeries {
  doubles: Float64Array
  series: SeriesDescription[]
}

/** The main thread's side. */
export class MetricsReader {
  readonly #threads = new Map<number, ThreadSeries>()
  /** What threads that have ended had counted, so that counters never go back. */
  readonly #past: Collected = new Map()
  #pastDropped = 0

  attach(thread: number, buffer: SharedArrayBuffer): void {
    this.#threads.set(thread, { doubles: new Float64Array(buffer), series: [] })
  }

  describe(thread: number, series: SeriesDescription): void {
    this.#threads.get(thread)?.series.push(series)
  }

  /** The thread is no more: its counters stay, its gauges go with it. */
  detach(thread: number): void {
    const ended = this.#threads.get(thread)
    if (!ended) return
    this.#threads.delete(thread)
    this.#pastDropped += ended.doubles[0] as number
    addTo(this.#past, { ...ended, series: ended.series.filter(({ definition }) => definition.type !== 'gauge') })
  }

  /** What was to be counted in series beyond the bounds, which are not kept. */
  get dropped(): number {
    let sum = this.#pastDropped
    for (const { doubles } of this.#threads.values()) sum += doubles[0] as number
    return sum
  }

  /** All metrics with their samples, summed over threads (gauges too). */
  collect(): { definition: MetricDefinition; samples: Sample[] }[] {
    const metrics: Collected = new Map()
    for (const [name, { definition, samples }] of this.#past) {
      const copies = new Map<string, Sample>()
      for (const [key, { values, numbers }] of samples) copies.set(key, { values, numbers: [...numbers] })
      metrics.set(name, { definition, samples: copies })
    }
    for (const thread of this.#threads.values()) addTo(metrics, thread)
    return [...metrics.values()].map(({ definition, samples }) => ({ definition, samples: [...samples.values()] }))
  }
}

function addTo(metrics: Collected, { doubles, series }: ThreadSeries): void {
  for (const { definition, values, slot } of series) {
    const metric = metrics.get(definition.name) ?? { definition, samples: new Map<string, Sample>() }
    metrics.set(definition.name, metric)
    const key = values.join('\u0000')
    const width = definition.buckets ? definition.buckets.length + 2 : 1
    const sample = metric.samples.get(key) ?? { values, numbers: new Array<number>(width).fill(0) }
    metric.samples.set(key, sample)
    for (let i = 0; i < width; i++) (sample.numbers[i] as number) += doubles[slot + i] as number
  }
}
