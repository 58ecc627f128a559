// Prometheus's text format (version 0.0.4) of what the data plane has counted.
import type { MetricDefinition, Sample } from '../gateway/metrics.ts'

export function exposition(metrics: { definition: MetricDefinition; samples: Sample[] }[]): string {
  return metrics
    .map(
      ({ definition, samples }) =>
        `${header(definition)}${samples.map((sample) => lines(definition, sample)).join('')}`,
    )
    .join('')
}

function header({ name, help, type }: MetricDefinition): string {
  return `# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n# TYPE ${name} ${type}\n`
}

function lines(definition: MetricDefinition, { values, numbers }: Sample): string {
  const labels = definition.labels.map((label, i) => `${label}="${quote(values[i] ?? '')}"`)
  if (!definition.buckets) return `${definition.name}${braces(labels)} ${numbers[0]}\n`
  let count = 0
  let text = ''
  for (const [i, bound] of [...definition.buckets, '+Inf'].entries()) {
    count += numbers[i] ?? 0
    text += `${definition.name}_bucket${braces([...labels, `le="${bound}"`])} ${count}\n`
  }
  return `${text}${definition.name}_sum${braces(labels)} ${numbers[definition.buckets.length + 1]}\n${definition.name}_count${braces(labels)} ${count}\n`
}

function braces(labels: string[]): string {
  return labels.length ? `{${labels.join(',')}}` : ''
}

function quote(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}
