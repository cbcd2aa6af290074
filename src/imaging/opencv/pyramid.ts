import type { Picture } from '../picture.js'

/** `cv::pyrUp`: twice the size, between the pixels by the 5-tap kernel 1 4 6 4 1 (Burt & Adelson 1983). */
export function pyrUp(picture: Picture): Picture {
  const { width, height, channels } = picture
  const row = width * 2 * channels
  const wide = new Int32Array(height * row)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [left, right] = neighbours(x, width)
      for (let c = 0; c < channels; c++) {
        const at = (column: number) => picture.pixels[(y * width + column) * channels + c] as number
        const to = y * row + 2 * x * channels + c
        wide[to] = at(left) + 6 * at(x) + at(right)
        wide[to + channels] = 4 * (at(x) + at(right))
      }
    }
  }
  const pixels = new Uint8Array(2 * height * row)
  for (let y = 0; y < height; y++) {
    const [up, down] = neighbours(y, height)
    for (let i = 0; i < row; i++) {
      const here = wide[y * row + i] as number
      const below = wide[down * row + i] as number
      pixels[2 * y * row + i] = ((wide[up * row + i] as number) + 6 * here + below + 32) >> 6
      pixels[(2 * y + 1) * row + i] = (4 * (here + below) + 32) >> 6
    }
  }
  return { width: width * 2, height: height * 2, channels, pixels }
}

/** Mirrored at the beginning, repeated at the end. */
function neighbours(at: number, length: number): [before: number, after: number] {
  return [at === 0 ? Math.min(1, length - 1) : at - 1, Math.min(at + 1, length - 1)]
}
