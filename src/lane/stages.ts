/** Collects what a job computes on the way: a fingerprint of every stage, and the tensors themselves where they are wanted. */
import { createHash } from 'node:crypto'
import type { KeepOptions, Stages } from './protocol.js'

export interface StageRecorder {
  record(name: string, shape: readonly number[], data: Float32Array): void
  /** Records step tensors: always the fingerprint of a few steps, the tensors of those that were asked for. */
  recordStep(
    step: number,
    steps: number,
    shape: readonly number[],
    tensors: { x: Float32Array; denoised: Float32Array },
  ): void
  readonly fingerprints: Record<string, string>
  readonly stages: Stages
}

/** SHA-256 of the bytes of an array, hex. */
export function sha256(data: Uint8Array | Float32Array): string {
  return createHash('sha256')
    .update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
    .digest('hex')
}

export function stageRecorder(keep: KeepOptions): StageRecorder {
  const fingerprints: Record<string, string> = {}
  const stages: Stages = {}
  return {
    fingerprints,
    stages,
    record(name, shape, data) {
      fingerprints[name] = sha256(data)
      if (keep.stages) stages[name] = { shape, data: data.slice() }
    },
    recordStep(step, steps, shape, { x, denoised }) {
      const telling = [0, Math.ceil(steps / 4) - 1, Math.ceil(steps / 2) - 1].includes(step)
      if (telling) fingerprints[`step${step}.denoised`] = sha256(denoised)
      if (keep.steps?.includes(step)) {
        stages[`step${step}.x`] = { shape, data: x.slice() }
        stages[`step${step}.denoised`] = { shape, data: denoised.slice() }
      }
    },
  }
}
