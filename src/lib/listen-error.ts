// A port that cannot be opened, said in one line.

const SAYINGS: Record<string, string> = {
  EADDRINUSE: 'is taken by another program',
  EACCES: 'may not be opened by this user: ports below 1024 are for root',
  EADDRNOTAVAIL: 'is no address of this machine',
  ENOTFOUND: 'is no name that this machine knows',
}

/** `address` is undefined for what is not a port: a file that a thread needs, which the message names. */
export class ListenError extends Error {
  readonly address: string | undefined
  /** By another program, which can be stopped. */
  readonly taken: boolean

  constructor(message: string, address?: string, taken = false) {
    super(message)
    this.name = 'ListenError'
    this.address = address
    this.taken = taken
  }

  /** From the system's error. */
  static at(address: string, { code, message }: NodeJS.ErrnoException): ListenError {
    const said = (code !== undefined && SAYINGS[code]) || `cannot be opened: ${message}`
    return new ListenError(`${address} ${said}`, address, code === 'EADDRINUSE')
  }
}
