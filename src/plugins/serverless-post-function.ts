// APISIX's Lua functions that run after other plugins: refused, with what to use instead.
import { refuseLua } from '../gateway/serverless.ts'

export default refuseLua('serverless-post-function', -2000)
