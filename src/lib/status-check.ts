/** Throws when HTTP cannot hold a status that a plugin would answer with. APISIX's schemas have no maximum. */
export function checkStatus(property: string, status: number | undefined): void {
  if (status !== undefined && status > 999)
    throw new Error(`property "${property}" is ${status}: a status has three digits`)
}
