/**
 * ComfyUI's weights: `(text)` is 1.1 times what surrounds it, `(text:w)` is w whatever surrounds it, `\(` and `\)` are
 * plain. Parentheses without a partner are plain as well.
 */
import { readPythonFloat } from '../python/float.js'
import type { WeightedText } from './types.js'

/** A stretch of the prompt that is being read; `level` is below 0 after a `)` that nothing opened. */
interface Stretch {
  at: number
  readonly end: number
  readonly weight: number
  textFrom: number
  level: number
}

/** The prompt as stretches of one weight each, in order; none is empty. Linear in the length of the prompt. */
export function comfyEmphasis(prompt: string): WeightedText[] {
  const { closing, colonBefore } = landmarks(prompt)
  const weightAt = rememberedWeights(prompt)
  const parts: WeightedText[] = []
  const open: Stretch[] = [stretch(0, prompt.length, 1)]

  for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
    const { at, end, weight } = top
    if (at >= end) {
      emit(parts, prompt.slice(top.textFrom, end), weight)
      open.pop()
      continue
    }
    top.at = at + 1
    if (isParenthesis(prompt, at, ')')) {
      top.level--
    } else if (isParenthesis(prompt, at, '(') && ++top.level === 1) {
      const close = closing[at] as number
      const groupEnd = close >= 0 && close < end ? close + 1 : end
      emit(parts, prompt.slice(top.textFrom, at), weight)
      top.level = 0
      top.at = groupEnd
      top.textFrom = at
      // Without a partner the rest of the stretch is one item, and a group only if it happens to end with a parenthesis.
      if (groupEnd - at < 2 || !isParenthesis(prompt, groupEnd - 1, ')')) continue
      top.textFrom = groupEnd
      const inner = groupEnd - 1
      const colon = colonBefore[inner] as number
      const given = colon > at + 1 ? weightAt(colon, inner) : undefined
      open.push(given === undefined ? stretch(at + 1, inner, weight * 1.1) : stretch(at + 1, colon, given))
    }
  }
  return parts
}

function stretch(at: number, end: number, weight: number): Stretch {
  return { at, end, weight, textFrom: at, level: 0 }
}

function emit(parts: WeightedText[], escaped: string, weight: number): void {
  if (escaped !== '') parts.push({ text: escaped.replace(/\\([()])/g, '$1'), weight })
}

function isParenthesis(prompt: string, at: number, kind: '(' | ')'): boolean {
  return prompt[at] === kind && prompt[at - 1] !== '\\'
}

/** For each `(` where it is closed (−1: nowhere), for each place where the last colon before it stands (−1: nowhere). */
function landmarks(prompt: string): { closing: Int32Array; colonBefore: Int32Array } {
  const closing = new Int32Array(prompt.length).fill(-1)
  const colonBefore = new Int32Array(prompt.length)
  const open: number[] = []
  let colon = -1
  for (let i = 0; i < prompt.length; i++) {
    colonBefore[i] = colon
    if (prompt[i] === ':') colon = i
    else if (isParenthesis(prompt, i, '(')) open.push(i)
    else if (isParenthesis(prompt, i, ')')) {
      const start = open.pop()
      if (start !== undefined) closing[start] = i
    }
  }
  return { closing, colonBefore }
}

/** The number between a colon and `end`, if that is all there is; each colon is read once, however deep it is nested. */
function rememberedWeights(prompt: string): (colon: number, end: number) => number | undefined {
  const known = new Map<number, ReturnType<typeof readPythonFloat>>()
  return (colon, end) => {
    if (!known.has(colon)) known.set(colon, readPythonFloat(prompt, colon + 1))
    const number = known.get(colon)
    return number?.end === end ? number.value : undefined
  }
}
