/** Collects what a job computes on the way: a fingerprint of every stage, and the tensors themselves where they are wanted. */
import { createHash } from 'node:crypto'
import type { KeepOptions, Stages } from './protocol.js'
import { STAGE_BUCKETS, STEP_BUCKETS, sketch } from './sketch.js'

export interface StageRecorder {
  record(name: string, shape: readonly number[], data: Float32Array): void
  /** Records step tensors: always the fingerprint of a few steps, the tensors of those that were asked for. */
  recordStep(
    step: number,
    steps: number,
    shape: readonly number[],
    tensors: { x: Float32Array; denoised: Float32Array },
  ): void
  /** The recorder of a sampling pass, 1-based: names of the first are as they are. */
  pass(number: number): StageRecorder
  readonly fingerprints: Record<string, string>
  readonly stages: Stages
}

/** Stages that gates get whole: small, and the last word of a network. */
const WHOLE: ReadonlySet<string> = new Set(['encoded', 'first_pass', 'latent'])

/** Values up to which a tensor is whole for the gates: a latent of 1024×1024 pixels. */
const WHOLE_VALUES = 65536

/** SHA-256 of the bytes of an array, hex. */
export function sha256(data: Uint8Array | Float32Array): string {
  return createHash('sha256')
    .update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
    .digest('hex')
}

/**
 * 0-based steps that tell most: the first is text, noise and UNet, the second shows what the sampler made of it, a quarter
 * and a half of the way show the drift.
 */
export function isTelling(step: number, steps: number): boolean {
  return [0, 1, Math.ceil(steps / 4) - 1, Math.ceil(steps / 2) - 1].includes(step)
}

export function stageRecorder(keep: KeepOptions): StageRecorder {
  const fingerprints: Record<string, string> = {}
  const stages: Stages = {}

  function keepForGates(
    name: string,
    shape: readonly number[],
    { data, whole, buckets }: { data: Float32Array; whole: boolean; buckets: number },
  ): void {
    if (name in stages) return
    if (whole && data.length <= WHOLE_VALUES) stages[name] = { shape, data: data.slice() }
    else stages[`${name}.sketch`] = { shape: [buckets], data: sketch(data, buckets) }
  }

  function recorder(prefix: string): StageRecorder {
    return {
      fingerprints,
      stages,
      record(name, shape, data) {
        const full = `${prefix}${name}`
        fingerprints[full] = sha256(data)
        if (keep.stages) stages[full] = { shape, data: data.slice() }
        if (keep.gates) keepForGates(full, shape, { data, whole: WHOLE.has(name), buckets: STAGE_BUCKETS })
      },
      recordStep(step, steps, shape, { x, denoised }) {
        const name = `${prefix}step${step}`
        const telling = isTelling(step, steps)
        if (telling) fingerprints[`${name}.denoised`] = sha256(denoised)
        // The steps that are asked for by number are those of the first pass.
        if (prefix === '' && keep.steps?.includes(step)) {
          stages[`${name}.x`] = { shape, data: x.slice() }
          stages[`${name}.denoised`] = { shape, data: denoised.slice() }
        }
        if (keep.gates) {
          keepForGates(`${name}.denoised`, shape, { data: denoised, whole: telling, buckets: STEP_BUCKETS })
        }
      },
      pass: number => recorder(number === 1 ? '' : `pass${number}.`),
    }
  }

  return recorder('')
}
