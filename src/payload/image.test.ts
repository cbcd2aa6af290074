import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { isPayloadImage, readImageHeader } from './image.js'
import { madeUpPicture, readPictures, whiteSquare } from './pictures.js'
import { toDict } from './python.js'

const picture = (channels: 3 | 4) =>
  sharp({ create: { width: 37, height: 21, channels, background: { r: 1, g: 2, b: 3, alpha: 0.5 } } })

const size = { width: 37, height: 21 }
const opaque = { ...size, rgba: false, fourChannels: false }
const alpha = { ...size, rgba: true, fourChannels: true }

describe('the header of a picture', () => {
  it.each([
    ['PNG', () => picture(3).png(), opaque],
    ['PNG with alpha', () => picture(4).png(), alpha],
    ['PNG with a palette', () => picture(4).png({ palette: true }), opaque],
    ['JPEG', () => picture(3).jpeg(), opaque],
    ['progressive JPEG', () => picture(3).jpeg({ progressive: true }), opaque],
    ['JPEG in CMYK', () => picture(3).toColourspace('cmyk').jpeg(), { ...opaque, fourChannels: true }],
    ['WebP', () => picture(3).webp(), opaque],
    ['WebP with alpha', () => picture(4).webp(), alpha],
    ['lossless WebP', () => picture(3).webp({ lossless: true }), opaque],
    ['lossless WebP with alpha', () => picture(4).webp({ lossless: true }), alpha],
    ['GIF', () => picture(3).gif(), opaque],
  ])('%s', async (_, make, facts) => {
    const bytes = await make().toBuffer()
    expect(readImageHeader(bytes)).toEqual(facts)
    for (const length of [0, 1, 7, 9]) expect(readImageHeader(bytes.subarray(0, length))).toBeUndefined()
  })

  it.each(['not a picture', 'RIFF....WAVEfmt ', '\xff\xd8\xff'])('is missing in %j', text => {
    expect(readImageHeader(Uint8Array.from(text, c => c.charCodeAt(0)))).toBeUndefined()
  })
})

describe('pictures of a payload', () => {
  const read = (payload: object) => readPictures(toDict(payload), () => true)

  it('are read from base64, with or without a data address, in any case of the key', async () => {
    const base64 = (await picture(3).webp().toBuffer()).toString('base64')
    for (const text of [base64, `data:image/webp;base64,${base64}`, base64.replace(/(.{40})/g, '$1\n')]) {
      expect(read({ Source_Image: text }).get('Source_Image')).toMatchObject(size)
    }
    expect(read({ extra_source_images: [{ image: base64 }, 5] }).get('extra_source_images')).toMatchObject([
      new Map([['image', expect.objectContaining(size)]]),
      5n,
    ])
  })

  it('cannot be forged', () => {
    const forged = { bytes: 'x', width: 1, height: 1, rgba: true, 'Symbol(payload image)': true }
    expect(isPayloadImage(read({ source_image: forged }).get('source_image'))).toBe(false)
  })

  it('that are made up can be decoded', async () => {
    const white = await sharp(whiteSquare().bytes).raw().toBuffer({ resolveWithObject: true })
    expect(white.info).toMatchObject({ width: 64, height: 64, channels: 3 })
    expect(new Set(white.data)).toEqual(new Set([255]))
    const noise = madeUpPicture({ field: 'source_image', fill: 'noise', width: 96, height: 40 })
    const { data, info } = await sharp(noise.bytes).raw().toBuffer({ resolveWithObject: true })
    expect(info).toMatchObject({ width: 96, height: 40, channels: 3 })
    const mean = data.reduce((sum, value) => sum + value, 0) / data.length
    expect(mean).toBeGreaterThan(122)
    expect(mean).toBeLessThan(133)
  })
})
