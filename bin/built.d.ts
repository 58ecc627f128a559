export const BUILT: string
export const SOURCE: string
export function isUpToDate(built: string, sources: string[]): boolean
export function isBuilt(): boolean
