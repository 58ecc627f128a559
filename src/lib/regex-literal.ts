/** A regular expression that stands for exactly this text; also as part of another, and in configurations that APISIX reads. */
export function literal(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}
