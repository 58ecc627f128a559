// Every plugin, one per line, in the order of execution: this list reads as the pipeline. A test fails when the order is not that of the
// priorities, when a file is missing here, or when two plugins have one priority.
import type { Plugin } from '../gateway/plugin.ts'
import cors from './cors.ts'
import keyAuth from './key-auth.ts'
import limitCount from './limit-count.ts'
import prometheus from './prometheus.ts'
import proxyRewrite from './proxy-rewrite.ts'

export const plugins: readonly Plugin[] = [
  cors, // 4000
  keyAuth, // 2500
  proxyRewrite, // 1008
  limitCount, // 1002
  prometheus, // 500
]
