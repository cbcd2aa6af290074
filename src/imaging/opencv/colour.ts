/** `cv::cvtColor` of 8-bit pictures. */
import { rint, saturate } from '../numpy/round.js'
import type { Picture } from '../picture.js'

/** `COLOR_RGB2GRAY`: 15-bit weights of ITU-R 601, rounded. */
export function rgbToGrey(picture: Picture): Picture {
  return perPixel(picture, (r, g, b) => (9798 * r + 19235 * g + 3735 * b + (1 << 14)) >> 15)
}

/** The lightness of `COLOR_RGB2LAB` in 0…255: CIE L* of sRGB under D65, from OpenCV's 8-bit tables. */
export function rgbToLightness(picture: Picture): Picture {
  return perPixel(picture, (r, g, b) => {
    const luminance =
      (871 * (LINEAR[r] as number) + 2929 * (LINEAR[g] as number) + 296 * (LINEAR[b] as number) + 2048) >> 12
    return saturate((296 * (CUBE_ROOT[luminance] as number) - 1336934 + (1 << 14)) >> 15)
  })
}

/** The value of `COLOR_RGB2HSV`: the strongest channel. */
export function rgbToValue(picture: Picture): Picture {
  return perPixel(picture, (r, g, b) => Math.max(r, g, b))
}

function perPixel({ width, height, pixels }: Picture, map: (r: number, g: number, b: number) => number): Picture {
  const grey = new Uint8Array(width * height)
  for (let from = 0, to = 0; to < grey.length; from += 3, to++) {
    grey[to] = map(pixels[from] as number, pixels[from + 1] as number, pixels[from + 2] as number)
  }
  return { width, height, channels: 1, pixels: grey }
}

/** sRGB to linear light, 0…2040. */
const LINEAR = Int32Array.from({ length: 256 }, (_, v) => {
  const x = v / 255
  return rint(2040 * (x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4))
})

/** CIE's cube root with its linear foot, in 1/32768, of a luminance of 0…2040. */
const CUBE_ROOT = Int32Array.from({ length: 2041 }, (_, y) => {
  const t = y / 2040
  return rint(32768 * (t < 0.008856 ? 7.787 * t + 0.13793103448275862 : Math.cbrt(t)))
})
