// How the widgets of MCP Apps become files: one bundle of all of them, written into one HTML page each with script and style inside, since their
// hosts allow them to load nothing.
import react from '@vitejs/plugin-react'
import { defineConfig, type Plugin } from 'vite'

const PAGES = ['plan', 'table', 'traffic', 'explain']

/** Puts the script and the style into pages, and writes only these. */
function pages(): Plugin {
  return {
    name: 'pages',
    // After Vite's own, which adds the style.
    enforce: 'post',
    generateBundle(_options, bundle) {
      const parts = Object.values(bundle)
      const script = parts.flatMap((one) => (one.type === 'chunk' ? one.code : [])).join('\n')
      const style = parts.flatMap((one) => (one.type === 'asset' ? String(one.source) : [])).join('\n')
      if (style === '') throw new Error('building the widgets: there is no style in the bundle')
      for (const name of Object.keys(bundle)) delete bundle[name]
      for (const page of PAGES)
        this.emitFile({ type: 'asset', fileName: `${page}.html`, source: toPage(page, script, style) })
    },
  }
}

function toPage(page: string, script: string, style: string): string {
  // A script ends at the first `</script`, also inside a text of its own.
  const safe = script.replaceAll('</script', '<\\/script')
  return `<!doctype html>
<html lang="en" data-widget="${page}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Gateward</title>
<style>${style}</style>
</head>
<body>
<main id="root"></main>
<script type="module">${safe}</script>
</body>
</html>
`
}

export default defineConfig({
  root: new URL('.', import.meta.url).pathname,
  plugins: [react(), pages()],
  build: {
    outDir: 'dist/widgets',
    emptyOutDir: true,
    target: 'es2023',
    modulePreload: false,
    cssCodeSplit: false,
    rollupOptions: { input: new URL('src/widgets/main.tsx', import.meta.url).pathname },
  },
})
