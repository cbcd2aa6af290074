/** A run's record alone, without pictures, for what is rendered as text. */
import type { CaseResult, CaseVerdict, Run } from '../../src/harness/run-schema.js'

const HASH = '0'.repeat(64)

export function caseOf(id: string, verdict?: Partial<CaseVerdict>, rest: Partial<CaseResult> = {}): CaseResult {
  return {
    id,
    fixture: { version: 1, features: ['sampler'], output: 'photo', payload: '{}', payloadSha256: HASH },
    state: 'ok',
    images: [{ file: `${id}.0.png`, width: 128, height: 128, channels: 3, sha256: HASH }],
    faults: [],
    notes: [],
    fingerprints: {},
    timings: { load: 0, encode: 10, steps: [], decode: 20, output: 5, total: 1234 },
    retries: 0,
    ...(verdict === undefined
      ? {}
      : { verdict: { verdict: 'pass', reason: 'identical to the golden', gates: [], ...verdict } }),
    ...rest,
  }
}

/** A pixel gate as the harness leaves it. */
export function failedPixels(): Partial<CaseVerdict> {
  const reason = 'another picture: SSIM 0.9512 is below 0.98'
  return {
    verdict: 'fail',
    gate: 'pixels',
    reason,
    gates: [
      { gate: 'contract', verdict: 'pass', reason: 'one picture', metrics: {} },
      {
        gate: 'pixels',
        verdict: 'fail',
        reason,
        metrics: { ssim: 0.9512, limit_ssim: 0.98, mean_rgb: 0.4, limit_mean_rgb: 1, ncc: 0.99, worst_block_x: 64 },
      },
    ],
  }
}

export function runOf(cases: readonly CaseResult[], rest: Partial<Run> = {}): Run {
  return {
    schema: 'horde-onnx/run@1',
    id: 'a-run',
    createdAt: '2026-11-23T21:40:12.000Z',
    complete: true,
    command: 'horde-onnx replay --check',
    backend: 'horde-onnx',
    version: '0.1.0',
    environment: {
      class: 'cpu-x64-avx2-fp32-ort1.30.0',
      provider: 'cpu',
      device: 'Example CPU',
      isa: 'avx2',
      dtype: 'fp32',
      ort: '1.30.0',
      node: 'v20.20.2',
      platform: 'linux-x64',
      threads: 2,
      memoryBytes: 2 ** 33,
    },
    models: [],
    wallMs: 65_000,
    cases: [...cases],
    pending: [],
    ...rest,
  }
}
