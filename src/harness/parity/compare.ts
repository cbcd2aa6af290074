/** Where we leave the reference: pure, over what both computed. */
import type { Generation, StageTensor } from '../../engine/types.js'
import type { Picture } from '../metrics/picture.js'
import { shapeOf } from '../metrics/picture.js'
import { psnr } from '../metrics/psnr.js'
import type { Tolerance } from './pack.js'

export interface StageFigure {
  /** Name of the tensor in the pack, or `pixels`. */
  stage: string
  /** ‖ours − theirs‖ / ‖theirs‖; null where ours is not there or has another shape. Of `pixels`: PSNR in dB, null where identical. */
  figure: number | null
  limit: number
  within: boolean
  /** The verdict depends on it; else it only helps to find the place. */
  judged: boolean
  problem?: string
}

export interface ComparedCase {
  stages: readonly StageFigure[]
  /** First stage beyond its limit, in the order of computation: `tokens`, then the names of the tensors, then `pixels`. */
  leavesAt?: string
  within: boolean
}

export interface Reference {
  tensors: ReadonlyMap<string, StageTensor>
  pictures: readonly Picture[]
  sensitivity: number
  cfgScale: number
  /** False for checkpoints of random weights, whose pictures say nothing. */
  judgePictures: boolean
}

/** In the order of computation; steps are put in between. */
const BEFORE_STEPS = ['cond', 'uncond', 'cond_pooled', 'uncond_pooled', 'encoded', 'noise_mask', 'noise', 'sigmas']
const AFTER_STEPS = ['first_pass', 'latent']

export function compareCase(
  generation: Pick<Generation, 'images' | 'stages'>,
  reference: Reference,
  tolerance: Tolerance,
): ComparedCase {
  const stages: StageFigure[] = []
  for (const name of stageOrder(reference.tensors.keys())) {
    const theirs = reference.tensors.get(name)
    if (theirs !== undefined) stages.push(compareTensor(name, generation.stages?.[name], theirs, reference, tolerance))
  }
  stages.push(comparePictures(generation.images, reference, tolerance))
  const first = stages.find(({ within }) => !within)
  return {
    stages,
    ...(first === undefined
      ? {}
      : { leavesAt: first.problem !== undefined && /cond$/u.test(first.stage) ? 'tokens' : first.stage }),
    within: stages.every(({ within, judged }) => within || !judged),
  }
}

function stageOrder(names: Iterable<string>): string[] {
  const rank = (name: string): number => {
    const step = /^step(\d+)\.(x|denoised)$/u.exec(name)
    if (step) return 1000 + 2 * Number(step[1]) + (step[2] === 'x' ? 0 : 1)
    const after = AFTER_STEPS.indexOf(name)
    if (after >= 0) return 1e9 + after
    const before = BEFORE_STEPS.indexOf(name)
    return before >= 0 ? before : BEFORE_STEPS.length
  }
  return [...names].sort((a, b) => rank(a) - rank(b))
}

function compareTensor(
  stage: string,
  ours: StageTensor | undefined,
  theirs: StageTensor,
  { sensitivity, cfgScale }: Reference,
  tolerance: Tolerance,
): StageFigure {
  const limit = limitOf(stage, sensitivity, tolerance)
  const judged = !stage.startsWith('step')
  if (ours === undefined) {
    // Without guidance the unconditional prompt is never used.
    const unused = stage.startsWith('uncond') && cfgScale === 1
    return { stage, figure: null, limit, within: unused, judged: judged && !unused, problem: 'was not computed' }
  }
  if (count(ours.shape) !== count(theirs.shape)) {
    const problem = `is ${ours.shape.join('×')}, theirs is ${theirs.shape.join('×')}`
    return { stage, figure: null, limit, within: false, judged, problem }
  }
  const figure = relativeError(ours.data, theirs.data)
  // NaN is within nothing.
  return { stage, figure: Number.isFinite(figure) ? figure : null, limit, within: figure <= limit, judged }
}

function limitOf(stage: string, sensitivity: number, tolerance: Tolerance): number {
  if (stage.includes('cond')) return tolerance.embeddings
  if (stage === 'encoded' || stage === 'noise_mask') return tolerance.encoded
  if (stage === 'noise' || stage === 'sigmas') return tolerance[stage]
  return Math.min(tolerance.latent_most, Math.max(tolerance.latent, tolerance.latent_per_sensitivity * sensitivity))
}

function comparePictures(
  ours: readonly Picture[],
  { pictures, sensitivity, judgePictures }: Reference,
  tolerance: Tolerance,
): StageFigure {
  const limit = sensitivity > tolerance.chaotic_above ? tolerance.psnr_db_chaotic : tolerance.psnr_db
  const figure = { stage: 'pixels', figure: null, limit, judged: judgePictures }
  if (ours.length !== pictures.length)
    return { ...figure, within: false, judged: true, problem: `are ${ours.length}, theirs are ${pictures.length}` }
  let worst = Number.POSITIVE_INFINITY
  for (const [index, theirs] of pictures.entries()) {
    const own = ours[index]
    if (own === undefined || shapeOf(own) !== shapeOf(theirs)) {
      return {
        ...figure,
        within: false,
        judged: true,
        problem: `are ${own && shapeOf(own)}, theirs are ${shapeOf(theirs)}`,
      }
    }
    worst = Math.min(worst, psnr(own, theirs))
  }
  return { ...figure, figure: Number.isFinite(worst) ? worst : null, within: worst >= limit || !judgePictures }
}

/** ‖ours − theirs‖ / ‖theirs‖, in double precision; of a reference of zeros 0 or infinite. */
function relativeError(ours: Float32Array, theirs: Float32Array): number {
  let difference = 0
  let norm = 0
  for (let i = 0; i < theirs.length; i++) {
    const value = theirs[i] as number
    difference += ((ours[i] as number) - value) ** 2
    norm += value * value
  }
  return difference === 0 ? 0 : Math.sqrt(difference / norm)
}

function count(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1)
}
