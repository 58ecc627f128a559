import { MemoryStore } from '../../src/store/memory.ts'
import { storeSuite } from './suite.ts'

storeSuite('memory', async () => new MemoryStore())
