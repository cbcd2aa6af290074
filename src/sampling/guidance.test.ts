import { describe, expect, it } from 'vitest'
import { guide, needsUncond } from './guidance.js'
import { inpaint, inpaintNoise } from './inpaint.js'
import { torchCpuNoise } from './noise/index.js'

describe('classifier-free guidance', () => {
  it('goes past the conditional prediction by the scale', () => {
    expect([...guide(Float32Array.of(2, 1), Float32Array.of(1, 3), 7.5)]).toEqual([8.5, -12])
  })

  it('needs no unconditional prediction at a scale of 1', () => {
    expect([1, 1 + 1e-12, 1.0001, 0.5].map(needsUncond)).toEqual([false, false, true, true])
  })
})

describe('inpainting', () => {
  const { maskInput, maskOutput } = inpaint({
    mask: Float32Array.of(1, 0, 0.25),
    latent: Float32Array.of(10, 20, 40),
    noise: Float32Array.of(1, 1, -2),
  })

  it('shows the model the noised source outside the mask', () => {
    expect([...maskInput(Float32Array.of(5, 6, 8), 3)]).toEqual([5, 23, 0.25 * 8 + 0.75 * 34])
  })

  it('answers the source outside the mask', () => {
    expect([...maskOutput(Float32Array.of(5, 6, 8))]).toEqual([5, 20, 0.25 * 8 + 0.75 * 40])
  })

  it('leaves alone what it is shown', () => {
    const x = Float32Array.of(5, 6, 8)
    maskInput(x, 3)
    maskOutput(x)
    expect([...x]).toEqual([5, 6, 8])
  })

  it('keeps the source under the first noise, or under that of the next seed for ddim', () => {
    expect(inpaintNoise('euler', 4n, [1, 4, 2, 2])).toEqual(torchCpuNoise(4n, [1, 4, 2, 2]))
    expect(inpaintNoise('ddim', 4n, [1, 4, 2, 2])).toEqual(torchCpuNoise(5n, [1, 4, 2, 2]))
  })
})
