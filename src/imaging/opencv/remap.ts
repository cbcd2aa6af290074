import { rint } from '../numpy/round.js'
import type { Picture } from '../picture.js'

export interface Flow {
  width: number
  height: number
  /** Where in the picture each pixel comes from, in pixels. */
  x: Float32Array
  y: Float32Array
}

/** `cv::remap` (OpenCV 4), `INTER_LINEAR`: positions rounded to 1/32 of a pixel, black outside. */
export function remap(picture: Picture, flow: Flow): Picture {
  const { channels } = picture
  const pixels = new Uint8Array(flow.width * flow.height * channels)
  const value = (x: number, y: number, c: number) =>
    x < 0 || y < 0 || x >= picture.width || y >= picture.height
      ? 0
      : (picture.pixels[(y * picture.width + x) * channels + c] as number)
  for (const [i, position] of flow.x.entries()) {
    const across = rint(position * 32)
    const down = rint((flow.y[i] as number) * 32)
    const [x, y, right, lower] = [across >> 5, down >> 5, across & 31, down & 31]
    for (let c = 0; c < channels; c++) {
      const above = value(x, y, c) * (32 - right) + value(x + 1, y, c) * right
      const below = value(x, y + 1, c) * (32 - right) + value(x + 1, y + 1, c) * right
      pixels[i * channels + c] = ((above * (32 - lower) + below * lower) * 32 + (1 << 14)) >> 15
    }
  }
  return { width: flow.width, height: flow.height, channels, pixels }
}
