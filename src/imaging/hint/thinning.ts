/** Thinning of edge maps (L. Zhang 2023, "High Quality Edge Thinning using Pure Python", in sd-webui-controlnet). Grey pictures. */
import type { Picture } from '../picture.js'

/** Pairs of opposite neighbours. */
const DIRECTIONS = [
  [-1, 0],
  [0, -1],
  [-1, -1],
  [1, -1],
] as const

/** What is no weaker than both neighbours along at least one of four directions; the rest becomes 0. */
export function suppressNonMaxima(map: Picture): Picture {
  const { width, height, pixels } = map
  const value = (x: number, y: number) =>
    x < 0 || y < 0 || x >= width || y >= height ? 0 : (pixels[y * width + x] as number)
  const kept = pixels.map((v, i) => {
    const x = i % width
    const y = (i - x) / width
    return DIRECTIONS.some(([dx, dy]) => v >= value(x + dx, y + dy) && v >= value(x - dx, y - dy)) ? v : 0
  })
  return { ...map, pixels: kept }
}

/**
 * Lines of 0 and 255 thinned to one pixel, at most 32 rounds; `prune` takes one pixel off free ends afterwards. The rules are
 * applied one after the other, each to what the one before has left.
 */
export function thin(map: Picture, { prune }: { prune: boolean }): Picture {
  const pixels = map.pixels.slice()
  const round = (rules: readonly Rule[]) =>
    rules.reduce((changed, rule) => removeMatches({ ...map, pixels }, rule) || changed, false)
  for (let i = 0; i < 32 && round(THINNING); i++);
  if (prune) round(PRUNING)
  return { ...map, pixels }
}

/** What the nine pixels around and at a place have to be, row by row: 1 set, −1 clear, 0 either. */
type Rule = readonly number[]

const THINNING = rotations([
  [-1, -1, -1, 0, 1, 0, 1, 1, 1],
  [0, -1, -1, 1, 1, -1, 0, 1, 0],
])

const PRUNING = rotations([
  [-1, -1, -1, -1, 1, -1, 0, 0, -1],
  [-1, -1, -1, -1, 1, -1, -1, 0, 0],
])

/** Every rule, then every rule turned by 90°, 180° and 270° against the clock. */
function rotations(rules: readonly Rule[]): Rule[] {
  const turned = (rule: Rule): Rule => [2, 5, 8, 1, 4, 7, 0, 3, 6].map(from => rule[from] ?? 0)
  const quarter = rules.map(turned)
  const half = quarter.map(turned)
  return [...rules, ...quarter, ...half, ...half.map(turned)]
}

/** Clears, in place, the pixels at which the rule holds everywhere inside the picture. Did any change? */
function removeMatches({ width, height, pixels }: Picture, rule: Rule): boolean {
  const wanted = rule.flatMap((want, i) =>
    want === 0 ? [] : [{ dx: (i % 3) - 1, dy: Math.floor(i / 3) - 1, set: want === 1 }],
  )
  const matches: number[] = []
  for (let i = 0; i < pixels.length; i++) {
    if (pixels[i] === 0) continue
    const x = i % width
    const y = (i - x) / width
    const holds = wanted.every(({ dx, dy, set }) => {
      const [nx, ny] = [x + dx, y + dy]
      return nx < 0 || ny < 0 || nx >= width || ny >= height || (pixels[ny * width + nx] !== 0) === set
    })
    if (holds) matches.push(i)
  }
  for (const i of matches) pixels[i] = 0
  return matches.length > 0
}
