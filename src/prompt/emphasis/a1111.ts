/**
 * AUTOMATIC1111's weights: `(text)` is 1.1 times as strong, `(text:w)` w times, `[text]` 1.1 times weaker, all multiplying;
 * a backslash makes a bracket plain, brackets that are never closed reach to the end, and `BREAK` begins a new chunk.
 */
import { readPythonFloat } from '../python/float.js'
import type { WeightedText } from './types.js'

const tokens = /\\[()[\]\\]?|[[\]()]|:\s*[+-]?[.\p{Nd}]+\s*\)|[^\\()[\]:]+|:/gu
const breaks = /(?<![\p{L}\p{N}_])BREAK(?![\p{L}\p{N}_])/u

type Shape = 'round' | 'square'
type Event =
  | { kind: 'text'; text: string }
  | { kind: 'open'; shape: Shape; factor: number }
  | { kind: 'close'; shape: Shape }

/** The prompt as stretches of one weight each, in order. Linear in the length of the prompt. */
export function a1111Emphasis(prompt: string): WeightedText[] {
  const parts: WeightedText[] = []
  // Round and square brackets may cross, but those of one shape nest: a stack of products for each.
  const products: Record<Shape, number[]> = { round: [1], square: [1] }
  for (const event of bracketEvents(prompt)) {
    if (event.kind === 'close') products[event.shape].pop()
    else if (event.kind === 'open') products[event.shape].push((products[event.shape].at(-1) ?? 1) * event.factor)
    else {
      const weight = (products.round.at(-1) ?? 1) * (products.square.at(-1) ?? 1)
      for (const [i, text] of event.text.split(breaks).entries()) {
        const last = parts.at(-1)
        if (i > 0) parts.push({ text, weight, startsChunk: true })
        else if (last?.weight === weight) last.text += text
        else parts.push({ text, weight })
      }
    }
  }
  return parts
}

/** Text and brackets in order. The end of a bracket says its factor, so all are read before any is used. */
function bracketEvents(prompt: string): Event[] {
  const events: Event[] = []
  const open: Record<Shape, { factor: number }[]> = { round: [], square: [] }
  const start = (shape: Shape, factor: number) => {
    const event: Event = { kind: 'open', shape, factor }
    events.push(event)
    open[shape].push(event)
  }
  const end = (shape: Shape, factor?: number): boolean => {
    const bracket = open[shape].pop()
    if (bracket === undefined) return false
    if (factor !== undefined) bracket.factor = factor
    events.push({ kind: 'close', shape })
    return true
  }

  for (const [token] of prompt.matchAll(tokens)) {
    if (token === '(') start('round', 1.1)
    else if (token === '[') start('square', 1 / 1.1)
    else if (token === ')' && end('round')) continue
    else if (token === ']' && end('square')) continue
    else if (token.startsWith('\\')) events.push({ kind: 'text', text: token.slice(1) })
    else {
      const factor = token.startsWith(':') ? weightOf(token) : undefined
      if (factor === undefined || !end('round', factor)) events.push({ kind: 'text', text: token })
    }
  }
  return events
}

/** The number of `: 1.3 )`. */
function weightOf(token: string): number | undefined {
  const number = readPythonFloat(token, 1)
  return number?.end === token.length - 1 ? number.value : undefined
}
