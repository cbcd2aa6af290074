import type { Picture } from '../picture.js'

/** Black where any channel is below 127, white elsewhere: dark lines stay dark, though the model wants them light. */
export function scribble({ width, height, pixels }: Picture): Picture {
  const map = new Uint8Array(width * height)
  for (let i = 0; i < map.length; i++) {
    const darkest = Math.min(pixels[i * 3] as number, pixels[i * 3 + 1] as number, pixels[i * 3 + 2] as number)
    map[i] = darkest < 127 ? 0 : 255
  }
  return { width, height, channels: 1, pixels: map }
}
