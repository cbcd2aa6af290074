import { describe, expect, test } from 'vitest'
import type { Stages, StageTensor } from '../../engine/types.js'
import { blot, edited } from '../testing.js'
import { compareCase, type Reference } from './compare.js'

const TOLERANCE = {
  embeddings: 2e-5,
  encoded: 5e-5,
  noise: 1e-6,
  sigmas: 1e-6,
  latent: 1e-4,
  latent_per_sensitivity: 50,
  latent_most: 2e-2,
  psnr_db: 45,
  psnr_db_chaotic: 35,
  chaotic_above: 1e-4,
}

/** A norm of 5, so that a change of one value by d is a relative error of d / 5. */
const tensor = (change = 0, shape = [1, 2]): StageTensor => ({ shape, data: Float32Array.of(3 + change, 4) })

const NAMES = ['cond', 'uncond', 'noise', 'sigmas', 'step0.x', 'step0.denoised', 'step11.x', 'latent'] as const
const theirs = new Map(
  ['latent', 'step11.x', 'sigmas', 'step0.denoised', 'step0.x', 'noise', 'uncond', 'cond'].map(name => [
    name,
    tensor(),
  ]),
)
const ours = (changes: Partial<Record<(typeof NAMES)[number], StageTensor>> = {}): Stages => ({
  ...Object.fromEntries(theirs),
  ...changes,
})

const image = { ...blot(1), sha256: '', format: 'png' as const, file: new Uint8Array() }
const reference: Reference = {
  tensors: theirs,
  pictures: [blot(1)],
  sensitivity: 1e-6,
  cfgScale: 5,
  judgePictures: true,
}

function compare(stages: Stages, more: Partial<Reference> = {}, pictures = [image]) {
  return compareCase({ images: pictures, stages }, { ...reference, ...more }, TOLERANCE)
}

test('stages are compared in the order of computation, pictures last', () => {
  const { stages, within, leavesAt } = compare(ours())
  expect(stages.map(({ stage }) => stage)).toEqual([...NAMES, 'pixels'])
  expect(stages.every(({ figure }) => figure === 0 || figure === null)).toBe(true)
  expect([within, leavesAt]).toEqual([true, undefined])
})

test('the error of a tensor is relative to the norm of the reference', () => {
  const { stages } = compare(ours({ latent: tensor(0.5) }))
  expect(stages.find(({ stage }) => stage === 'latent')?.figure).toBeCloseTo(0.1, 7)
})

describe('the first stage beyond its limit is named', () => {
  test.each([
    ['embeddings', { cond: tensor(1e-4 * 5) }, 'cond', false],
    ['a prompt of more tokens', { uncond: tensor(0, [2, 2]) }, 'tokens', false],
    ['noise', { noise: tensor(1e-4), latent: tensor(1) }, 'noise', false],
    ['a sampler step, the end being near enough', { 'step0.denoised': tensor(0.01) }, 'step0.denoised', true],
    ['a sampler step and what follows', { 'step11.x': tensor(0.01), latent: tensor(0.01) }, 'step11.x', false],
    ['the latent by itself', { latent: tensor(0.01) }, 'latent', false],
    ['a latent that is no number', { latent: tensor(Number.NaN) }, 'latent', false],
  ] as const)('%s', (_, changes, stage, within) => {
    expect(compare(ours(changes))).toMatchObject({ leavesAt: stage, within })
  })

  test('a stage that was not computed', () => {
    const { noise: _, ...without } = ours()
    expect(compare(without)).toMatchObject({ leavesAt: 'noise', within: false })
  })

  test('but without guidance nobody needs the unconditional embedding', () => {
    const { uncond: _, ...without } = ours()
    expect(compare(without, { cfgScale: 1 })).toMatchObject({ within: true })
    expect(compare(without, { cfgScale: 1 }).leavesAt).toBeUndefined()
    expect(compare(without)).toMatchObject({ within: false })
  })
})

describe('the latent may be off by 50 times the sensitivity, between 1e-4 and 2e-2', () => {
  test.each([
    [1e-6, 0.9e-4, true],
    [1e-6, 1.1e-4, false],
    [1e-5, 4.9e-4, true],
    [1e-5, 5.1e-4, false],
    [1e-2, 1.9e-2, true],
    [1e-2, 2.1e-2, false],
  ])('sensitivity %s, error %s: %s', (sensitivity, error, within) => {
    expect(compare(ours({ latent: tensor(5 * error) }), { sensitivity }).within).toBe(within)
  })
})

describe('pictures', () => {
  // One value in 16 off by d: PSNR 10·log10(255²·16/d²), 60.2 dB for 1, 40.2 dB for 10, 34.1 dB for 20.
  const off = (d: number) => [
    { ...image, ...edited(image, (value, i) => value + (i % 16 === 0 ? (value < 128 ? d : -d) : 0)) },
  ]

  test.each([
    [1, 1e-6, 60.17, true],
    [10, 1e-6, 40.17, false],
    [10, 2e-4, 40.17, true],
    [20, 2e-4, 34.15, false],
  ])('off by %s at sensitivity %s: %s dB, within: %s', (difference, sensitivity, decibel, within) => {
    const compared = compare(ours(), { sensitivity }, off(difference))
    expect(compared.stages.at(-1)?.figure).toBeCloseTo(decibel, 1)
    expect(compared.within).toBe(within)
    expect(compared.leavesAt).toBe(within ? undefined : 'pixels')
  })

  test('those of random weights are measured and not judged; their number and size always are', () => {
    expect(compare(ours(), { judgePictures: false }, off(20))).toMatchObject({ within: true })
    expect(compare(ours(), { judgePictures: false }, [])).toMatchObject({ within: false, leavesAt: 'pixels' })
    const small = { ...image, ...blot(1, { width: 32 }) }
    expect(compare(ours(), {}, [small]).stages.at(-1)?.problem).toBe('are 32×64×3, theirs are 64×64×3')
  })
})
