import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { requestOf } from './generate-request.js'

const folder = mkdtempSync(join(tmpdir(), 'horde-onnx-request-'))
afterAll(() => rmSync(folder, { recursive: true }))
const source = join(folder, 'source.png')
const mask = join(folder, 'mask.png')
writeFileSync(source, 'a picture')
writeFileSync(mask, 'a mask')
const [picture, painted] = ['YSBwaWN0dXJl', 'YSBtYXNr']

const payloadOf = async (args: Parameters<typeof requestOf>[0]) => {
  const { request } = await requestOf({ prompt: 'a castle', karras: true, ...args })
  return typeof request === 'object' && 'payload' in request ? request.payload : request
}

describe('what generate asks the engine for', () => {
  it.each([
    [{ negative: 'fog' }, { prompt: 'a castle###fog' }],
    [{ lora: 'a' }, { loras: [{ name: 'a', model: 1, clip: 1 }] }],
    [
      { lora: 'a:0.8, b:-1:0.5' },
      {
        loras: [
          { name: 'a', model: 0.8, clip: 0.8 },
          { name: 'b', model: -1, clip: 0.5 },
        ],
      },
    ],
    [{ source }, { source_image: picture, source_processing: 'img2img', denoising_strength: 0.75 }],
    [
      { source, mask },
      { source_image: picture, source_mask: painted, source_processing: 'inpainting', denoising_strength: 1 },
    ],
    [
      { source, mask, processing: 'img2img', denoise: '0.4' },
      { source_mask: painted, source_processing: 'img2img', denoising_strength: 0.4 },
    ],
    [
      { source, control: 'canny', 'control-strength': '0.5', 'source-is-map': true },
      { source_image: picture, control_type: 'canny', control_strength: 0.5, image_is_control: true },
    ],
    [
      { hires: true, 'hires-denoise': '0.5', sampler: 'k_dpmpp_2m' },
      { hires_fix: true, hires_fix_denoising_strength: 0.5, sampler_name: 'k_dpmpp_2m' },
    ],
  ])('%j is the payload %j', async (args, payload) => {
    expect(await payloadOf(args)).toMatchObject(payload)
  })

  it('a picture that only a control map is drawn of is no source', async () => {
    expect(await payloadOf({ source, control: 'canny' })).not.toHaveProperty('source_processing')
  })

  it.each([
    [{ sampler: 'k_euler' }, {}],
    [{ sampler: 'ddim' }, {}],
    [
      { sampler: 'er_sde', schedule: 'beta' },
      { sampler: 'er_sde', scheduler: 'beta' },
    ],
    [
      { emphasis: 'a1111', noise: 'cpu' },
      { emphasis: 'a1111', stepNoise: 'cpu' },
    ],
  ])('%j goes beyond the payload with %j', async (args, beyond) => {
    expect((await requestOf({ prompt: 'a castle', karras: true, ...args })).beyond).toEqual(beyond)
  })

  it.each([
    [{ mask }, /--mask needs --source FILE/],
    [{ control: 'canny' }, /--control needs --source FILE/],
    [{ source, control: 'canny', mask }, /with --control the source is what the map is drawn of/],
    [{ source, control: 'edges' }, /--control must be one of binary, canny/],
    [{ source, 'source-is-map': true }, /--source-is-map needs --control TYPE/],
    [{ source: 'nowhere.png' }, /cannot read the file of --source, nowhere.png/],
    [{ lora: 'a:strong' }, /--lora takes NAME, NAME:STRENGTH or NAME:UNET:TEXT, got "a:strong"/],
    [{ sampler: 'k_best' }, /--sampler must be one of k_euler, /],
    [{ schedule: 'fast' }, /--schedule must be one of normal, karras/],
  ])('%j is refused', async (args, message) => {
    await expect(requestOf({ prompt: 'a castle', karras: true, ...args })).rejects.toThrow(message)
  })
})
