/** Something the person can put right: one line, no stack. `exitCode`: 1 for what failed, 2 for what was asked wrongly. */
export class CliError extends Error {
  readonly exitCode: number
  constructor(message: string, exitCode = 1) {
    super(message)
    this.name = 'CliError'
    this.exitCode = exitCode
  }
}
