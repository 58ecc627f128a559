// A host of MCP Apps for the tests, bundled for the browser: ext-apps' own bridge, the widget in a sandboxed frame with the policy that the
// specification sets when nothing is asked for. The test plays the server: `callTool` and `told` are its functions.
import { AppBridge, PostMessageTransport } from '@modelcontextprotocol/ext-apps/app-bridge'

declare global {
  interface Window {
    callTool(params: object): Promise<never>
    told(params: object): Promise<void>
    show(html: string, result: object, theme: 'light' | 'dark'): Promise<void>
  }
}

const POLICY = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:"

window.show = async (html, result, theme) => {
  document.body.replaceChildren()
  document.documentElement.style.colorScheme = theme
  document.body.style.background = theme === 'dark' ? '#10141a' : '#fff'
  const frame = document.createElement('iframe')
  frame.title = 'widget'
  frame.sandbox.add('allow-scripts')
  frame.style.cssText = 'width: 100%; height: 640px; border: 0'
  const bridge = new AppBridge(
    null,
    { name: 'test-host', version: '1.0.0' },
    { serverTools: {}, updateModelContext: {} },
    {
      hostContext: { theme },
    },
  )
  bridge.oncalltool = (params) => window.callTool(params)
  bridge.onupdatemodelcontext = async (params) => {
    await window.told(params)
    return {}
  }
  const ready = new Promise<void>((resolve) => bridge.addEventListener('initialized', () => resolve()))
  document.body.append(frame)
  const target = frame.contentWindow as Window
  await bridge.connect(new PostMessageTransport(target, target))
  frame.srcdoc = html.replace('<head>', `<head><meta http-equiv="Content-Security-Policy" content="${POLICY}">`)
  await ready
  await bridge.sendToolInput({ arguments: {} })
  await bridge.sendToolResult(result as never)
}
