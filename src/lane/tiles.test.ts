import { describe, expect, it } from 'vitest'
import { inTiles, type Planes } from './tiles.js'

const planes = (width: number, height: number): Planes => ({
  channels: 2,
  width,
  height,
  data: Float32Array.from({ length: 2 * width * height }, (_, i) => Math.sin(i)),
})

/** Every pixel eight times in both directions: what a decoder without neighbourhood would do. */
async function enlarge({ channels, width, height, data }: Planes): Promise<Planes> {
  const large = new Float32Array(channels * width * height * 64)
  for (let i = 0; i < large.length; i++) {
    const [x, y, c] = [
      i % (8 * width),
      Math.floor(i / (8 * width)) % (8 * height),
      Math.floor(i / (64 * width * height)),
    ]
    large[i] = data[(c * height + (y >> 3)) * width + (x >> 3)] as number
  }
  return { channels, width: 8 * width, height: 8 * height, data: large }
}

describe('a picture in tiles', () => {
  it.each([
    [40, 24],
    [33, 70],
    [16, 9],
  ])('of %i×%i is what it is whole, where neighbours do not count', async (width, height) => {
    const latent = planes(width, height)
    const whole = await enlarge(latent)
    const sizes: number[] = []
    const tiled = await inTiles(latent, {
      tile: 16,
      overlap: 4,
      scale: 8,
      run(tile) {
        sizes.push(tile.width * tile.height)
        return enlarge(tile)
      },
    })
    expect([tiled.width, tiled.height, tiled.channels]).toEqual([8 * width, 8 * height, 2])
    const worst = tiled.data.reduce((most, value, i) => Math.max(most, Math.abs(value - (whole.data[i] as number))), 0)
    expect(worst).toBeLessThan(1e-6)
    expect(Math.max(...sizes)).toBeLessThanOrEqual(16 * 16)
  })
})
