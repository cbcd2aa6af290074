import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { ImageError } from '../errors.js'
import { decodeImage } from './decode.js'
import { encodeImage } from './encode.js'
import { formatParameters, readParameters } from './parameters.js'
import type { Picture, PictureChannels } from './picture.js'
import { noisePicture } from './source.js'

function testPicture(channels: PictureChannels): Picture {
  const pixels = Uint8Array.from({ length: 17 * 11 * channels }, (_, i) => (i * 37 + (i >> 3) * 11) & 255)
  return { width: 17, height: 11, channels, pixels }
}

describe('encoding', () => {
  it.each(['png', 'webp'] as const)('%s keeps every pixel of RGB and RGBA', async format => {
    for (const channels of [3, 4] as const) {
      const picture = testPicture(channels)
      expect(await decodeImage(await encodeImage({ ...picture, format, parameters: 'p' }))).toEqual(picture)
    }
  })

  it('a grey PNG stays grey', async () => {
    const picture = testPicture(1)
    expect(await decodeImage(await encodeImage({ ...picture, format: 'png' }))).toEqual(picture)
  })

  it('grey with alpha keeps both', async () => {
    const picture = testPicture(2)
    const { channels, pixels } = await decodeImage(await encodeImage({ ...picture, format: 'png' }))
    expect(channels).toBe(4)
    expect([...pixels].filter((_, i) => i % 4 === 0 || i % 4 === 3)).toEqual([...picture.pixels])
  })

  it.each(['png', 'webp'] as const)('%s has the same bytes every time', async format => {
    const request = { ...testPicture(3), format, parameters: 'the same' }
    expect(await encodeImage(request)).toEqual(await encodeImage(request))
  })

  it('a quality makes WebP lossy and small', async () => {
    const noise = noisePicture({ width: 64, height: 64, seed: 1n })
    const [lossy, lossless] = await Promise.all(
      [{ quality: 80 }, {}].map(options => encodeImage({ ...noise, format: 'webp', ...options })),
    )
    expect(lossy?.length).toBeLessThan((lossless?.length ?? 0) / 2)
  })
})

describe('parameters in a picture', () => {
  const texts = [
    'a red circle\nNegative prompt: blur\nSteps: 20, Seed: 9223372036854775807',
    'Grüße, "quoted", 100 % — 円 🎨',
    '',
  ]

  it.each(['png', 'webp'] as const)('come back from a %s as they went in', async format => {
    for (const parameters of texts) {
      for (const channels of [3, 4] as const) {
        expect(readParameters(await encodeImage({ ...testPicture(channels), format, parameters }))).toBe(parameters)
      }
      const lossy = await encodeImage({ ...testPicture(4), format: 'webp', parameters, quality: 90 })
      expect(readParameters(lossy)).toBe(parameters)
    }
  })

  it('libvips reads the PNG text and the WebP EXIF, too', async () => {
    const png = await sharp(await encodeImage({ ...testPicture(3), format: 'png', parameters: 'find me' })).metadata()
    expect(png.comments).toContainEqual({ keyword: 'parameters', text: 'find me' })
    const file = await encodeImage({ ...testPicture(4), format: 'webp', parameters: 'find me' })
    const webp = await sharp(file).metadata()
    expect([webp.width, webp.height, webp.hasAlpha]).toEqual([17, 11, true])
    expect(webp.exif?.toString('latin1')).toContain('UNICODE\0\0f\0i\0n\0d\0 \0m\0e')
  })

  it('are found in a WebP that sharp gave its EXIF, which is little endian and in ASCII', async () => {
    const file = await sharp({ create: { width: 4, height: 4, channels: 3, background: '#123' } })
      .withExif({ IFD2: { UserComment: 'hello' } })
      .webp()
      .toBuffer()
    expect(readParameters(file)).toContain('hello')
  })

  it('are undefined where there are none', async () => {
    expect(readParameters(await encodeImage({ ...testPicture(3), format: 'png' }))).toBeUndefined()
    expect(readParameters(await encodeImage({ ...testPicture(3), format: 'webp' }))).toBeUndefined()
    expect(readParameters(new Uint8Array([1, 2, 3]))).toBeUndefined()
  })

  it('are not found in files that lie about their sizes', async () => {
    const file = await encodeImage({ ...testPicture(3), format: 'webp', parameters: 'x'.repeat(50) })
    const count = file.lastIndexOf(0x92) + 4
    for (let cut = 0; cut < file.length; cut += 7) readParameters(file.subarray(0, cut))
    for (let i = 0; i < 120; i++) {
      const broken = file.slice()
      broken[Math.min(broken.length - 1, count - 60 + i)] = 0xff
      expect(() => readParameters(broken)).not.toThrow()
    }
  })

  it('are written as the web UIs write them', () => {
    expect(
      formatParameters({
        prompt: 'a red circle',
        negativePrompt: 'blur',
        steps: 20,
        sampler: 'k_euler_a',
        scheduler: 'karras',
        cfgScale: 7.5,
        seed: 2n ** 63n - 1n,
        width: 512,
        height: 768,
        modelHash: 'cc6cb27103',
        model: 'Deliberate, v2: final',
        clipSkip: 2,
        version: 'horde-onnx 0.1.0',
      }),
    ).toBe(
      'a red circle\nNegative prompt: blur\nSteps: 20, Sampler: k_euler_a, Schedule type: karras, CFG scale: 7.5, ' +
        'Seed: 9223372036854775807, Size: 512x768, Model hash: cc6cb27103, Model: "Deliberate, v2: final", Clip skip: 2, ' +
        'Version: horde-onnx 0.1.0',
    )
    expect(formatParameters({ prompt: 'only this' })).toBe('only this')
  })
})

describe('decoding', () => {
  const plain = (width: number, height: number) => sharp({ create: { width, height, channels: 3, background: '#246' } })

  it.each(['png', 'jpeg', 'webp', 'gif'] as const)('reads %s', async format => {
    const { width, height, channels } = await decodeImage(await plain(20, 10).toFormat(format).toBuffer())
    expect([width, height, channels]).toEqual([20, 10, 3])
  })

  it('does not turn a picture by its EXIF orientation, as the Horde does not', async () => {
    const tagged = await plain(48, 40).withMetadata({ orientation: 6 }).jpeg().toBuffer()
    expect((await sharp(tagged).metadata()).orientation).toBe(6)
    const { width, height } = await decodeImage(tagged)
    expect([width, height]).toEqual([48, 40])
  })

  it('does not convert colours by an embedded profile', async () => {
    const file = await plain(4, 4).withIccProfile('p3').png().toBuffer()
    expect((await sharp(file).metadata()).icc).toBeDefined()
    const { pixels } = await decodeImage(file)
    const stored = await sharp(file, { ignoreIcc: true }).raw().toBuffer()
    expect([...pixels.subarray(0, 3)]).toEqual([...stored.subarray(0, 3)])
    expect([...stored.subarray(0, 3)]).not.toEqual([0x22, 0x44, 0x66])
  })

  it('takes the first frame of an animation', async () => {
    const frames = Buffer.concat([Buffer.alloc(8 * 8 * 3, 255), Buffer.alloc(8 * 8 * 3, 0)])
    const gif = await sharp(frames, { raw: { width: 8, height: 16, channels: 3, pageHeight: 8 } })
      .gif({ loop: 0, delay: [10, 10] })
      .toBuffer()
    expect((await sharp(gif, { animated: true }).metadata()).pages).toBe(2)
    const { width, height, pixels } = await decodeImage(gif)
    expect([width, height, new Set(pixels)]).toEqual([8, 8, new Set([255])])
  })

  it('16-bit pictures keep their high byte', async () => {
    const deep = await plain(4, 4).toColourspace('rgb16').png().toBuffer()
    expect((await sharp(deep).metadata()).depth).toBe('ushort')
    expect([...(await decodeImage(deep)).pixels.subarray(0, 3)]).toEqual([0x22, 0x44, 0x66])
  })

  it.each(['png', 'jpeg', 'webp', 'gif'] as const)(
    'a truncated %s is an error that names where it came from',
    async format => {
      const noise = sharp(Buffer.from(Uint8Array.from({ length: 64 * 64 * 3 }, (_, i) => (i * 7919) % 251)), {
        raw: { width: 64, height: 64, channels: 3 },
      })
      const file = await noise.toFormat(format).toBuffer()
      for (const share of [0.1, 0.5, 0.9]) {
        const cut = file.subarray(0, Math.floor(file.length * share))
        await expect(decodeImage(cut, { origin: 'payload.source_image' }), `${share}`).rejects.toThrow(ImageError)
        await expect(decodeImage(cut, { origin: 'payload.source_image' })).rejects.toThrow('payload.source_image')
      }
    },
  )

  it('a picture beyond the limit is refused by its header', async () => {
    const file = await plain(200, 100).png().toBuffer()
    await expect(decodeImage(file, { maxPixels: 19_999, origin: 'big.png' })).rejects.toThrow(
      'big.png: the picture has 200×100',
    )
    expect((await decodeImage(file, { maxPixels: 20_000 })).width).toBe(200)
  })

  it('100 megapixels are refused by default, without decoding them', async () => {
    const header = (await plain(1, 1).png().toBuffer()).subarray()
    header.writeUInt32BE(10_000, 16)
    header.writeUInt32BE(10_000, 20)
    await expect(decodeImage(header)).rejects.toThrow(ImageError)
    const real = await plain(10_000, 10_000).png({ compressionLevel: 1 }).toBuffer()
    await expect(decodeImage(real)).rejects.toThrow('10000×10000')
  })

  it.each([
    ['nothing', new Uint8Array()],
    ['text', Buffer.from('hello')],
    ['a drawing program', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')],
    ['only a signature', Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])],
  ])('%s is no picture', async (_, bytes) => {
    await expect(decodeImage(bytes, { origin: 'mask.png' })).rejects.toThrow(/^mask\.png: /)
  })
})
