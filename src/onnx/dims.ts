/**
 * Sizes of tensors that may be unknown until a graph runs. A symbolic size is text in one canonical form, `k*a*b+c`, so that two
 * equal sizes are equal strings: `h` doubled is `2*h`, `8*h` halved by a strided convolution is `4*h`.
 */

/** A size: a number, or a symbol such as `h`, `2*h` or `n*h*w`. */
export type Dim = number | string

/** `scale · atoms + offset`; an atom is a name or a bracketed expression. */
interface Affine {
  scale: number
  atoms: readonly string[]
  offset: number
}

function parse(dim: Dim): Affine {
  if (typeof dim === 'number') return { scale: 0, atoms: [], offset: dim }
  const [, product = dim, offset = '0'] = /^(.*[^+-])([+-]\d+)$/.exec(dim) ?? []
  const factors = splitAtTopLevel(product)
  const [first = ''] = factors
  return /^\d+$/.test(first)
    ? { scale: Number(first), atoms: factors.slice(1), offset: Number(offset) }
    : { scale: 1, atoms: factors, offset: Number(offset) }
}

function splitAtTopLevel(product: string): string[] {
  const factors: string[] = []
  let depth = 0
  let current = ''
  for (const character of product) {
    if (character === '(') depth++
    if (character === ')') depth--
    if (character === '*' && depth === 0) {
      factors.push(current)
      current = ''
    } else current += character
  }
  return [...factors, current]
}

function format({ scale, atoms, offset }: Affine): Dim {
  if (scale === 0 || atoms.length === 0) return offset
  const product = [...(scale === 1 ? [] : [String(scale)]), ...[...atoms].sort()].join('*')
  return offset === 0 ? product : `${product}${offset > 0 ? '+' : ''}${offset}`
}

/** The product of sizes: `product(['n', 4, 'h'])` is `4*h*n`. */
export function product(dims: readonly Dim[]): Dim {
  let scale = 1
  const atoms: string[] = []
  for (const dim of dims) {
    const factor = parse(dim)
    if (factor.atoms.length === 0) scale *= factor.offset
    else if (factor.offset === 0) {
      scale *= factor.scale
      atoms.push(...factor.atoms)
    } else atoms.push(`(${dim})`)
  }
  return atoms.length === 0 ? scale : format({ scale, atoms, offset: 0 })
}

/** The sum of sizes: `sum(['h', 2])` is `h+2`. */
export function sum(dims: readonly Dim[]): Dim {
  return dims.reduce((left, right) => {
    const [a, b] = [parse(left), parse(right)]
    const offset = a.offset + b.offset
    if (b.atoms.length === 0) return format({ ...a, offset })
    if (a.atoms.length === 0) return format({ ...b, offset })
    if (a.atoms.join() === b.atoms.join()) return format({ scale: a.scale + b.scale, atoms: a.atoms, offset })
    return `(${left}+${right})`
  }, 0)
}

/** Whether a size is a multiple of a number whatever its symbols stand for. */
export function isMultipleOf(dim: Dim, divisor: number): boolean {
  const { scale, offset } = parse(dim)
  return scale % divisor === 0 && offset % divisor === 0
}

/** How often a window of `kernel` fits at `stride` into a size that is padded by `padding` in all. */
export function windows(
  dim: Dim,
  { kernel, stride, padding }: { kernel: number; stride: number; padding: number },
): Dim {
  const room = parse(sum([dim, padding - kernel]))
  if (room.scale % stride === 0) {
    return format({ ...room, scale: room.scale / stride, offset: Math.floor(room.offset / stride) + 1 })
  }
  return sum([`floor((${format(room)})/${stride})`, 1])
}

/** A shape as messages show it: `[n, 4, h, w]`. */
export function showShape(shape: readonly Dim[]): string {
  return `[${shape.join(', ')}]`
}
