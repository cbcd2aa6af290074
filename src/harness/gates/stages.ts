/** What the gates of inputs, conditioning and latents share: every stage of theirs against its limit. */
import type { GateResult } from '../run-schema.js'
import { type KnownStages, stageDistance, stageNames } from './stage-distance.js'

export interface StageGateInput {
  ours: KnownStages
  golden: KnownStages
}

interface StageGateOptions extends StageGateInput {
  gate: string
  /** What the gate is about, for sentences that begin with it, e.g. `noise and sigmas`. */
  about: string
  /** Greatest distance of a stage, or undefined where the stage is none of this gate's. */
  limitOf(stage: string): number | undefined
  /** Where to look for the cause of a stage that is off. */
  adviceOf(stage: string): string
}

export function stageGate({ gate, about, ours, golden, limitOf, adviceOf }: StageGateOptions): GateResult {
  const result = (verdict: GateResult['verdict'], reason: string, metrics = {}): GateResult => ({
    gate,
    verdict,
    reason,
    metrics,
  })
  const stages = stageNames(golden).flatMap(stage => {
    const limit = limitOf(stage)
    return limit === undefined ? [] : [{ stage, limit, distance: stageDistance(stage, ours, golden) }]
  })
  if (stages.length === 0) return result('unmeasured', `not measured: the golden has no ${about}`)
  const computed = new Set(stageNames(ours))
  if (computed.size === 0) return result('unmeasured', 'not measured: the backend tells nothing of its stages')
  const missing = stages.find(({ stage }) => !computed.has(stage))
  if (missing !== undefined) {
    return result('fail', `${missing.stage} was not computed, the golden has it: ${adviceOf(missing.stage)}`)
  }
  const measured = stages.flatMap(({ distance, ...stage }) => (distance === undefined ? [] : [{ ...stage, distance }]))
  if (measured.length === 0) {
    return result('unmeasured', `not measured: ${about} differ by hash, and no tensors are stored that say how far`)
  }
  const worst = measured.reduce((a, b) => (share(b) > share(a) ? b : a))
  const metrics = {
    ...(Number.isFinite(worst.distance) ? { distance: worst.distance } : {}),
    limit_distance: worst.limit,
    stages: measured.length,
  }
  // NaN is within nothing.
  const first = measured.find(({ distance, limit }) => !(distance <= limit))
  if (first !== undefined) {
    const off = Number.isFinite(first.distance)
      ? `is ${figure(first.distance)} away from the golden's, at most ${figure(first.limit)} is allowed`
      : 'is of another shape or not finite'
    return result('fail', `${first.stage} ${off}: ${adviceOf(first.stage)}`, metrics)
  }
  const open =
    measured.length < stages.length ? ` (${stages.length - measured.length} of ${stages.length} not measured)` : ''
  const how = worst.distance === 0 ? 'are identical' : `are at most ${figure(worst.distance)} away (${worst.stage})`
  return result('pass', `${about} ${how}${open}`, metrics)
}

const share = ({ distance, limit }: { distance: number; limit: number }) =>
  Number.isNaN(distance) ? Number.POSITIVE_INFINITY : distance / limit

function figure(value: number): string {
  return value.toPrecision(2)
}
