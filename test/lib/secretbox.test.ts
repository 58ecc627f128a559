import assert from 'node:assert'
import { test } from 'node:test'
import { Secretbox } from '../../src/lib/secretbox.ts'

const APISIX_KEYRING = ['qeddd145sfvddff3', 'edd1c9f0985e76a2']

test('secretbox: the ciphertexts of APISIX', () => {
  const box = new Secretbox(APISIX_KEYRING)
  assert.equal(box.encrypt('jack-key'), '1jhUSuP5Dz3oF/IEiJ1SAg==')
  assert.equal(box.decrypt('1jhUSuP5Dz3oF/IEiJ1SAg=='), 'jack-key')
})

test('secretbox: a new key in front, the old ones still decrypt', () => {
  const old = new Secretbox(APISIX_KEYRING).encrypt('sécret')
  const rotated = new Secretbox(['0123456789abcdef0123456789abcdef', ...APISIX_KEYRING])
  assert.equal(rotated.decrypt(old), 'sécret')
  assert.notEqual(rotated.encrypt('sécret'), old)
  assert.equal(rotated.decrypt(rotated.encrypt('')), '')
  assert.equal(new Secretbox(['0000000000000000']).decrypt(rotated.encrypt('a longer text than one block')), undefined)
})

test('secretbox: text that is no ciphertext is not decrypted, keys of another length are refused', () => {
  const box = new Secretbox(APISIX_KEYRING)
  for (const text of ['', 'jack-key', '1jhUSuP5Dz3oF/IEiJ1SAg', '*** not base64 ***'])
    assert.equal(box.decrypt(text), undefined)
  assert.throws(() => new Secretbox(['short']), /found a key of 5 bytes, expected 16 or 32/)
  assert.throws(() => new Secretbox([]), /found no key/)
})
