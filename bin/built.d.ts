export const BUILT: string
export const SOURCE: string
export function isBuilt(): boolean
