/** The distance to the golden over the steps: a jump is another computation, a slope is drift. */
import type { CaseVerdict } from '../run-schema.js'
import { type KnownStages, stageDistance, stageNames } from './stage-distance.js'

export type Growth = NonNullable<CaseVerdict['growth']>

const STEP = /^(?:pass(\d+)\.)?step(\d+)\.denoised$/u

/** Of every step of which both sides have something; passes and steps count from 1. */
export function growthOf(ours: KnownStages, golden: KnownStages): Growth {
  const points = stageNames(golden).flatMap(stage => {
    const [match, pass = '1', step] = STEP.exec(stage) ?? []
    const distance = match === undefined ? undefined : stageDistance(stage, ours, golden)
    if (distance === undefined || !Number.isFinite(distance)) return []
    return [{ pass: Number(pass), step: Number(step) + 1, distance }]
  })
  return points.sort((a, b) => a.pass - b.pass || a.step - b.step)
}

/** A step's share of the largest distance from which it counts as the one that made it. */
const TELLING = 0.2

/** How many times more than the step before is a jump. */
const JUMP = 10

/** E.g. `it jumps at step 2`; of what never left nothing is said. */
export function describeGrowth(growth: Growth): string | undefined {
  const most = Math.max(0, ...growth.map(({ distance }) => distance))
  if (most === 0 || growth.length < 2) return undefined
  const [first] = growth
  if (first !== undefined && first.distance >= TELLING * most) return 'it is off from the first prediction on'
  const at = growth.findIndex(
    ({ distance }, i) => i > 0 && distance >= TELLING * most && distance >= JUMP * (growth[i - 1]?.distance ?? 0),
  )
  const jump = growth[at]
  if (jump === undefined) return `it grows slowly, from ${(first?.distance ?? 0).toPrecision(2)} at the first step`
  return `it jumps at step ${jump.step}${jump.pass === 1 ? '' : ` of pass ${jump.pass}`}`
}
