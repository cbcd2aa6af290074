import { clipToByte, rint } from '../numpy/round.js'
import { median } from '../numpy/statistics.js'
import { cvResize } from '../opencv/resize.js'
import { above, otsuThreshold } from '../opencv/threshold.js'
import { type Picture, plainPicture, toRgb } from '../picture.js'
import { suppressNonMaxima, thin } from './thinning.js'

export interface HintResize {
  width: number
  height: number
  /** `stretch` ignores the aspect, `crop` fills the size and cuts what is too much, `fit` fills up with the border's colour. */
  mode: 'stretch' | 'crop' | 'fit'
}

/**
 * A control map at another size (the web UI's high-quality resize, node `HintImageEnchance`): maps of few colours by nearest, maps
 * of two by thresholding, lines of one pixel stay so. The Horde does not use it: it resizes maps by nearest-exact.
 */
export function resizeHint(map: Picture, { width, height, mode }: HintResize): Picture {
  const picture = toRgb(map)
  if (mode === 'stretch') return highQuality(picture, { width, height })
  const across = width / picture.width
  const down = height / picture.height
  const scale = mode === 'fit' ? Math.min(across, down) : Math.max(across, down)
  const scaled = highQuality(picture, { width: rint(picture.width * scale), height: rint(picture.height * scale) })
  const shift = (outer: number, inner: number) => Math.max(0, Math.floor((outer - inner) / 2))
  const [red, green, blue] = borderColour(picture)
  const background = plainPicture(width, height, red, green, blue)
  return paste(background, scaled, {
    toX: shift(width, scaled.width),
    toY: shift(height, scaled.height),
    fromX: shift(scaled.width, width),
    fromY: shift(scaled.height, height),
  })
}

function highQuality(picture: Picture, { width, height }: { width: number; height: number }): Picture {
  if (picture.width === width && picture.height === height) return picture
  const before = picture.width * picture.height
  const colours = countColours(picture)
  const twoExtremes = colours === 2 && extremes(picture)
  const thinLines = twoExtremes && hasThinLines(picture)
  const interpolation = colours > 2 && colours < 200 ? 'nearest' : width * height < before ? 'area' : 'cubic'
  const resized = cvResize(picture, { width, height, interpolation })
  if (!twoExtremes) return resized
  const grey = channelMean(resized)
  if (!thinLines) return toRgb(above(grey, otsuThreshold(grey)))
  const ridges = suppressNonMaxima(grey)
  return toRgb(thin(above(ridges, otsuThreshold(ridges)), { prune: width * height > before }))
}

function countColours({ pixels }: Picture): number {
  const seen = new Set<number>()
  for (let i = 0; i < pixels.length; i += 3) {
    seen.add(((pixels[i] as number) << 16) | ((pixels[i + 1] as number) << 8) | (pixels[i + 2] as number))
  }
  return seen.size
}

function extremes({ pixels }: Picture): boolean {
  return pixels.some(v => v < 16) && pixels.some(v => v > 240)
}

/** Does an opening by 3×3 lose values, and more than half as many as there are light ones? */
function hasThinLines(picture: Picture): boolean {
  const opened = spread(spread(picture, Math.min), Math.max)
  const lost = picture.pixels.filter((v, i) => (opened.pixels[i] as number) < v).length
  return lost * 2 > picture.pixels.filter(v => v > 127).length
}

/** Erosion (`Math.min`) or dilation (`Math.max`) by 3×3; what lies outside does not count. */
function spread(picture: Picture, choose: (a: number, b: number) => number): Picture {
  const { width, height, channels, pixels } = picture
  const row = width * channels
  const along = pixels.map((v, i) => {
    const x = Math.floor((i % row) / channels)
    const left = x > 0 ? choose(v, pixels[i - channels] as number) : v
    return x < width - 1 ? choose(left, pixels[i + channels] as number) : left
  })
  const across = along.map((v, i) => {
    const up = i >= row ? choose(v, along[i - row] as number) : v
    return i + row < row * height ? choose(up, along[i + row] as number) : up
  })
  return { ...picture, pixels: across }
}

function channelMean({ width, height, pixels }: Picture): Picture {
  const grey = Uint8Array.from({ length: width * height }, (_, i) => {
    const sum = (pixels[3 * i] as number) + (pixels[3 * i + 1] as number) + (pixels[3 * i + 2] as number)
    return clipToByte(sum / 3)
  })
  return { width, height, channels: 1, pixels: grey }
}

/** The median of the outermost pixels, channel by channel; the corners count twice. */
function borderColour({ width, height, pixels }: Picture): [number, number, number] {
  const border = [
    ...Array.from({ length: width }, (_, x) => [x, (height - 1) * width + x]).flat(),
    ...Array.from({ length: height }, (_, y) => [y * width, y * width + width - 1]).flat(),
  ]
  const middle = (c: number) => Math.trunc(median(Float32Array.from(border, i => pixels[i * 3 + c] as number)))
  return [middle(0), middle(1), middle(2)]
}

function paste(
  onto: Picture,
  picture: Picture,
  { toX, toY, fromX, fromY }: { toX: number; toY: number; fromX: number; fromY: number },
): Picture {
  const columns = Math.min(onto.width - toX, picture.width - fromX) * 3
  const rows = Math.min(onto.height - toY, picture.height - fromY)
  for (let y = 0; y < rows; y++) {
    const from = ((y + fromY) * picture.width + fromX) * 3
    onto.pixels.set(picture.pixels.subarray(from, from + columns), ((y + toY) * onto.width + toX) * 3)
  }
  return onto
}
