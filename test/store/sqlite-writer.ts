// Run by sqlite.test.ts in a child process: writes forever and prints the revision of each commit that was answered.

import { SqliteStore } from '../../src/store/sqlite.ts'

const store = new SqliteStore(process.argv[2] as string)
for (let number = 1; ; number += 1) {
  const results = await Promise.all(
    ['a', 'b', 'c'].map((name) =>
      store.commit([{ type: 'put', key: `routes/${number}${name}`, text: `{"n":${number}}` }]),
    ),
  )
  for (const result of results) if (result.ok) process.stdout.write(`${number} ${result.revision}\n`)
}
