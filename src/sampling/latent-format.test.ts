import { expect, it } from 'vitest'
import { toModelScale, toVaeScale } from './latent-format.js'
import { modelSampling } from './model-sampling.js'

const PLAYGROUND = {
  prefix: '',
  scaleFactor: 0.5,
  latentChannels: 4,
  normalized: { mean: [-1.6574, 1.886, -1.383, 2.5155], std: [8.4927, 5.9022, 6.5498, 5.2299] },
}
const LATENT = Float32Array.of(-3, 0.25, 7.125, 1e-3, 2.5, -0.75, 11, -8.5)

it('latents of Playground 2.5 are normalized channel by channel, as ComfyUI computes it', () => {
  // comfy/latent_formats.py: SDXL_Playground_2_5, process_in and process_out of 1×4×1×2 values.
  expect([...toModelScale(LATENT, PLAYGROUND, 2)]).toEqual([
    -0.07904435694217682, 0.1122964471578598, 0.44381752610206604, -0.15968620777130127, 0.29642125964164734,
    0.04832208901643753, 0.8111531734466553, -1.0531272888183594,
  ])
  expect([...toVaeScale(LATENT, PLAYGROUND, 2)]).toEqual([
    -52.61359786987305, 2.588949680328369, 85.99235534667969, 1.8978043794631958, 31.36600112915039, -11.2076997756958,
    117.57330322265625, -86.39279174804688,
  ])
})

it('a batch is normalized like its rows', () => {
  const twice = toModelScale(Float32Array.of(...LATENT, ...LATENT), PLAYGROUND, 2)
  expect(twice.slice(8)).toEqual(toModelScale(LATENT, PLAYGROUND, 2))
})

it('its UNet predicts under EDM’s preconditioning, as ComfyUI computes it', () => {
  const model = modelSampling({
    prediction: 'edm-eps',
    zeroTerminalSnr: false,
    edm: { sigmaMin: 0.002, sigmaMax: 80, sigmaData: 0.5 },
  })
  const x = Float32Array.of(1.5, -0.3, 20)
  // comfy/model_sampling.py: ModelSamplingContinuousEDM with EDM, sigma 2.75.
  expect(model.timestep(2.75)).toBeCloseTo(0.25290024280548096, 7)
  const close = (values: readonly number[]) => values.map(value => expect.closeTo(value, 6))
  expect([...model.scaleInput(x, 2.75)]).toEqual(close([0.5366563200950623, -0.10733126848936081, 7.155417442321777]))
  expect([...model.denoised(x, Float32Array.of(0.7, -1.2, 0.05), 2.75)]).toEqual(
    close([0.39235445857048035, -0.5999219417572021, 0.6645967364311218]),
  )
})
