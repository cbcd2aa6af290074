/** A decoded picture: interleaved rows of 8-bit values, top row first. */
export interface Picture {
  width: number
  height: number
  /** 1 grey, 2 grey with alpha, 3 RGB, 4 RGB with straight alpha. */
  channels: PictureChannels
  /** width·height·channels values. */
  pixels: Uint8Array
  /**
   * The file was bilevel or had a palette (Pillow's modes `1` and `P`). Pillow never blends such pixels: whatever filter is
   * asked for, it resizes them by nearest.
   */
  indexed?: boolean
}

export type PictureChannels = 1 | 2 | 3 | 4

/** Does the picture have an alpha channel? A palette's transparent entries are none (Pillow's `getbands`). */
export function hasAlpha({ channels }: Picture): boolean {
  return channels === 2 || channels === 4
}

/** A picture of one colour; `colour` has one value a channel, 0 to 255. */
export function plainPicture(width: number, height: number, ...colour: [number, ...number[]]): Picture {
  const channels = pictureChannels(colour.length)
  const pixels = new Uint8Array(width * height * channels)
  for (let i = 0; i < pixels.length; i += channels) pixels.set(colour, i)
  return { width, height, channels, pixels }
}

/** The picture without its alpha, grey repeated three times: Pillow's `convert('RGB')`. Alpha is dropped, not blended. */
export function toRgb(picture: Picture): Picture {
  const { width, height, channels, pixels } = picture
  if (channels === 3) return picture
  const rgb = new Uint8Array(width * height * 3)
  const [green, blue] = channels === 4 ? [1, 2] : [0, 0]
  for (let from = 0, to = 0; to < rgb.length; from += channels, to += 3) {
    rgb[to] = pixels[from] as number
    rgb[to + 1] = pixels[from + green] as number
    rgb[to + 2] = pixels[from + blue] as number
  }
  return { width, height, channels: 3, pixels: rgb, ...(picture.indexed ? { indexed: true } : {}) }
}

/** The picture's luma: Pillow's `convert('L')` (ITU-R 601-2 in 16 bit fixed point, rounded). */
export function toGrey(picture: Picture): Picture {
  const { width, height, channels, pixels } = picture
  if (channels === 1) return { width, height, channels, pixels }
  const grey = new Uint8Array(width * height)
  for (let from = 0, to = 0; to < grey.length; from += channels, to++) {
    const red = pixels[from] as number
    grey[to] =
      channels === 2
        ? red
        : (red * 19595 + (pixels[from + 1] as number) * 38470 + (pixels[from + 2] as number) * 7471 + 0x8000) >> 16
  }
  return { width, height, channels: 1, pixels: grey }
}

/** One channel of the picture as a grey picture. */
export function channelOf({ width, height, channels, pixels }: Picture, channel: number): Picture {
  const plane = new Uint8Array(width * height)
  for (let from = channel, to = 0; to < plane.length; from += channels, to++) plane[to] = pixels[from] as number
  return { width, height, channels: 1, pixels: plane }
}

/** The picture in RGB with this alpha (a grey picture of the same size); an alpha it had is replaced. */
export function withAlpha(picture: Picture, alpha: Picture): Picture {
  const { width, height, pixels } = toRgb(picture)
  const rgba = new Uint8Array(width * height * 4)
  for (let from = 0, to = 0; to < rgba.length; from += 3, to += 4) {
    rgba[to] = pixels[from] as number
    rgba[to + 1] = pixels[from + 1] as number
    rgba[to + 2] = pixels[from + 2] as number
    rgba[to + 3] = alpha.pixels[to >> 2] as number
  }
  return { width, height, channels: 4, pixels: rgba }
}

/** A number of channels, checked. */
export function pictureChannels(count: number): PictureChannels {
  if (count === 1 || count === 2 || count === 3 || count === 4) return count
  throw new RangeError(`a picture has 1 to 4 channels, got ${count}`)
}
