/** How far two renders of one payload are apart, by everything that the gates compare. */
import { defectGate } from '../gates/defects.js'
import { DEFAULT_LIMITS } from '../gates/limits.js'
import { type Hashed, pixelGate } from '../gates/pixels.js'
import { type KnownStages, stageDistance, stageNames } from '../gates/stage-distance.js'
import { type Picture, shapeOf } from '../metrics/picture.js'
import { psnr } from '../metrics/psnr.js'
import type { CaseResult } from '../run-schema.js'
import type { Tensors } from '../tensor-file.js'
import type { Noise } from './schema.js'

export interface Render {
  result: CaseResult
  pictures: readonly Picture[]
  tensors?: Tensors | undefined
}

export const NO_NOISE: Noise = {
  repeatable: true,
  stages: { noise: 0, embeddings: 0, encoded: 0, first: 0, last: 0 },
  ssim: 1,
  worst_block: 1,
  rms: 0,
  local: 0,
  mean: 0,
  motion: 0,
}

/** @param sameSettings renders that have to be equal, bit by bit, for the case to count as repeatable */
export function observe(a: Render, b: Render, { sameSettings }: { sameSettings: boolean }): Noise {
  const equal = a.result.images.every(({ sha256 }, i) => b.result.images[i]?.sha256 === sha256)
  const ours = { fingerprints: b.result.fingerprints, tensors: b.tensors }
  const stages = stageNoise(ours, { fingerprints: a.result.fingerprints, tensors: a.tensors })
  const noise = { ...NO_NOISE, repeatable: !sameSettings || equal, stages }
  if (equal) return noise
  return a.pictures.reduce((worst, picture, i) => {
    const other = b.pictures[i]
    return other === undefined || shapeOf(other) !== shapeOf(picture)
      ? worst
      : largest(worst, pictureNoise(picture, other))
  }, noise)
}

function pictureNoise(a: Picture, b: Picture): Noise {
  const { pixels, defects } = DEFAULT_LIMITS.kin.arithmetic
  const pair = { candidate: [hashed(b, 'b')], golden: [hashed(a, 'a')] }
  const { metrics: similar } = pixelGate({ ...pair, limits: pixels, closeIsFine: '' })
  const { metrics: damage } = defectGate({ ...pair, limits: defects, explain: false })
  const local = ['brightness', 'colour', 'texture', 'pixel', 'sharpness', 'seam'].map(name => damage[name] ?? 0)
  return {
    ...NO_NOISE,
    ssim: similar.ssim ?? 1,
    worst_block: similar.worst_block ?? 1,
    rms: 255 * 10 ** (-psnr(a, b) / 20),
    local: Math.max(...local),
    mean: damage.mean_rgb ?? 0,
    motion: Math.max(damage.shift ?? 0, (damage.warp ?? 0) / 2),
  }
}

const hashed = (picture: Picture, sha256: string): Hashed => ({ sha256, picture })

const KINDS: readonly (readonly [keyof Noise['stages'], RegExp])[] = [
  ['noise', /^(pass\d+\.)?(noise|sigmas)$/u],
  ['embeddings', /^(un)?cond(_pooled)?$/u],
  ['encoded', /^(pass\d+\.)?(encoded|noise_mask|control)$/u],
  ['first', /^step0\.denoised$/u],
  ['last', /^(first_pass|latent|(pass\d+\.)?step\d+\.denoised)$/u],
]

function stageNoise(ours: KnownStages, theirs: KnownStages): Noise['stages'] {
  const noise = { ...NO_NOISE.stages }
  for (const stage of stageNames(theirs)) {
    const [kind] = KINDS.find(([, pattern]) => pattern.test(stage)) ?? []
    const distance = stageDistance(stage, ours, theirs)
    if (kind !== undefined && distance !== undefined && Number.isFinite(distance)) {
      noise[kind] = Math.max(noise[kind], distance)
    }
  }
  return noise
}

/** The more of both. */
export function largest(a: Noise, b: Noise): Noise {
  const most = (pick: (noise: Noise) => number) => Math.max(pick(a), pick(b))
  return {
    repeatable: a.repeatable && b.repeatable,
    stages: {
      noise: most(noise => noise.stages.noise),
      embeddings: most(noise => noise.stages.embeddings),
      encoded: most(noise => noise.stages.encoded),
      first: most(noise => noise.stages.first),
      last: most(noise => noise.stages.last),
    },
    ssim: Math.min(a.ssim, b.ssim),
    worst_block: Math.min(a.worst_block, b.worst_block),
    rms: most(noise => noise.rms),
    local: most(noise => noise.local),
    mean: most(noise => noise.mean),
    motion: most(noise => noise.motion),
  }
}
