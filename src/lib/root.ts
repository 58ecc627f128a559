/** The folder of this package, as a URL: of the sources (src/lib/root.ts) or of the bundle, whose files all lie in dist/. */
export const ROOT = new URL(import.meta.url.endsWith('.ts') ? '../../' : '../', import.meta.url)
