// APISIX's Lua functions that run before other plugins: refused, with what to use instead.
import { refuseLua } from '../gateway/serverless.ts'

export default refuseLua('serverless-pre-function', 10000)
