// Sets of IP addresses and networks, IPv4 and IPv6.
import { BlockList, isIP } from 'node:net'

export class CidrSet {
  readonly #list = new BlockList()

  /** Throws an Error naming the entry that is neither an address nor a network. */
  static from(entries: readonly string[]): CidrSet {
    const set = new CidrSet()
    for (const entry of entries) set.#add(entry)
    return set
  }

  /** False for what is not an address. IPv4-mapped IPv6 addresses match IPv4 entries. */
  has(address: string): boolean {
    const plain = address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address
    const family = isIP(plain)
    return family !== 0 && this.#list.check(plain, family === 6 ? 'ipv6' : 'ipv4')
  }

  #add(entry: string): void {
    const [address = '', bits] = entry.split('/')
    const family = isIP(address)
    const width = family === 6 ? 128 : 32
    const prefix = bits === undefined ? width : /^\d{1,3}$/.test(bits) ? Number(bits) : Number.NaN
    if (family === 0 || !(prefix >= 0 && prefix <= width))
      throw new Error(`${JSON.stringify(entry)} is not an IP address or network`)
    this.#list.addSubnet(address, prefix, family === 6 ? 'ipv6' : 'ipv4')
  }
}
