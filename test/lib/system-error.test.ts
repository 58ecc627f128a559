// What the system says about files, in words.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { describeFileError, readNamedFile } from '../../src/lib/system-error.ts'

test('system errors: what cannot be done, where, and what to do', () => {
  const said = (code: string, syscall: string, path?: string): string | undefined =>
    describeFileError(Object.assign(new Error(code), { code, syscall, path }))
  assert.equal(said('ENOENT', 'open', 'a.yaml'), 'a.yaml: there is no such file or directory')
  // Node's answer to a directory that is wanted below a read-only file system.
  assert.equal(
    said('ENOENT', 'mkdir', '/ro/d'),
    '/ro/d: this directory cannot be made there; choose another --data-dir',
  )
  assert.match(said('EROFS', 'open', '/ro/f') ?? '', /^\/ro\/f: the file system is read-only; choose another place/)
  assert.equal(said('ECONNREFUSED', 'connect'), undefined)
})

test('system errors: a file that a setting names is told with that setting', () => {
  assert.throws(() => readNamedFile('/none.pem', 'admin.tls.cert_file'), {
    message: 'admin.tls.cert_file: /none.pem: there is no such file or directory',
  })
  assert.throws(() => readNamedFile('/', 'admin.tls.cert_file'), {
    message: 'admin.tls.cert_file: /: a file is needed and this is a directory',
  })
})
